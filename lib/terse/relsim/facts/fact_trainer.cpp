#include "terse/relsim/facts/fact_trainer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"
#include "terse/learn/shuffle.hpp"
#include "terse/relsim/facts/transe.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

void check(const FactTrainingOptions& o) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(o.dim > 0 && o.hidden > 0, "dimensions must be at least 1");
  require(o.epochs > 0 && o.patience > 0 && o.batch > 0, "epochs, patience and batch must be at least 1");
  require(o.lr > 0 && o.weight_decay >= 0, "the learning rate must be above 0, weight decay not below");
  require(o.momentum >= 0 && o.momentum < 1, "momentum must be from 0 to below 1");
  require(o.schedule == learn::ScheduleKind::Constant || o.schedule == learn::ScheduleKind::Linear,
          "the learning rate of fact models is constant or falls linearly");
  require(o.start_epochs >= 0, "the epochs of the start cannot be negative");
  require(o.compression.adapt_every > 0, "bits must be chosen every so many steps");
  learn::check(o.compression);
  require(o.rounding == Rounding::None || !o.compression.wanted(), "compressed steps have no products in bfloat16");
}

StepRule step_rule(const FactTrainingOptions& o) {
  return {o.rule, o.lr, o.weight_decay, o.rule == learn::OptimizerKind::Sgd ? o.momentum : 0};
}

learn::Schedule schedule_of(const FactTrainingOptions& o, std::size_t observations) {
  const auto batch = static_cast<std::uint64_t>(o.batch);
  return learn::Schedule({.kind = o.schedule,
                          .rate = o.lr,
                          .total = static_cast<std::uint64_t>(o.epochs) * ((observations + batch - 1) / batch)});
}

