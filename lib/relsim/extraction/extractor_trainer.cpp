#include "terse/relsim/extraction/extractor_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "terse/act/adaptation.hpp"
#include "terse/act/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/extraction/margin_cost.hpp"
#include "terse/relsim/model/compute_thread.hpp"
#include "terse/relsim/model/shuffle.hpp"

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
  require(o.alpha == 0 || divergences.size() == relations * relations, "a margin needs a divergence for each pair of relations");
  require(o.adapt_every > 0, "bits must be chosen every so many steps");
}

bool compresses(const ExtractorTrainingOptions& options) {
  return options.bits > 0 ? options.bits < act::kKeptBits : options.level != act::Level::L0;
}

act::CompressionOptions compression_of(const ExtractorTrainingOptions& options) {
  return {.level = options.level, .bits = options.bits, .entropy = options.bits == 0 && act::codes_entropy(options.level),
          .seed = options.seed};
}

/// Which relations each pair of entities has in the training sentences: none of them costs anything for that pair.
using PairRelations = std::map<std::pair<std::string, std::string>, std::set<std::int32_t>>;

PairRelations pair_relations(std::span<const Sentence> sentences) {
  PairRelations found;
  for (const auto& s : sentences) found[{s.head_name, s.tail_name}].insert(s.relation);
  return found;
}

/// Costs of a batch, [n, R].
at::Tensor batch_costs(std::span<const Sentence> sentences, std::span<const std::uint32_t> chosen,
                       std::span<const float> costs, std::size_t relations, const PairRelations& pairs) {
  auto result = at::empty({static_cast<std::int64_t>(chosen.size()), static_cast<std::int64_t>(relations)});
  auto* row = result.data_ptr<float>();
  for (const auto i : chosen) {
    const auto& s = sentences[i];
    const auto from = costs.subspan(static_cast<std::size_t>(s.relation) * relations, relations);
    std::copy(from.begin(), from.end(), row);
    for (const auto holds : pairs.at({s.head_name, s.tail_name})) row[holds] = 0;
    row += relations;
  }
  return result;
}

/// Σ over the batch of -logit of the truth + log Σ exp(logit + cost).
at::Tensor margin_loss(const at::Tensor& logits, const at::Tensor& truth, const at::Tensor& costs) {
  const auto own = logits.gather(1, truth.unsqueeze(1)).squeeze(1);
  return (at::logsumexp(costs.defined() ? logits + costs : logits, 1) - own).sum();
}

}  // namespace

class ExtractorTrainer::Steps {
  using Moments = torch::optim::AdamWParamState;

 public:
  Steps(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
      std::span<const double> divergences, const ExtractorTrainingOptions& options)
      : extractor_(extractor), vocabulary_(vocabulary), train_(train), divergences_(divergences), options_(options),
        relations_(static_cast<std::size_t>(extractor.shape().relations)), pairs_(pair_relations(train)),
        compression_(compression_of(options)),
        optimizer_(extractor.parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay)) {
    compression_.own(extractor);
    extractor.set_compressible(compresses(options));
    for (const auto& parameter : extractor.named_parameters()) parameters_.emplace_back(parameter.key(), parameter.value());
    make_moments();
    if (const int bits = act::average_bits(options.level); bits > 0 && options.bits == 0) {
      adaptation_ = std::make_unique<act::Adaptation>(
          act::AdaptationOptions{.default_bits = bits, .every = options.adapt_every, .seed = options.seed,
                                 .entropy = act::codes_entropy(options.level)});
    }
  }

  ExtractorEpoch epoch(std::int64_t number) {
    ExtractorEpoch report;
    report.epoch = number;
    std::vector<float> costs;
    if (options_.alpha > 0) {
      report.tau = std::max(options_.tau, options_.tau_start * std::pow(options_.tau_decay, static_cast<double>(number - 1)));
      costs = margin_costs(divergences_, relations_, options_.alpha, report.tau);
    }
    const auto order = shuffled(train_.size(), {options_.seed, core::stream_of("relsim/extractor.order"), static_cast<std::uint32_t>(number)});
    const auto begin = std::chrono::steady_clock::now();
    const auto steps_before = steps_;
    act::reset_allocator_peak();
    for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(options_.batch)) {
      const auto chosen = std::span(order).subspan(at, std::min(order.size() - at, static_cast<std::size_t>(options_.batch)));
      report.loss += step(chosen, costs);
      report.exact_bytes = std::max(report.exact_bytes, compression_.totals().exact_bytes);
      report.stored_bytes = std::max(report.stored_bytes, compression_.totals().stored_bytes);
    }
    report.peak_allocated_bytes = act::allocator_figures().peak_bytes;
    report.loss /= static_cast<double>(train_.size());
    report.average_bits = adapted_.average_bits;
    report.steps_spent_on_probes = adapted_.spent;
    report.steps = steps_;
    report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                          static_cast<double>(steps_ - steps_before);
    return report;
  }

  /// AdamW's moments of a parameter.
  std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& parameter) const {
    const auto& state = static_cast<const Moments&>(*optimizer_.state().at(parameter.unsafeGetTensorImpl()));
    return {state.exp_avg(), state.exp_avg_sq()};
  }

  void add_to(ExtractorState& state) const {
    if (!adaptation_) return;
    state.adaptation = adaptation_->state();
    state.precision = adaptation_->table().tensors();
  }

  /// Goes on from there.
  void restore(const ExtractorState& state) {
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

 private:
  /// The optimizer's own first step would make them, when a step's memory has been seen already.
  void make_moments() {
    for (const auto& parameter : extractor_.parameters()) {
      auto moments = std::make_unique<Moments>();
      moments->step(0);
      moments->exp_avg(at::zeros_like(parameter));
      moments->exp_avg_sq(at::zeros_like(parameter));
      optimizer_.state()[parameter.unsafeGetTensorImpl()] = std::move(moments);
    }
  }

  double step(std::span<const std::uint32_t> chosen, std::span<const float> costs) {
    ++steps_;
    const auto batch = make_batch(vocabulary_, train_, chosen);
    const auto cost = costs.empty() ? at::Tensor() : batch_costs(train_, chosen, costs, relations_, pairs_);
    const auto number = static_cast<std::uint32_t>(steps_);
    const auto logits_of = [&] { return extractor_.forward(batch, {options_.seed, number, true}); };
    const auto mean_loss = [&](const at::Tensor& logits) {
      return margin_loss(logits, batch.relations, cost) / static_cast<double>(chosen.size());
    };
    optimizer_.zero_grad();
    compression_.batch({batch.words, batch.head_distance, batch.tail_distance, batch.mask});
    if (adaptation_) {
      adaptation_->begin_step(number, parameters_, compression_, [&](std::uint32_t rounding) {
        const auto guard = compression_.step(rounding);
        mean_loss(logits_of()).backward();
      });
    }
    at::Tensor loss;
    {
      const auto guard = compression_.step(number);
      const auto logits = logits_of();
      loss = mean_loss(logits);
      if (adaptation_) adaptation_->before_backward(logits, loss, parameters_, compression_);
      loss.backward();
    }
    if (adaptation_) adapted_ = adaptation_->end_step(number, parameters_, compression_);
    optimizer_.step();
    return loss.item<double>() * static_cast<double>(chosen.size());
  }

  Extractor& extractor_;
  const FeatureVocabulary& vocabulary_;
  std::span<const Sentence> train_;
  std::span<const double> divergences_;
  ExtractorTrainingOptions options_;
  std::size_t relations_;
  PairRelations pairs_;
  act::Compression compression_;
  act::NamedTensors parameters_;
  std::unique_ptr<act::Adaptation> adaptation_;  // at an adaptive level
  act::AdaptationFigures adapted_;               // of the last step
  torch::optim::AdamW optimizer_;
  std::int64_t steps_ = 0;
};

