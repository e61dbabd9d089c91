#include "terse/relsim/model/fact_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/relsim/model/compute_thread.hpp"
#include "terse/relsim/model/shuffle.hpp"
#include "terse/relsim/model/transe.hpp"

namespace terse::relsim {
namespace {

void check(const FactTrainingOptions& o) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(o.dim > 0 && o.hidden > 0, "dimensions must be at least 1");
  require(o.epochs > 0 && o.patience > 0 && o.batch > 0, "epochs, patience and batch must be at least 1");
  require(o.lr > 0 && o.weight_decay >= 0, "the learning rate must be above 0, weight decay not below");
  require(o.start_epochs >= 0, "the epochs of the start cannot be negative");
}

/// Entity vectors and relations from TransE; an inverse is the opposite translation.
void start_from_transe(FactModel& model, std::span<const Triple> train, const FactTrainingOptions& options) {
  const auto shape = model.shape();
  TransEOptions transe;
  transe.dim = options.dim;
  transe.epochs = options.start_epochs;
  transe.seed = options.seed;
  const auto vectors = train_transe(train, static_cast<std::int32_t>(shape.entities),
                                    static_cast<std::int32_t>(shape.relations), transe);
  std::copy(vectors.entity.begin(), vectors.entity.end(), model.entity.data_ptr<float>());
  auto* query = model.query.data_ptr<float>();
  query = std::copy(vectors.relation.begin(), vectors.relation.end(), query);
  std::transform(vectors.relation.begin(), vectors.relation.end(), query, std::negate<>());
}

FactModel clone(const FactModel& model) {
  FactModel copy;
  copy.entity = model.entity.clone();
  copy.query = model.query.clone();
  for (int i = 0; i < 3; ++i) {
    copy.head.weight[i] = model.head.weight[i].clone();
    copy.head.bias[i] = model.head.bias[i].clone();
    copy.tail.weight[i] = model.tail.weight[i].clone();
    copy.tail.bias[i] = model.tail.bias[i].clone();
  }
  return copy;
}

double mean_nats(std::span<const FactLogs> logs) {
  double sum = 0;
  for (const auto& log : logs) sum -= log.head + log.tail;
  return sum / static_cast<double>(logs.size());
}

}  // namespace

TrainedFacts train_facts(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                         std::int32_t relations, const FactTrainingOptions& options,
                         const std::function<void(const EpochReport&)>& on_epoch) {
  check(options);
  prepare_compute_thread();
  auto model = FactModel::random({entities, relations, options.dim, options.hidden}, options.seed);
  if (options.start == Start::TransE) start_from_transe(model, train, options);

  const auto observations = both_directions(train, relations);
  const auto validation = both_directions(held_out, relations);
  TrainedFacts result;
  if (!held_out.empty()) result.baseline = count_baseline(train, held_out, entities, relations);
  FactStep step(model, options.lr, options.weight_decay);
  double fewest = std::numeric_limits<double>::infinity();
  std::int64_t since_best = 0;
  std::vector<Observation> batch;
  std::vector<FactLogs> logs, best_logs;  // of `validation`
  for (std::int64_t epoch = 1; epoch <= options.epochs && since_best < options.patience; ++epoch) {
    const auto order = shuffled(observations.size(), {options.seed, core::stream_of("relsim/order"),
                                                      static_cast<std::uint32_t>(epoch)});
    const auto begin = std::chrono::steady_clock::now();
    const auto steps_before = step.steps();
    double nats = 0;
    for (std::size_t at = 0; at < order.size(); at += batch.size()) {
      batch.clear();
      for (auto i = at; i < std::min<std::size_t>(order.size(), at + options.batch); ++i) {
        batch.push_back(observations[order[i]]);
      }
      nats += step.step(batch).total();
    }
    EpochReport report;
    report.epoch = epoch;
    report.steps = step.steps();
    report.train_nats = nats / static_cast<double>(observations.size());
    report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                          static_cast<double>(step.steps() - steps_before);
    if (!held_out.empty()) {
      logs = step.log_likelihoods(validation, options.batch);
      report.held_out_nats = mean_nats(std::span(logs).first(held_out.size()));
      report.held_out_inverse_nats = mean_nats(std::span(logs).last(held_out.size()));
      const double both = (report.held_out_nats + report.held_out_inverse_nats) / 2;
      report.best = both < fewest;
      fewest = std::min(fewest, both);
    } else {
      report.best = true;
    }
    since_best = report.best ? 0 : since_best + 1;
    if (report.best) result.best = report;
    if (report.best) best_logs = std::move(logs);
    // Without held-out facts only the last epoch's weights are wanted, and they are `model`'s own.
    if (report.best && !held_out.empty()) result.model = clone(model);
    if (on_epoch) on_epoch(report);
  }
  if (held_out.empty()) {
    result.model = std::move(model);
  } else {
    result.mixed = mix_with_counts(best_logs, held_out, RoleCounts(train, entities, relations), result.baseline.smoothing);
  }
  return result;
}

}  // namespace terse::relsim
