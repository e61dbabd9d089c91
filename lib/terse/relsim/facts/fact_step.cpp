#include "terse/relsim/facts/fact_step.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "terse/core/parallel.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kPanel = PackedTable::kPanel;
constexpr std::size_t kPanelsAtOnce = 8;
constexpr std::size_t kRowGrain = 24;  // a multiple of the rows that a partition works on at once

std::size_t extent_of(const at::Tensor& tensor, std::int64_t axis) {
  return static_cast<std::size_t>(tensor.size(axis));
}

/// Observations in the order of one of their entities: a panel of entities finds its own by range_of.
template <class Entity>
std::vector<std::size_t> sorted_by(std::span<const Observation> batch, Entity entity) {
  std::vector<std::size_t> order(batch.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return entity(batch[a]) < entity(batch[b]); });
  return order;
}

/// Those of entities first … first + count - 1.
template <class Entity>
std::span<const std::size_t> range_of(const std::vector<std::size_t>& order, std::span<const Observation> batch,
                                      Entity entity, std::size_t first, std::size_t count) {
  const auto below = [&](auto observation, auto id) {
    return static_cast<std::size_t>(entity(batch[observation])) < id;
  };
  const auto begin = std::lower_bound(order.begin(), order.end(), first, below);
  return {begin, std::lower_bound(begin, order.end(), first + count, below)};
}

}  // namespace

std::vector<Observation> both_directions(std::span<const Triple> triples, std::int32_t relations) {
  std::vector<Observation> observations;
  observations.reserve(2 * triples.size());
  for (const auto& t : triples) observations.push_back({t.head, t.relation, t.tail});
  for (const auto& t : triples) observations.push_back({t.tail, relations + t.relation, t.head});
  return observations;
}

FactStep::FactStep(const FactModel& model, const StepRule& rule, Rounding rounding)
    : rule_(rule),
      entity_(model.entity, rule),
      query_(model.query, rule),
      head_(model.head, rule, rounding),
      tail_(model.tail, rule, rounding),
      rounding_(rounding),
      table_(extent_of(model.entity, 0), extent_of(model.entity, 1), rounding) {}

std::vector<const SteppedParameter*> FactStep::parameters() const {
  std::vector<const SteppedParameter*> all{&entity_, &query_};
  for (const auto* pass : {&head_, &tail_}) {
    for (std::size_t i = 0; i < 3; ++i) {
      all.push_back(&pass->weights()[i]);
      all.push_back(&pass->biases()[i]);
    }
  }
  return all;
}

void FactStep::find_rows(std::span<const Observation> batch) {
  distinct_.clear();
  head_row_.clear();
  for (const auto& o : batch) distinct_.push_back(o.query);
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
  for (const auto& o : batch) {
    head_row_.push_back(
        static_cast<std::size_t>(std::lower_bound(distinct_.begin(), distinct_.end(), o.query) - distinct_.begin()));
  }
}

void FactStep::write_inputs(std::span<const Observation> batch, float* head, float* tail) const {
  const auto dim = extent_of(entity_.value(), 1);
  const auto* entity = entity_.value().data_ptr<float>();
  const auto* query = query_.value().data_ptr<float>();
  for (const auto q : distinct_) head = std::copy_n(query + static_cast<std::size_t>(q) * dim, dim, head);
  for (const auto& o : batch) {
    const auto* e = entity + static_cast<std::size_t>(o.head) * dim;
    const auto* q = query + static_cast<std::size_t>(o.query) * dim;
    for (std::size_t i = 0; i < dim; ++i) *tail++ = q[i] + e[i];
  }
}

void FactStep::compute_rows(std::span<const Observation> batch) {
  find_rows(batch);
  auto* head = head_.inputs(static_cast<std::int64_t>(distinct_.size())).data_ptr<float>();
  write_inputs(batch, head, tail_.inputs(static_cast<std::int64_t>(batch.size())).data_ptr<float>());
  std::vector<Task> tasks;
  head_.add_forward_tasks(tasks);
  tail_.add_forward_tasks(tasks);
  run_tasks(tasks);
  u_.clear();
  for (const auto* pass : {&head_, &tail_}) {
    const auto* y = pass->outputs().data_ptr<float>();
    u_.insert(u_.end(), y, y + pass->outputs().numel());
  }
}

