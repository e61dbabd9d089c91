#include "terse/relsim/embedding/embedding_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"
#include "terse/core/parallel.hpp"
#include "terse/learn/shuffle.hpp"
#include "terse/relsim/embedding/embedding_scorer.hpp"
#include "terse/relsim/ranking/relation_ranks.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kDrawGrain = 256;

EmbeddingModel checked_start(const EmbeddingTrainingOptions& o, std::int32_t entities, std::int32_t relations) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(o.epochs > 0 && o.patience > 0, "epochs and patience must be at least 1");
  require(o.batch > 0 && o.batch <= (1 << 20), "a batch must have 1 to 1048576 facts");
  require(o.step.lr > 0 && o.step.l2 >= 0, "the learning rate must be above 0, the penalty not below");
  require(std::isfinite(o.step.margin), "the margin must be a number");
  require(o.tau > 0 && o.tau_start > 0, "τ must be above 0");
  require(o.tau_start >= o.tau, "τ falls: --tau-start must not be below --tau");
  require(o.tau_decay > 0 && o.tau_decay <= 1, "the decay of τ must be above 0 and at most 1");
  require(!o.all_relations || relations > 1, "relations cannot be replaced where there is only one");
  return EmbeddingModel::random(o.model, o.dim, o.norm, entities, relations, o.seed);
}

std::vector<Triple> joined(std::span<const Triple> a, std::span<const Triple> b) {
  std::vector<Triple> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

EmbeddingTrainer::EmbeddingTrainer(std::span<const Triple> train, std::span<const Triple> held_out,
                                   std::int32_t entities, std::int32_t relations,
                                   const EmbeddingTrainingOptions& options, std::vector<double> divergences)
    : train_(train),
      held_out_(held_out),
      options_(options),
      model_(checked_start(options, entities, relations)),
      step_(model_, options.step),
      sampler_(train, entities, relations, options.negatives, std::move(divergences)),
      known_(joined(train, held_out)),
      stopping_(options.patience) {
  if (!held_out_.empty()) best_model_ = model_;
}

bool EmbeddingTrainer::done() const { return last_.epoch >= options_.epochs || stopping_.ends(); }

double EmbeddingTrainer::temperature(std::int64_t epoch) const {
  if (options_.negatives.draw != Draw::Similarity || options_.all_relations) return 0;
  return std::max(options_.tau, options_.tau_start * std::pow(options_.tau_decay, static_cast<double>(epoch - 1)));
}

double EmbeddingTrainer::train_epoch(EmbeddingEpoch& report) {
  const auto epoch = report.epoch;
  const auto number = static_cast<std::uint32_t>(epoch);
  const auto order = learn::shuffled(train_.size(), {options_.seed, core::stream_of("relsim/embedding.order"), number});
  const auto key = core::stream_words({options_.seed, core::stream_of("relsim/embedding.negatives"), number});
  std::vector<Triple> facts, negatives;
  std::vector<std::vector<Triple>> drawn;
  std::vector<std::size_t> begin;
  double loss = 0;
  for (std::size_t at = 0; at < order.size(); at += facts.size()) {
    const auto count = std::min(order.size() - at, static_cast<std::size_t>(options_.batch));
    facts.clear();
    for (std::size_t i = 0; i < count; ++i) facts.push_back(train_[order[at + i]]);
    EmbeddingBatch batch;
    if (options_.all_relations) {
      batch.known = &sampler_.known();
    } else {
      drawn.resize((count + kDrawGrain - 1) / kDrawGrain);
      begin.assign(count + 1, 0);
      core::parallel_for(count, kDrawGrain, [&](std::size_t from, std::size_t to) {
        // Ranges begin at multiples of the grain, and hold one or more of them.
        for (auto part = from / kDrawGrain; part * kDrawGrain < to; ++part) {
          auto& into = drawn[part];
          into.clear();
          for (auto i = part * kDrawGrain; i < std::min(to, (part + 1) * kDrawGrain); ++i) {
            const auto before = into.size();
            sampler_.draw(facts[i], key, at + i, into);
            begin[i + 1] = into.size() - before;
          }
        }
      });
      negatives.clear();
      for (const auto& part : drawn) negatives.insert(negatives.end(), part.begin(), part.end());
      for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
      batch.begin = begin;
      batch.negatives = negatives;
    }
    batch.facts = facts;
    const double of_batch = step_.step(batch);
    if (const double mean = of_batch / static_cast<double>(count); !core::is_usable_loss(mean)) {
      throw core::training_diverged("epoch " + std::to_string(epoch) + ", step " + std::to_string(step_.steps()), mean);
    }
    loss += of_batch;
    report.kept_bytes = std::max(report.kept_bytes, step_.kept_bytes());
  }
  return loss / static_cast<double>(train_.size());
}

EmbeddingEpoch EmbeddingTrainer::run_epoch() {
  EmbeddingEpoch report;
  report.epoch = last_.epoch + 1;
  report.tau = temperature(report.epoch);
  if (report.tau > 0) sampler_.set_temperature(report.tau);
  const auto steps_before = step_.steps();
  const auto begin = std::chrono::steady_clock::now();
  report.loss = train_epoch(report);
  report.steps = step_.steps();
  report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                        static_cast<double>(report.steps - steps_before);
  if (!core::all_finite(model_.entity) || !core::all_finite(model_.relation)) {
    throw core::training_diverged("epoch " + std::to_string(report.epoch), "a vector is not finite");
  }
  std::optional<double> score;
  if (!held_out_.empty()) {
    const auto ranks = summarize_ranks(rank_relations(EmbeddingScorer(model_), held_out_, known_));
    report.mrr = ranks.filtered.mrr;
    report.hits1 = ranks.filtered.hits1;
    score = report.mrr;
  }
  report.best = stopping_.see(score);
  last_ = report;
  if (report.best) best_ = report;
  if (report.best && !held_out_.empty()) best_model_ = model_;
  return report;
}

EmbeddingState EmbeddingTrainer::state() const {
  return {model_, best_model_, step_.entity_optimizer(), step_.relation_optimizer(),
          last_,  best_,       stopping_.since_best()};
}

void EmbeddingTrainer::restore(EmbeddingState state) {
  model_ = std::move(state.model);
  best_model_ = std::move(state.best_model);
  step_.entity_optimizer() = std::move(state.entity_optimizer);
  step_.relation_optimizer() = std::move(state.relation_optimizer);
  step_.set_steps(state.last.steps);
  last_ = state.last;
  best_ = state.best;
  const bool scored = last_.epoch > 0 && !held_out_.empty();
  stopping_.restore(scored ? std::optional(best_.mrr) : std::nullopt, state.since_best);
}

}  // namespace terse::relsim