FactTrainingOptions checked(FactTrainingOptions options) {
  check(options);
  return options;
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

double mean_nats(std::span<const FactLogs> logs) {
  double sum = 0;
  for (const auto& log : logs) sum -= log.head + log.tail;
  return sum / static_cast<double>(logs.size());
}

/// A loss is that before its step: the last step of an epoch shows in the weights alone.
void require_sound(const FactModel& model, std::int64_t epoch) {
  for (const auto& [name, tensor] : model.named()) {
    const auto values = std::span<const float>(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
    if (!core::all_finite(values))
      throw core::training_diverged("epoch " + std::to_string(epoch), "weight '" + name + "' is not finite");
  }
}

}  // namespace

double default_learning_rate(learn::OptimizerKind rule) {
  return rule == learn::OptimizerKind::Adam ? 5e-3 : rule == learn::OptimizerKind::AdaGrad ? 2e-2 : 1e-3;
}

FactTrainer::FactTrainer(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                         std::int32_t relations, const FactTrainingOptions& options)
    : train_(train),
      held_out_(held_out),
      entities_(entities),
      relations_(relations),
      options_(checked(options)),
      observations_(both_directions(train, relations)),
      validation_(both_directions(held_out, relations)),
      schedule_(schedule_of(options, observations_.size())),
      stopping_(options.patience) {
  prepare_compute_thread();
  model_ = FactModel::random({entities, relations, options.dim, options.hidden}, options.seed);
  step_ = std::make_unique<FactStep>(model_, step_rule(options), options.rounding);
  options_.compression.seed = options.seed;
  if (options_.compression.wanted()) graph_ = std::make_unique<FactGraph>(*step_, options_.compression);
}

bool FactTrainer::done() const {
  return static_cast<std::int64_t>(epochs_.size()) >= options_.epochs || stopping_.ends();
}

bool FactTrainer::see(const EpochReport& report) {
  if (held_out_.empty()) return stopping_.see(std::nullopt);
  return stopping_.see(-(report.held_out_nats + report.held_out_inverse_nats));
}

std::int64_t FactTrainer::scoring_batch() const {
  constexpr std::int64_t kSmall = 256;  // keeps the layers of so many rows alone where memory counts
  return graph_ ? std::min(options_.batch, kSmall) : options_.batch;
}

double FactTrainer::train_epoch(EpochReport& report) {
  if (graph_) {
    graph_->compressed().begin_epoch();
  } else {
    act::reset_allocator_peak();
  }
  const auto order = learn::shuffled(
      observations_.size(), {options_.seed, core::stream_of("relsim/order"), static_cast<std::uint32_t>(report.epoch)});
  double nats = 0;
  std::vector<Observation> batch;
  for (std::size_t at = 0; at < order.size(); at += batch.size()) {
    batch.clear();
    for (auto i = at; i < std::min<std::size_t>(order.size(), at + options_.batch); ++i) {
      batch.push_back(observations_[order[i]]);
    }
    step_->set_lr(schedule_.rate(static_cast<std::uint64_t>(step_->steps())));
    const double loss = graph_ ? graph_->step(batch).total() : step_->step(batch).total();
    if (const double mean = loss / static_cast<double>(batch.size()); !core::is_usable_loss(mean)) {
      throw core::training_diverged(
          "epoch " + std::to_string(report.epoch) + ", step " + std::to_string(step_->steps()), mean);
    }
    nats += loss;
    if (!graph_) report.activations.exact_bytes = std::max(report.activations.exact_bytes, step_->kept_bytes());
  }
  if (graph_) {
    report.activations = graph_->compressed().end_epoch();
  } else {
    report.activations.stored_bytes = report.activations.exact_bytes;
    report.activations.peak_allocated_bytes = act::allocator_figures().peak_bytes;
  }
  return nats / static_cast<double>(observations_.size());
}

void FactTrainer::make_start() {
  if (!std::exchange(started_, true) && options_.start == Start::TransE) start_from_transe(model_, train_, options_);
}

std::vector<Observation> FactTrainer::largest_batch() const {
  const auto size = std::min(observations_.size(), static_cast<std::size_t>(options_.batch));
  std::vector<bool> taken(2 * static_cast<std::size_t>(relations_));
  std::vector<Observation> batch, others;
  for (const auto& o : observations_) {
    if (batch.size() == size) break;
    const auto query = static_cast<std::size_t>(o.query);
    if (!taken[query]) {
      taken[query] = true;
      batch.push_back(o);
    } else if (others.size() < size) {
      others.push_back(o);
    }
  }
  others.resize(size - batch.size());
  batch.insert(batch.end(), others.begin(), others.end());
  return batch;
}

void FactTrainer::plan_budget(const std::function<void()>& before, const formats::Value& resumed) {
  prepare_compute_thread();
  make_start();
  if (!held_out_.empty()) keep_as_best();
  const auto evaluate = [&] {
    if (!held_out_.empty()) {
      step_->log_likelihoods(validation_, scoring_batch());
      TrainedFacts unused;
      judge(model_, unused);
    }
    if (before) before();  // last, beside what the evaluation leaves in memory
    prepare_compute_thread();
  };
  graph_->plan_budget(largest_batch(), evaluate, resumed);
}

void FactTrainer::keep_as_best() {
  if (!best_model_.entity.defined()) {
    best_model_ = model_.clone();
    return;
  }
  const auto from = model_.named(), into = best_model_.named();
  for (std::size_t i = 0; i < from.size(); ++i) into[i].second.copy_(from[i].second);
}

EpochReport FactTrainer::run_epoch() {
  prepare_compute_thread();
  if (epochs_.empty()) make_start();
  EpochReport report;
  report.epoch = static_cast<std::int64_t>(epochs_.size()) + 1;
  const auto begin = std::chrono::steady_clock::now();
  const auto steps_before = step_->steps();
  report.train_nats = train_epoch(report);
  report.steps = step_->steps();
  report.step_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                        static_cast<double>(report.steps - steps_before);
  require_sound(model_, report.epoch);
  if (!held_out_.empty()) {
    const auto logs = step_->log_likelihoods(validation_, scoring_batch());
    report.held_out_nats = mean_nats(std::span(logs).first(held_out_.size()));
    report.held_out_inverse_nats = mean_nats(std::span(logs).last(held_out_.size()));
    if (!core::is_usable_loss(report.held_out_nats + report.held_out_inverse_nats)) {
      throw core::training_diverged("epoch " + std::to_string(report.epoch), "held-out facts have no likelihood");
    }
  }
  report.best = see(report);
  if (report.best && !held_out_.empty()) keep_as_best();
  epochs_.push_back(report);
  return report;
}

TrainedFacts FactTrainer::result() {
  TrainedFacts result;
  result.best = *std::find_if(epochs_.rbegin(), epochs_.rend(), [](const auto& report) { return report.best; });
  if (held_out_.empty()) {
    result.model = model_;
    return result;
  }
  result.model = best_model_;
  judge(best_model_, result);
  return result;
}

void FactTrainer::judge(const FactModel& model, TrainedFacts& result) const {
  result.baseline = count_baseline(train_, held_out_, entities_, relations_);
  const auto logs = FactStep(model, {.rule = learn::OptimizerKind::Sgd}).log_likelihoods(validation_, scoring_batch());
  result.mixed = mix_with_counts(logs, held_out_, RoleCounts(train_, entities_, relations_), result.baseline.smoothing);
}

FactState FactTrainer::state() const {
  FactState state{model_, best_model_, step_->parameters(), epochs_};
  if (graph_) state.compression = graph_->compressed().state();
  return state;
}

void FactTrainer::restore(const FactState& state, std::span<const std::pair<at::Tensor, at::Tensor>> moments) {
  const auto parameters = step_->parameters();
  const auto values = state.model.named();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    // Shared with model_, and so it is restored, too.
    parameters[i]->value().copy_(values[i].second);
    if (parameters[i]->first().defined()) parameters[i]->first().copy_(moments[i].first);
    if (parameters[i]->second().defined()) parameters[i]->second().copy_(moments[i].second);
  }
  if (!held_out_.empty()) best_model_ = state.best_model.clone();
  step_->set_steps(state.epochs.empty() ? 0 : state.epochs.back().steps);
  epochs_ = state.epochs;
  stopping_ = learn::EarlyStopping(options_.patience);
  for (const auto& epoch : epochs_) see(epoch);
  if (graph_) graph_->compressed().restore(state.compression);
}

}  // namespace terse::relsim