void FactStep::pack(PackedTable& table) const {
  const auto* values = entity_.value().data_ptr<float>();
  parallel_compute(table.panels(), kPanelsAtOnce,
                   [&](std::size_t begin, std::size_t end) { table.pack(values, begin, end); });
}

void FactStep::partition(const PackedTable& table, bool with_mean) {
  const auto dim = table.dim(), rows = u_.size() / dim;
  log_z_.resize(rows);
  if (with_mean) du_ = at::empty({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(dim)});
  auto* mean = with_mean ? du_.data_ptr<float>() : nullptr;
  auto* held = with_mean && rounding_ == Rounding::Bfloat16 ? &held_ : nullptr;
  if (held) table.hold(rows, *held);
  // A row's result does not depend on the split. Few, large parts: each reads all of the table.
  const auto parts = 4 * static_cast<std::size_t>(core::threads());
  const auto grain = std::max<std::size_t>(1, (rows + parts * kRowGrain - 1) / (parts * kRowGrain)) * kRowGrain;
  parallel_compute(rows, grain, [&](std::size_t begin, std::size_t end) {
    table.partition(u_.data() + begin * dim, end - begin, log_z_.data() + begin, mean ? mean + begin * dim : nullptr,
                    held, begin);
  });
}

double FactStep::log_probability(std::size_t row, std::int32_t entity) const {
  const auto dim = extent_of(entity_.value(), 1);
  const auto* u = u_.data() + row * dim;
  const auto* e = entity_.value().data_ptr<float>() + static_cast<std::size_t>(entity) * dim;
  double logit = 0;
  for (std::size_t k = 0; k < dim; ++k) logit += static_cast<double>(u[k]) * static_cast<double>(e[k]);
  return logit - static_cast<double>(log_z_[row]);
}

Nats FactStep::loss(std::span<const Observation> batch) const {
  Nats nats;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    nats.head -= log_probability(head_row_[i], batch[i].head);
    nats.tail -= log_probability(tail_row(i), batch[i].tail);
  }
  return nats;
}

void FactStep::compute_gradients(std::span<const Observation> batch) {
  const auto dim = extent_of(entity_.value(), 1), heads = distinct_.size();
  auto* du = du_.data_ptr<float>();
  std::vector<float> weights(log_z_.size(), 1.0f);
  std::fill_n(weights.begin(), heads, 0.0f);
  for (const auto row : head_row_) ++weights[row];
  for (std::size_t row = 0; row < heads; ++row) scale_row(du + row * dim, weights[row], dim);
  const auto* entity = entity_.value().data_ptr<float>();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    add_scaled_row(du + head_row_[i] * dim, entity + static_cast<std::size_t>(batch[i].head) * dim, -1, dim);
    add_scaled_row(du + tail_row(i) * dim, entity + static_cast<std::size_t>(batch[i].tail) * dim, -1, dim);
  }
  for (std::size_t row = 0; row < weights.size(); ++row) weights[row] = std::log(weights[row]) - log_z_[row];
  packed_rows_ = table_.pack_rows(u_.data(), weights.data(), weights.size(), held_);
}

void FactStep::update_entities(std::span<const Observation> batch, const float* dx, const StepRates& rates,
                               std::vector<Task>& tasks) {
  constexpr auto head_of = [](const Observation& o) { return o.head; };
  constexpr auto tail_of = [](const Observation& o) { return o.tail; };
  const auto by_head = std::make_shared<const std::vector<std::size_t>>(sorted_by(batch, head_of));
  const auto by_tail = std::make_shared<const std::vector<std::size_t>>(sorted_by(batch, tail_of));
  for (std::size_t panel = 0; panel < table_.panels(); ++panel) {
    tasks.emplace_back([this, batch, dx, by_head, by_tail, rates, panel, head_of, tail_of] {
      const auto first = panel * kPanel, count = std::min(kPanel, table_.entities() - first);
      const auto dim = table_.dim(), width = table_.padded_dim();
      std::vector<float> sums(kPanel * width), gradient(kPanel * dim);
      table_.add_weighted_rows(panel, packed_rows_, sums.data(), held_);
      for (std::size_t e = 0; e < count; ++e) std::copy_n(sums.begin() + e * width, dim, gradient.begin() + e * dim);
      const auto at = [&](std::int32_t entity) {
        return gradient.data() + (static_cast<std::size_t>(entity) - first) * dim;
      };
      for (const auto i : range_of(*by_head, batch, head_of, first, count)) {
        add_scaled_row(at(batch[i].head), u_.data() + head_row_[i] * dim, -1, dim);
        add_scaled_row(at(batch[i].head), dx + i * dim, 1, dim);
      }
      for (const auto i : range_of(*by_tail, batch, tail_of, first, count)) {
        add_scaled_row(at(batch[i].tail), u_.data() + tail_row(i) * dim, -1, dim);
      }
      entity_.update(static_cast<std::int64_t>(first * dim), static_cast<std::int64_t>(count * dim), gradient.data(),
                     rates);
    });
  }
}

