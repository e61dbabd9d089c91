#include "terse/relsim/extraction/extractor_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

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
  require(act::average_bits(o.level) == 0, "extractors train at the levels L0, L1, L1.1 and L1.2");
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

class Run {
 public:
  Run(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
      std::span<const double> divergences, const ExtractorTrainingOptions& options)
      : extractor_(extractor), vocabulary_(vocabulary), train_(train), divergences_(divergences), options_(options),
        relations_(static_cast<std::size_t>(extractor.shape().relations)), pairs_(pair_relations(train)),
        compression_({.level = options.level, .seed = options.seed}),
        optimizer_(extractor.parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay)) {
    compression_.own(extractor);
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
    for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(options_.batch)) {
      const auto chosen = std::span(order).subspan(at, std::min(order.size() - at, static_cast<std::size_t>(options_.batch)));
      report.loss += step(chosen, costs);
      report.exact_bytes = std::max(report.exact_bytes, compression_.totals().exact_bytes);
      report.stored_bytes = std::max(report.stored_bytes, compression_.totals().stored_bytes);
    }
    report.loss /= static_cast<double>(train_.size());
    report.steps = steps_;
    report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                          static_cast<double>(steps_ - steps_before);
    return report;
  }

 private:
  double step(std::span<const std::uint32_t> chosen, std::span<const float> costs) {
    ++steps_;
    const auto batch = make_batch(vocabulary_, train_, chosen);
    const auto cost = costs.empty() ? at::Tensor() : batch_costs(train_, chosen, costs, relations_, pairs_);
    optimizer_.zero_grad();
    at::Tensor loss;
    {
      compression_.batch({batch.words, batch.head_distance, batch.tail_distance, batch.mask});
      const auto guard = compression_.step(static_cast<std::uint32_t>(steps_));
      const auto logits = extractor_.forward(batch, {options_.seed, static_cast<std::uint32_t>(steps_), true});
      loss = margin_loss(logits, batch.relations, cost);
      (loss / static_cast<double>(chosen.size())).backward();
    }
    optimizer_.step();
    return loss.item<double>();
  }

  Extractor& extractor_;
  const FeatureVocabulary& vocabulary_;
  std::span<const Sentence> train_;
  std::span<const double> divergences_;
  ExtractorTrainingOptions options_;
  std::size_t relations_;
  PairRelations pairs_;
  act::Compression compression_;
  torch::optim::AdamW optimizer_;
  std::int64_t steps_ = 0;
};

}  // namespace

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

ExtractorEpoch train_extractor(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                               std::span<const Sentence> held_out, std::span<const double> divergences,
                               std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options,
                               const std::function<void(const ExtractorEpoch&)>& on_epoch) {
  const auto relations = static_cast<std::size_t>(extractor.shape().relations);
  check(options, divergences, relations);
  prepare_compute_thread();
  Run run(extractor, vocabulary, train, divergences, options);
  std::vector<std::int32_t> truths;
  for (const auto& s : held_out) truths.push_back(s.relation);
  ExtractorEpoch best;
  std::vector<at::Tensor> kept;
  std::int64_t since_best = 0;
  for (std::int64_t number = 1; number <= options.epochs && since_best < options.patience; ++number) {
    auto report = run.epoch(number);
    report.best = true;
    if (!held_out.empty()) {
      const auto answers = answers_of(extract_logits(extractor, vocabulary, held_out), relations);
      prepare_compute_thread();
      const auto scores = score_classification(truths, answers, static_cast<std::int32_t>(relations), excluded);
      report.micro_f1 = scores.micro.f1;
      report.macro_f1 = scores.macro.f1;
      report.accuracy = scores.accuracy;
      report.best = number == 1 || report.micro_f1 > best.micro_f1;
    }
    since_best = report.best ? 0 : since_best + 1;
    if (report.best) {
      best = report;
      kept.clear();
      for (const auto& parameter : extractor.parameters()) kept.push_back(parameter.detach().clone());
    }
    if (on_epoch) on_epoch(report);
  }
  const torch::NoGradGuard guard;
  const auto parameters = extractor.parameters();
  for (std::size_t i = 0; i < kept.size(); ++i) parameters[i].copy_(kept[i]);
  return best;
}

}  // namespace terse::relsim
