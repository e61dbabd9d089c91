#include "terse/relsim/extraction/extractor_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"
#include "terse/learn/shuffle.hpp"
#include "terse/relsim/extraction/extractor_answers.hpp"
#include "terse/relsim/extraction/margin_cost.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

/// Checked; and readies this thread before LibTorch works on it.
ExtractorTrainingOptions begun(ExtractorTrainingOptions o, std::span<const double> divergences, std::size_t relations) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(o.epochs > 0 && o.patience > 0 && o.batch > 0, "epochs, patience and batch must be at least 1");
  require(o.lr > 0 && o.weight_decay >= 0, "the learning rate must be above 0, weight decay not below");
  require(o.alpha >= 0 && o.tau > 0 && o.tau_start > 0 && o.tau_decay > 0 && o.tau_decay <= 1,
          "α must not be below 0, τ above 0, its decay above 0 and at most 1");
  require(o.tau_start >= o.tau, "τ falls: --tau-start must not be below --tau");
  require(o.alpha == 0 || divergences.size() == relations * relations,
          "a margin needs a divergence for each pair of relations");
  require(o.compression.adapt_every > 0, "bits must be chosen every so many steps");
  learn::check(o.compression);
  prepare_compute_thread();
  return o;
}

learn::CompressionChoice choice_of(const ExtractorTrainingOptions& options) {
  auto choice = options.compression;
  choice.seed = options.seed;
  return choice;
}

act::NamedTensors parameters_of(const Extractor& extractor) {
  act::NamedTensors parameters;
  for (const auto& parameter : extractor.named_parameters())
    parameters.emplace_back(parameter.key(), parameter.value());
  return parameters;
}

/// Σ over the batch of -logit of the truth + log Σ exp(logit + cost), by sentence.
at::Tensor margin_loss(const at::Tensor& logits, const at::Tensor& truth, const at::Tensor& costs) {
  const auto own = logits.gather(1, truth.unsqueeze(1)).squeeze(1);
  return (at::logsumexp(costs.defined() ? logits + costs : logits, 1) - own).sum() /
         static_cast<double>(logits.size(0));
}

std::vector<at::Tensor> tensors_of(const SentenceBatch& batch) {
  return {batch.words, batch.head_distance, batch.tail_distance, batch.mask};
}

}  // namespace

ExtractorTrainer::ExtractorTrainer(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                   std::span<const Sentence> train, std::span<const Sentence> held_out,
                                   std::span<const double> divergences, std::optional<std::int32_t> excluded,
                                   const ExtractorTrainingOptions& options)
    : extractor_(extractor),
      vocabulary_(vocabulary),
      train_(train),
      held_out_(held_out),
      divergences_(divergences),
      excluded_(excluded),
      relations_(static_cast<std::size_t>(extractor.shape().relations)),
      options_(begun(options, divergences, relations_)),
      parameters_(parameters_of(extractor)),
      optimizer_(parameters_,
                 {.kind = learn::OptimizerKind::AdamW, .weight_decay = options.weight_decay, .fused = false}),
      compressed_(choice_of(options), *this),
      stopping_(options.patience) {
  for (const auto& s : train) pairs_[{s.head_name, s.tail_name}].insert(s.relation);
  extractor.set_compressible(options.compression.wanted());
  for (const auto& [name, parameter] : parameters_) kept_.push_back(parameter.detach().clone());
}

act::Pass ExtractorTrainer::pass_over(std::span<const std::uint32_t> chosen, std::uint32_t number) {
  const auto batch = make_batch(vocabulary_, train_, chosen);
  const auto costs = batch_costs(chosen);
  return {tensors_of(batch), [this, batch, costs, number] {
            const auto logits = extractor_.forward(batch, {options_.seed, number, true});
            return act::Pass::Result{logits, margin_loss(logits, batch.relations, costs)};
          }};
}

act::Pass ExtractorTrainer::largest() {
  const auto longest = std::max_element(train_.begin(), train_.end(),
                                        [](const auto& a, const auto& b) { return a.tokens.size() < b.tokens.size(); });
  const auto size = std::min(train_.size(), static_cast<std::size_t>(options_.batch));
  const std::vector<std::uint32_t> chosen(size, static_cast<std::uint32_t>(longest - train_.begin()));
  return pass_over(chosen, 0);
}

void ExtractorTrainer::evaluate() {
  // All of them: LibTorch keeps something for every length of sentences that it sees.
  extract_logits(extractor_, vocabulary_, held_out_);
  if (before_) before_();  // last, beside what the evaluation leaves in memory
  prepare_compute_thread();
}

void ExtractorTrainer::update() {
  const at::NoGradGuard guard;
  for (const auto& [name, parameter] : parameters_) {
    if (parameter.grad().defined()) parameter.mutable_grad().zero_();
  }
  optimizer_.step(0);  // on gradients of zero, which changes nothing
  optimizer_.set_steps(steps_);
}

void ExtractorTrainer::plan_budget(std::function<void()> before, const formats::Value& resumed) {
  before_ = std::move(before);
  compressed_.plan_budget(resumed);
  before_ = {};
}