void FactStep::update_queries(std::span<const Observation> batch, const float* head_dx, const float* tail_dx,
                              const StepRates& rates) {
  const auto dim = query_.value().size(1);
  auto gradient = at::zeros_like(query_.value());
  auto* values = gradient.data_ptr<float>();
  const auto add = [&](std::int32_t query, const float* from) {
    for (std::int64_t i = 0; i < dim; ++i) values[query * dim + i] += from[i];
  };
  for (std::size_t i = 0; i < distinct_.size(); ++i) {
    add(distinct_[i], head_dx + static_cast<std::int64_t>(i) * dim);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    add(batch[i].query, tail_dx + static_cast<std::int64_t>(i) * dim);
  }
  query_.update(0, gradient.numel(), values, rates);
}

Nats FactStep::step(std::span<const Observation> batch) {
  const c10::InferenceMode guard;
  compute_rows(batch);
  pack(table_);
  partition(table_, true);
  const auto nats = loss(batch);

  compute_gradients(batch);
  const auto head_rows = static_cast<std::int64_t>(distinct_.size());
  std::vector<Task> tasks;
  head_.add_backward_tasks(tasks, du_.narrow(0, 0, head_rows));
  tail_.add_backward_tasks(tasks, du_.narrow(0, head_rows, du_.size(0) - head_rows));
  run_tasks(tasks);

  const auto rates = rates_of(rule_, ++steps_);
  tasks.clear();
  const auto *head_dx = head_.input_gradients().data_ptr<float>(), *tail_dx = tail_.input_gradients().data_ptr<float>();
  update_entities(batch, tail_dx, rates, tasks);
  head_.add_update_tasks(tasks, rates);
  tail_.add_update_tasks(tasks, rates);
  run_tasks(tasks);
  update_queries(batch, head_dx, tail_dx, rates);
  return nats;
}

Nats FactStep::differentiate_rows(std::span<const Observation> batch, const float* rows) {
  u_.assign(rows, rows + (distinct_.size() + batch.size()) * table_.dim());
  pack(table_);
  partition(table_, true);
  const auto nats = loss(batch);
  compute_gradients(batch);
  return nats;
}

void FactStep::update(std::span<const Observation> batch, const float* head_inputs, const float* tail_inputs,
                      const std::vector<at::Tensor>& gradients) {
  const auto rates = rates_of(rule_, ++steps_);
  std::vector<Task> tasks;
  update_entities(batch, tail_inputs, rates, tasks);
  head_.add_update_tasks(tasks, rates, std::span(gradients).first(gradients.size() / 2));
  tail_.add_update_tasks(tasks, rates, std::span(gradients).last(gradients.size() / 2));
  run_tasks(tasks);
  update_queries(batch, head_inputs, tail_inputs, rates);
}

std::vector<FactLogs> FactStep::log_likelihoods(std::span<const Observation> observations, std::int64_t batch) {
  const c10::InferenceMode guard;
  PackedTable table(table_.entities(), table_.dim(), Rounding::None);
  pack(table);
  std::vector<FactLogs> logs;
  logs.reserve(observations.size());
  for (std::size_t begin = 0; begin < observations.size(); begin += static_cast<std::size_t>(batch)) {
    const auto part = observations.subspan(begin, std::min<std::size_t>(observations.size() - begin, batch));
    compute_rows(part);
    partition(table, false);
    for (std::size_t i = 0; i < part.size(); ++i) {
      logs.push_back({log_probability(head_row_[i], part[i].head), log_probability(tail_row(i), part[i].tail)});
    }
  }
  return logs;
}

}  // namespace terse::relsim
