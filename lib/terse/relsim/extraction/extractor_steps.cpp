#include "terse/relsim/extraction/extractor_steps.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "terse/act/memory/allocator.hpp"
#include "terse/core/finite.hpp"
#include "terse/relsim/extraction/margin_cost.hpp"
#include "terse/relsim/training/shuffle.hpp"

namespace terse::relsim {
namespace {

using Moments = torch::optim::AdamWParamState;

bool compresses(const ExtractorTrainingOptions& options) {
  return options.bits > 0 ? options.bits < act::kKeptBits : options.level != act::Level::L0;
}

act::CompressionOptions compression_of(const ExtractorTrainingOptions& options) {
  const bool by_level = options.bits == 0 && options.budget == 0;
  return {.level = options.level,
          .bits = options.bits,
          .entropy = by_level && act::codes_entropy(options.level),
          .seed = options.seed};
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

/// The training as what plans for a budget sees it.
class ExtractorSteps::Rehearsed final : public act::Workload {
 public:
  Rehearsed(ExtractorSteps& steps, const std::function<void()>& evaluate) : steps_(steps), evaluate_(evaluate) {}

  const act::CompressionOptions& compression() const override { return steps_.compression_options_; }
  void own(act::Compression& compression) const override { compression.own(steps_.extractor_); }
  act::Pass largest() override {
    const auto& train = steps_.train_;
    const auto longest = std::max_element(
        train.begin(), train.end(), [](const auto& a, const auto& b) { return a.tokens.size() < b.tokens.size(); });
    const auto size = std::min(train.size(), static_cast<std::size_t>(steps_.options_.batch));
    const std::vector<std::uint32_t> chosen(size, static_cast<std::uint32_t>(longest - train.begin()));
    const auto batch = make_batch(steps_.vocabulary_, train, chosen);
    const auto cost = steps_.batch_costs(chosen);
    return {tensors_of(batch), [this, batch, cost] {
              const auto logits = steps_.logits_of(batch, 0)();
              return act::Pass::Result{logits, margin_loss(logits, batch.relations, cost)};
            }};
  }
  std::shared_ptr<void> keep_state() override { return nullptr; }  // dropout's numbers follow from the step
  void clear_gradients() override { steps_.optimizer_.zero_grad(); }
  void evaluate() override { evaluate_(); }
  void update() override { steps_.update_nothing(); }
  std::size_t use(act::BudgetTier) override { return 0; }

 private:
  ExtractorSteps& steps_;
  const std::function<void()>& evaluate_;
};

ExtractorSteps::ExtractorSteps(Extractor& extractor, const FeatureVocabulary& vocabulary,
                               std::span<const Sentence> train, std::span<const double> divergences,
                               const ExtractorTrainingOptions& options)
    : extractor_(extractor),
      vocabulary_(vocabulary),
      train_(train),
      divergences_(divergences),
      options_(options),
      relations_(static_cast<std::size_t>(extractor.shape().relations)),
      compression_options_(compression_of(options)),
      compression_(compression_options_),
      optimizer_(extractor.parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay)) {
  for (const auto& s : train) pairs_[{s.head_name, s.tail_name}].insert(s.relation);
  compression_.own(extractor);
  extractor.set_compressible(compresses(options));
  for (const auto& parameter : extractor.named_parameters())
    parameters_.emplace_back(parameter.key(), parameter.value());
  make_moments();
  if (const int bits = act::average_bits(options.level); bits > 0 && options.bits == 0) {
    adaptation_ = std::make_unique<act::Adaptation>(act::AdaptationOptions{.default_bits = bits,
                                                                           .every = options.adapt_every,
                                                                           .seed = options.seed,
                                                                           .entropy = compression_options_.entropy});
  }
}

/// The optimizer's own first step would make them, when a step's memory has been seen already.
void ExtractorSteps::make_moments() {
  for (const auto& parameter : extractor_.parameters()) {
    auto moments = std::make_unique<Moments>();
    moments->step(0);
    moments->exp_avg(at::zeros_like(parameter));
    moments->exp_avg_sq(at::zeros_like(parameter));
    optimizer_.state()[parameter.unsafeGetTensorImpl()] = std::move(moments);
  }
}

ExtractorEpoch ExtractorSteps::epoch(std::int64_t number) {
  ExtractorEpoch report;
  report.epoch = number;
  if (options_.alpha > 0) {
    report.tau =
        std::max(options_.tau, options_.tau_start * std::pow(options_.tau_decay, static_cast<double>(number - 1)));
    costs_ = margin_costs(divergences_, relations_, options_.alpha, report.tau);
  }
  const auto order = shuffled(
      train_.size(), {options_.seed, core::stream_of("relsim/extractor.order"), static_cast<std::uint32_t>(number)});
  const auto begin = std::chrono::steady_clock::now();
  const auto steps_before = steps_;
  if (budget_) budget_->bound_memory();
  act::reset_allocator_peak();
  for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(options_.batch)) {
    const auto chosen =
        std::span(order).subspan(at, std::min(order.size() - at, static_cast<std::size_t>(options_.batch)));
    report.loss += step(chosen, number);
    report.exact_bytes = std::max(report.exact_bytes, compression_.totals().exact_bytes);
    report.stored_bytes = std::max(report.stored_bytes, compression_.totals().stored_bytes);
  }
  report.peak_allocated_bytes = act::allocator_figures().peak_bytes;
  if (budget_) report.planned_peak_bytes = budget_->planned_peak();
  report.loss /= static_cast<double>(train_.size());
  report.average_bits = adapted_.average_bits;
  report.steps_spent_on_probes = adapted_.spent;
  report.steps = steps_;
  report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                        static_cast<double>(steps_ - steps_before);
  // A loss is that before its step: the last step of an epoch shows in the parameters alone.
  for (const auto& [name, parameter] : parameters_) {
    const auto values =
        std::span<const float>(parameter.data_ptr<float>(), static_cast<std::size_t>(parameter.numel()));
    if (!core::all_finite(values)) {
      throw core::training_diverged("epoch " + std::to_string(number), "parameter '" + name + "' is not finite");
    }
  }
  return report;
}

at::Tensor ExtractorSteps::batch_costs(std::span<const std::uint32_t> chosen) const {
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

std::function<at::Tensor()> ExtractorSteps::logits_of(const SentenceBatch& batch, std::uint32_t number) {
  return [this, &batch, number] { return extractor_.forward(batch, {options_.seed, number, true}); };
}

double ExtractorSteps::step(std::span<const std::uint32_t> chosen, std::int64_t epoch) {
  ++steps_;
  const auto batch = make_batch(vocabulary_, train_, chosen);
  const auto cost = batch_costs(chosen);
  const auto number = static_cast<std::uint32_t>(steps_);
  const auto forward = logits_of(batch, number);
  compression_.batch(tensors_of(batch));
  if (adaptation_) {
    adaptation_->begin_step(number, parameters_, compression_, [&](std::uint32_t rounding) {
      const auto guard = compression_.step(rounding);
      margin_loss(forward(), batch.relations, cost).backward();
    });
  }
  double value = 0;
  {
    const auto guard = compression_.step(number);
    const auto logits = forward();
    const auto loss = margin_loss(logits, batch.relations, cost);
    value = loss.item<double>();
    if (!core::is_usable_loss(value)) {
      throw core::training_diverged("epoch " + std::to_string(epoch) + ", step " + std::to_string(steps_), value);
    }
    if (adaptation_) adaptation_->before_backward(logits, loss, parameters_, compression_);
    loss.backward();
  }
  if (adaptation_) adapted_ = adaptation_->end_step(number, parameters_, compression_);
  if (budget_) budget_->see(compression_.saved());
  optimizer_.step();
  optimizer_.zero_grad();
  return value * static_cast<double>(chosen.size());
}

void ExtractorSteps::update_nothing() {
  const at::NoGradGuard guard;
  for (const auto& parameter : extractor_.parameters()) {
    if (parameter.grad().defined()) parameter.mutable_grad().zero_();
  }
  auto& options = static_cast<torch::optim::AdamWOptions&>(optimizer_.param_groups().front().options());
  options.lr(0);
  optimizer_.step();
  options.lr(options_.lr);
  for (const auto& parameter : extractor_.parameters()) {
    static_cast<Moments&>(*optimizer_.state().at(parameter.unsafeGetTensorImpl())).step(steps_);
  }
}

void ExtractorSteps::plan_budget(const std::function<void()>& evaluate, const formats::Value& resumed) {
  Rehearsed run(*this, evaluate);
  budget_ = std::make_unique<act::BudgetKeeper>(run, *adaptation_, options_.budget, /*probing=*/true, resumed);
}

void ExtractorSteps::release_memory() const {
  if (budget_) budget_->release_memory();
}

void ExtractorSteps::add_to(ExtractorState& state) const {
  if (!adaptation_) return;
  state.adaptation = adaptation_->state();
  if (budget_) state.adaptation["budget"] = budget_->state();
  state.precision = adaptation_->table().tensors();
}

std::pair<at::Tensor, at::Tensor> ExtractorSteps::moments(const at::Tensor& parameter) const {
  const auto& state = static_cast<const Moments&>(*optimizer_.state().at(parameter.unsafeGetTensorImpl()));
  return {state.exp_avg(), state.exp_avg_sq()};
}

void ExtractorSteps::restore(const ExtractorState& state) {
  steps_ = state.last.steps;
  if (adaptation_) adaptation_->restore(state.adaptation, state.precision);
  const auto parameters = extractor_.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& saved = state.parameters[i];
    auto& moments = static_cast<Moments&>(*optimizer_.state().at(parameters[i].unsafeGetTensorImpl()));
    moments.step(steps_);
    moments.exp_avg().copy_(saved.first);
    moments.exp_avg_sq().copy_(saved.second);
  }
}

}  // namespace terse::relsim