at::Tensor ExtractorTrainer::batch_costs(std::span<const std::uint32_t> chosen) const {
  if (options_.alpha == 0) return {};
  auto result = at::zeros({static_cast<std::int64_t>(chosen.size()), static_cast<std::int64_t>(relations_)});
  auto* row = result.data_ptr<float>();
  for (const auto i : chosen) {
    const auto& s = train_[i];
    if (!costs_.empty())
      std::copy_n(costs_.begin() + s.relation * static_cast<std::int64_t>(relations_), relations_, row);
    for (const auto holds : pairs_.at({s.head_name, s.tail_name})) row[holds] = 0;
    row += relations_;
  }
  return result;
}

void ExtractorTrainer::train_epoch(ExtractorEpoch& report) {
  if (options_.alpha > 0) {
    report.tau = std::max(options_.tau,
                          options_.tau_start * std::pow(options_.tau_decay, static_cast<double>(report.epoch - 1)));
    costs_ = margin_costs(divergences_, relations_, options_.alpha, report.tau);
  }
  const auto order = learn::shuffled(train_.size(), {options_.seed, core::stream_of("relsim/extractor.order"),
                                                     static_cast<std::uint32_t>(report.epoch)});
  const auto begin = std::chrono::steady_clock::now();
  const auto steps_before = steps_;
  compressed_.begin_epoch();
  for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(options_.batch)) {
    const auto chosen =
        std::span(order).subspan(at, std::min(order.size() - at, static_cast<std::size_t>(options_.batch)));
    report.loss += step(chosen, report.epoch);
  }
  report.activations = compressed_.end_epoch();
  report.loss /= static_cast<double>(train_.size());
  report.steps = steps_;
  report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                        static_cast<double>(steps_ - steps_before);
  // A loss is that before its step: the last step of an epoch shows in the parameters alone.
  for (const auto& [name, parameter] : parameters_) {
    const auto values =
        std::span<const float>(parameter.data_ptr<float>(), static_cast<std::size_t>(parameter.numel()));
    if (!core::all_finite(values)) {
      throw core::training_diverged("epoch " + std::to_string(report.epoch), "parameter '" + name + "' is not finite");
    }
  }
}

double ExtractorTrainer::step(std::span<const std::uint32_t> chosen, std::int64_t epoch) {
  ++steps_;
  const auto pass = pass_over(chosen, static_cast<std::uint32_t>(steps_));
  double loss = 0;
  compressed_.step(static_cast<std::uint64_t>(steps_), pass, [&](const act::Pass::Result& result) {
    loss = result.loss.item<double>();
    if (!core::is_usable_loss(loss)) {
      throw core::training_diverged("epoch " + std::to_string(epoch) + ", step " + std::to_string(steps_), loss);
    }
  });
  optimizer_.step(options_.lr);
  optimizer_.clear_gradients();
  return loss * static_cast<double>(chosen.size());
}

bool ExtractorTrainer::done() const { return last_.epoch >= options_.epochs || stopping_.ends(); }

ExtractorEpoch ExtractorTrainer::run_epoch() {
  ExtractorEpoch report;
  report.epoch = last_.epoch + 1;
  train_epoch(report);
  std::optional<double> score;
  if (!held_out_.empty()) {
    std::vector<std::int32_t> truths;
    for (const auto& s : held_out_) truths.push_back(s.relation);
    const auto answers = answers_of(extract_logits(extractor_, vocabulary_, held_out_), relations_);
    prepare_compute_thread();
    const auto scores = score_classification(truths, answers, static_cast<std::int32_t>(relations_), excluded_);
    report.micro_f1 = scores.micro.f1;
    report.macro_f1 = scores.macro.f1;
    report.accuracy = scores.accuracy;
    score = report.micro_f1;
  }
  report.best = stopping_.see(score);
  if (report.best) {
    best_ = report;
    const torch::NoGradGuard guard;
    for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i].copy_(parameters_[i].second);
  }
  return last_ = report;
}

ExtractorEpoch ExtractorTrainer::finish() {
  const torch::NoGradGuard guard;
  for (std::size_t i = 0; i < kept_.size(); ++i) parameters_[i].second.copy_(kept_[i]);
  return best_;
}

ExtractorState ExtractorTrainer::state() const {
  ExtractorState state;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    state.parameters.emplace_back(parameters_[i].first, parameters_[i].second.detach());
    state.best_parameters.emplace_back(parameters_[i].first, kept_[i]);
  }
  for (auto& [name, tensor] : optimizer_.state()) {
    if (name != "/steps") state.moments.emplace_back(name, tensor);  // they are last.steps
  }
  state.last = last_;
  state.best = best_;
  state.since_best = stopping_.since_best();
  state.compression = compressed_.state();
  return state;
}

void ExtractorTrainer::restore(const ExtractorState& state) {
  const torch::NoGradGuard guard;
  const auto present = this->state();
  const auto copy = [](const act::NamedTensors& from, const act::NamedTensors& into) {
    for (std::size_t i = 0; i < from.size(); ++i) into[i].second.copy_(from[i].second);
  };
  copy(state.parameters, present.parameters);
  copy(state.best_parameters, present.best_parameters);
  copy(state.moments, present.moments);
  steps_ = state.last.steps;
  optimizer_.set_steps(steps_);
  compressed_.restore(state.compression);
  last_ = state.last;
  best_ = state.best;
  const bool scored = last_.epoch > 0 && !held_out_.empty();
  stopping_.restore(scored ? std::optional(best_.micro_f1) : std::nullopt, state.since_best);
}

}  // namespace terse::relsim