std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> sentences) {
  const auto relations = extractor.shape().relations;
  std::vector<float> logits(sentences.size() * static_cast<std::size_t>(relations));
  // Sentences of one length go together, so that few tokens are padding; each batch is one thread's.
  std::vector<std::uint32_t> order(sentences.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sentences[a].tokens.size() < sentences[b].tokens.size(); });
  const auto batches = (order.size() + kScoringBatch - 1) / kScoringBatch;
  parallel_compute(batches, 1, [&](std::size_t first, std::size_t last) {
    for (auto b = first; b < last; ++b) {
      const auto chosen = std::span(order).subspan(b * kScoringBatch, std::min<std::size_t>(order.size() - b * kScoringBatch, kScoringBatch));
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

ExtractorTrainer::ExtractorTrainer(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                                   std::span<const Sentence> held_out, std::span<const double> divergences,
                                   std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options)
    : extractor_(extractor), vocabulary_(vocabulary), held_out_(held_out), excluded_(excluded), options_(options) {
  check(options, divergences, static_cast<std::size_t>(extractor.shape().relations));
  prepare_compute_thread();
  steps_ = std::make_unique<Steps>(extractor, vocabulary, train, divergences, options);
}

ExtractorTrainer::~ExtractorTrainer() = default;

bool ExtractorTrainer::done() const { return last_.epoch >= options_.epochs || since_best_ >= options_.patience; }

ExtractorEpoch ExtractorTrainer::run_epoch() {
  auto report = steps_->epoch(last_.epoch + 1);
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
    kept_.clear();
    for (const auto& parameter : extractor_.parameters()) kept_.push_back(parameter.detach().clone());
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
    const auto best = kept_.empty() ? value : kept_[state.parameters.size()];
    const auto [first, second] = steps_->moments(parameter.value());
    state.parameters.push_back({parameter.key(), value, best, first, second});
  }
  steps_->add_to(state);
  return state;
}

void ExtractorTrainer::restore(const ExtractorState& state) {
  const torch::NoGradGuard guard;
  const auto parameters = extractor_.parameters();
  kept_.clear();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].copy_(state.parameters[i].value);
    kept_.push_back(state.parameters[i].best.clone());
  }
  steps_->restore(state);
  last_ = state.last;
  best_ = state.best;
  since_best_ = state.since_best;
}

ExtractorEpoch train_extractor(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                               std::span<const Sentence> held_out, std::span<const double> divergences,
                               std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options) {
  ExtractorTrainer trainer(extractor, vocabulary, train, held_out, divergences, excluded, options);
  while (!trainer.done()) trainer.run_epoch();
  return trainer.finish();
}

}  // namespace terse::relsim
