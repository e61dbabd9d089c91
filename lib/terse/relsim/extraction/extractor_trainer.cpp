#include "terse/relsim/extraction/extractor_trainer.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/extraction/extractor_steps.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kScoringBatch = 64;

void check(const ExtractorTrainingOptions& o, std::span<const double> divergences, std::size_t relations) {
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
  require(o.adapt_every > 0, "bits must be chosen every so many steps");
  require(o.budget == 0 || (o.bits == 0 && act::average_bits(o.level) > 0),
          "a budget needs an adaptive level: L2, L2.1 or L2.2");
}

}  // namespace

std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                  std::span<const Sentence> sentences) {
  const auto relations = extractor.shape().relations;
  std::vector<float> logits(sentences.size() * static_cast<std::size_t>(relations));
  // Sentences of one length go together, so that few tokens are padding; each batch is one thread's.
  std::vector<std::uint32_t> order(sentences.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return sentences[a].tokens.size() < sentences[b].tokens.size(); });
  const auto batches = (order.size() + kScoringBatch - 1) / kScoringBatch;
  parallel_compute(batches, 1, [&](std::size_t first, std::size_t last) {
    for (auto b = first; b < last; ++b) {
      const auto chosen = std::span(order).subspan(
          b * kScoringBatch, std::min<std::size_t>(order.size() - b * kScoringBatch, kScoringBatch));
      const auto rows = extractor.forward(make_batch(vocabulary, sentences, chosen), {}).contiguous();
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        std::copy_n(rows.data_ptr<float>() + static_cast<std::int64_t>(i) * relations, relations,
                    logits.begin() + static_cast<std::int64_t>(chosen[i]) * relations);
      }
    }
  });
  return logits;
}

std::vector<std::int32_t> answers_of(std::span<const float> logits, std::size_t relations) {
  std::vector<std::int32_t> answers;
  for (std::size_t at = 0; at < logits.size(); at += relations) {
    const auto row = logits.subspan(at, relations);
    answers.push_back(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return answers;
}

ExtractorTrainer::ExtractorTrainer(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                   std::span<const Sentence> train, std::span<const Sentence> held_out,
                                   std::span<const double> divergences, std::optional<std::int32_t> excluded,
                                   const ExtractorTrainingOptions& options)
    : extractor_(extractor), vocabulary_(vocabulary), held_out_(held_out), excluded_(excluded), options_(options) {
  check(options, divergences, static_cast<std::size_t>(extractor.shape().relations));
  prepare_compute_thread();
  steps_ = std::make_unique<ExtractorSteps>(extractor, vocabulary, train, divergences, options);
  for (const auto& parameter : extractor.parameters()) kept_.push_back(parameter.detach().clone());
}

void ExtractorTrainer::plan_budget(const std::function<void()>& before, const formats::Value& resumed) {
  const auto evaluate = [&] {
    // All of them: LibTorch keeps something for every length of sentences that it sees.
    extract_logits(extractor_, vocabulary_, held_out_);
    if (before) before();  // last, beside what the evaluation leaves in memory
    prepare_compute_thread();
  };
  steps_->plan_budget(evaluate, resumed);
}

ExtractorTrainer::~ExtractorTrainer() = default;

bool ExtractorTrainer::done() const { return last_.epoch >= options_.epochs || since_best_ >= options_.patience; }

ExtractorEpoch ExtractorTrainer::run_epoch() {
  auto report = steps_->epoch(last_.epoch + 1);
  steps_->release_memory();
  report.best = true;
  if (!held_out_.empty()) {
    const auto relations = static_cast<std::size_t>(extractor_.shape().relations);
    std::vector<std::int32_t> truths;
    for (const auto& s : held_out_) truths.push_back(s.relation);
    const auto answers = answers_of(extract_logits(extractor_, vocabulary_, held_out_), relations);
    prepare_compute_thread();
    const auto scores = score_classification(truths, answers, static_cast<std::int32_t>(relations), excluded_);
    report.micro_f1 = scores.micro.f1;
    report.macro_f1 = scores.macro.f1;
    report.accuracy = scores.accuracy;
    report.best = report.epoch == 1 || report.micro_f1 > best_.micro_f1;
  }
  since_best_ = report.best ? 0 : since_best_ + 1;
  if (report.best) {
    best_ = report;
    const torch::NoGradGuard guard;
    const auto parameters = extractor_.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) kept_[i].copy_(parameters[i]);
  }
  return last_ = report;
}

ExtractorEpoch ExtractorTrainer::finish() {
  const torch::NoGradGuard guard;
  const auto parameters = extractor_.parameters();
  for (std::size_t i = 0; i < kept_.size(); ++i) parameters[i].copy_(kept_[i]);
  return best_;
}

ExtractorState ExtractorTrainer::state() const {
  ExtractorState state{.parameters = {}, .last = last_, .best = best_, .since_best = since_best_};
  for (const auto& parameter : extractor_.named_parameters()) {
    const auto value = parameter.value().detach();
    const auto& best = kept_[state.parameters.size()];
    const auto [first, second] = steps_->moments(parameter.value());
    state.parameters.push_back({parameter.key(), value, best, first, second});
  }
  steps_->add_to(state);
  return state;
}

void ExtractorTrainer::restore(const ExtractorState& state) {
  const torch::NoGradGuard guard;
  const auto parameters = extractor_.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].copy_(state.parameters[i].value);
    kept_[i].copy_(state.parameters[i].best);
  }
  steps_->restore(state);
  last_ = state.last;
  best_ = state.best;
  since_best_ = state.since_best;
}

ExtractorEpoch train_extractor(Extractor& extractor, const FeatureVocabulary& vocabulary,
                               std::span<const Sentence> train, std::span<const Sentence> held_out,
                               std::span<const double> divergences, std::optional<std::int32_t> excluded,
                               const ExtractorTrainingOptions& options) {
  ExtractorTrainer trainer(extractor, vocabulary, train, held_out, divergences, excluded, options);
  while (!trainer.done()) trainer.run_epoch();
  return trainer.finish();
}

}  // namespace terse::relsim
