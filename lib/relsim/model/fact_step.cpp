#include "terse/relsim/model/fact_step.hpp"

#include <algorithm>
#include <numeric>

#include "terse/relsim/model/block_product.hpp"
#include "terse/relsim/model/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kPanel = 64;         // entities whose vectors stay in the nearest cache
constexpr std::size_t kHalf = kPanel / 2;  // entities e and kHalf + e of a panel are a pair
constexpr std::size_t kPanelsAtOnce = 8;
constexpr std::size_t kColumns = 16;       // block_product's columns come in so many
constexpr std::size_t kGradientRows = 48;  // rows of the batch at a time
constexpr std::size_t kSoftmaxGrain = 8;

std::size_t extent_of(const at::Tensor& tensor, std::int64_t axis) { return static_cast<std::size_t>(tensor.size(axis)); }
std::size_t padded(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

/// Pairs that took the place of floats.
std::uint32_t* pairs_at(float* values) { return reinterpret_cast<std::uint32_t*>(values); }
const std::uint32_t* pairs_at(const float* values) { return reinterpret_cast<const std::uint32_t*>(values); }

}  // namespace

std::vector<Observation> both_directions(std::span<const Triple> triples, std::int32_t relations) {
  std::vector<Observation> observations;
  observations.reserve(2 * triples.size());
  for (const auto& t : triples) observations.push_back({t.head, t.relation, t.tail});
  for (const auto& t : triples) observations.push_back({t.tail, relations + t.relation, t.head});
  return observations;
}

FactStep::FactStep(const FactModel& model, double lr, double weight_decay, Rounding rounding)
    : entity_(model.entity), query_(model.query), head_(model.head, rounding), tail_(model.tail, rounding), lr_(lr),
      weight_decay_(weight_decay), rounding_(rounding) {}

std::vector<const AdamParameter*> FactStep::parameters() const {
  std::vector<const AdamParameter*> all{&entity_, &query_};
  for (const auto* pass : {&head_, &tail_}) {
    for (std::size_t i = 0; i < 3; ++i) {
      all.push_back(&pass->weights()[i]);
      all.push_back(&pass->biases()[i]);
    }
  }
  return all;
}

void FactStep::gather(std::span<const Observation> batch) {
  distinct_.clear();
  heads_.clear();
  for (const auto& o : batch) distinct_.push_back(o.query);
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
  heads_.resize(distinct_.size());
  for (const auto& o : batch) {
    const auto row = std::lower_bound(distinct_.begin(), distinct_.end(), o.query) - distinct_.begin();
    heads_[static_cast<std::size_t>(row)].push_back(o.head);
  }
  const auto dim = static_cast<std::size_t>(entity_.value().size(1));
  const auto* entity = entity_.value().data_ptr<float>();
  const auto* query = query_.value().data_ptr<float>();
  auto* x = head_.inputs(static_cast<std::int64_t>(distinct_.size())).data_ptr<float>();
  for (const auto q : distinct_) x = std::copy_n(query + static_cast<std::size_t>(q) * dim, dim, x);
  x = tail_.inputs(static_cast<std::int64_t>(batch.size())).data_ptr<float>();
  for (const auto& o : batch) {
    const auto* e = entity + static_cast<std::size_t>(o.head) * dim;
    const auto* q = query + static_cast<std::size_t>(o.query) * dim;
    for (std::size_t i = 0; i < dim; ++i) *x++ = q[i] + e[i];
  }
}

void FactStep::compute_logits(Rounding rounding) {
  std::vector<Task> tasks;
  head_.add_forward_tasks(tasks);
  tail_.add_forward_tasks(tasks);
  run_tasks(tasks);

  const auto entities = extent_of(entity_.value(), 0), dim = extent_of(entity_.value(), 1), width = padded(dim, kColumns);
  const auto stride = padded(entities, kPanel), head_rows = extent_of(head_.outputs(), 0);
  rows_ = head_.outputs().size(0) + tail_.outputs().size(0);
  const auto rows = static_cast<std::size_t>(rows_);
  if (logits_.size() < rows * stride) {
    u_.assign(rows * width, 0);
    du_ = at::empty({rows_, entity_.value().size(1)});
    logits_.resize(rows * stride);
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const auto& from = i < head_rows ? head_.outputs() : tail_.outputs();
    std::copy_n(from.data_ptr<float>() + (i < head_rows ? i : i - head_rows) * dim, dim, u_.begin() + i * width);
  }
  rounding == Rounding::None ? multiply_table() : multiply_rounded_table();
}

void FactStep::multiply_table() {
  const auto entities = extent_of(entity_.value(), 0), dim = extent_of(entity_.value(), 1), width = padded(dim, kColumns);
  const auto stride = padded(entities, kPanel), rows = static_cast<std::size_t>(rows_);
  const auto* table = entity_.value().data_ptr<float>();
  parallel_compute(stride, kPanelsAtOnce * kPanel, [&](std::size_t begin, std::size_t end) {
    std::vector<float> panel(dim * kPanel);  // the entities' vectors, one a column
    for (auto first = begin; first < end; first += kPanel) {
      const auto count = std::min(kPanel, entities - first);
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < dim; ++k) panel[k * kPanel + e] = table[(first + e) * dim + k];
      }
      block_product(u_.data(), width, 1, panel.data(), kPanel, rows, dim, kPanel, logits_.data() + first, stride);
    }
  });
}

void FactStep::multiply_rounded_table() {
  const auto entities = extent_of(entity_.value(), 0), dim = extent_of(entity_.value(), 1), width = padded(dim, kColumns);
  const auto stride = padded(entities, kPanel), rows = static_cast<std::size_t>(rows_), half = width / 2;
  std::vector<std::uint32_t> u(rows * half);  // pairs of dimensions k and half + k
  u_pairs_.resize((rows + 1) / 2 * width);
  const std::vector<float> none(width);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto* row = u_.data() + i * width;
    join_pairs(row, row + half, half, u.data() + i * half);
    if (i % 2 == 0) join_pairs(row, i + 1 < rows ? row + width : none.data(), width, u_pairs_.data() + i / 2 * width);
  }
  entity_pairs_.resize(stride / 2 * width);
  const auto* table = entity_.value().data_ptr<float>();
  parallel_compute(stride, kPanelsAtOnce * kPanel, [&](std::size_t begin, std::size_t end) {
    std::vector<float> by_entity(kPanel * width), by_dimension(width * kPanel);
    std::vector<std::uint32_t> panel(half * kPanel);
    for (auto first = begin; first < end; first += kPanel) {
      const auto count = std::min(kPanel, entities - first);
      if (count < kPanel) {
        std::fill(by_entity.begin(), by_entity.end(), 0.0f);
        std::fill(by_dimension.begin(), by_dimension.end(), 0.0f);
      }
      for (std::size_t e = 0; e < count; ++e) {
        const auto* row = table + (first + e) * dim;
        std::copy_n(row, dim, by_entity.begin() + static_cast<std::ptrdiff_t>(e * width));
        for (std::size_t k = 0; k < dim; ++k) by_dimension[k * kPanel + e] = row[k];
      }
      join_pairs(by_entity.data(), by_entity.data() + kHalf * width, kHalf * width, entity_pairs_.data() + first / 2 * width);
      join_pairs(by_dimension.data(), by_dimension.data() + half * kPanel, half * kPanel, panel.data());
      pair_product({u.data(), half, 1, panel.data(), kPanel, logits_.data() + first, stride, rows, half, kPanel}, false);
    }
  });
}

void FactStep::compute_parameter_gradients() {
  const auto dim = extent_of(entity_.value(), 1), width = padded(dim, kColumns);
  auto* du = du_.data_ptr<float>();
  parallel_compute(static_cast<std::size_t>(rows_), kGradientRows, [&](std::size_t begin, std::size_t end) {
    const auto rows = end - begin;
    std::vector<float> sum(rows * width);
    rounding_ == Rounding::None ? add_table_rows(begin, rows, sum) : add_rounded_table_rows(begin, rows, sum);
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(sum.begin() + i * width, dim, du + (begin + i) * dim);
  });
}

void FactStep::add_table_rows(std::size_t begin, std::size_t rows, std::vector<float>& sum) const {
  const auto entities = extent_of(entity_.value(), 0), dim = extent_of(entity_.value(), 1), width = padded(dim, kColumns);
  const auto stride = padded(entities, kPanel);
  const auto* table = entity_.value().data_ptr<float>();
  std::vector<float> panel(kPanel * width);
  for (std::size_t first = 0; first < entities; first += kPanel) {
    const auto count = std::min(kPanel, entities - first);
    for (std::size_t e = 0; e < count; ++e) std::copy_n(table + (first + e) * dim, dim, panel.begin() + e * width);
    add_block_product(logits_.data() + begin * stride + first, stride, 1, panel.data(), width, rows, count, width,
                      sum.data(), width);
  }
}

void FactStep::add_rounded_table_rows(std::size_t begin, std::size_t rows, std::vector<float>& sum) const {
  const auto stride = padded(extent_of(entity_.value(), 0), kPanel), width = padded(extent_of(entity_.value(), 1), kColumns);
  for (std::size_t first = 0; first < stride; first += kPanel) {
    pair_product({pairs_at(logits_.data() + begin * stride + first), stride, 1, entity_pairs_.data() + first / 2 * width,
                  width, sum.data(), width, rows, kHalf, width}, true);
  }
}

Nats FactStep::softmax_and_loss(std::span<const Observation> batch) {
  const auto entities = static_cast<std::size_t>(entity_.value().size(0));
  auto* logits = logits_.data();
  const auto stride = padded(entities, kPanel);
  std::vector<double> loss(static_cast<std::size_t>(rows_));
  parallel_compute(loss.size(), kSoftmaxGrain, [&](std::size_t begin, std::size_t end) {
    for (auto row = begin; row < end; ++row) {
      auto* values = logits + row * stride;
      const auto tail = [&] { return batch[row - heads_.size()].tail; };
      const std::int32_t single = row < heads_.size() ? 0 : tail();
      const auto targets = row < heads_.size() ? std::span<const std::int32_t>(heads_[row]) : std::span(&single, 1);
      double target_logits = 0;
      for (const auto target : targets) target_logits += static_cast<double>(values[target]);
      const double log_sum = softmax_row(values, entities, static_cast<float>(targets.size()));
      for (const auto target : targets) values[target] -= 1;
      if (rounding_ != Rounding::None) {
        for (auto* panel = values; panel < values + stride; panel += kPanel) join_pairs(panel, panel + kHalf, kHalf, pairs_at(panel));
      }
      loss[row] = static_cast<double>(targets.size()) * log_sum - target_logits;
    }
  });
  const auto middle = loss.begin() + static_cast<std::ptrdiff_t>(heads_.size());
  return {std::accumulate(loss.begin(), middle, 0.0), std::accumulate(middle, loss.end(), 0.0)};
}

void FactStep::multiply_gradient(std::size_t first, std::vector<float>& product) const {
  const auto entities = extent_of(entity_.value(), 0), width = padded(extent_of(entity_.value(), 1), kColumns);
  const auto stride = padded(entities, kPanel), rows = static_cast<std::size_t>(rows_);
  std::vector<float> panel(rows * kPanel);
  for (std::size_t i = 0; i < rows; ++i) {
    std::copy_n(logits_.begin() + static_cast<std::ptrdiff_t>(i * stride + first), kPanel, panel.begin() + i * kPanel);
  }
  block_product(panel.data(), 1, kPanel, u_.data(), width, std::min(kPanel, entities - first), rows, width, product.data(),
                width);
}

void FactStep::multiply_rounded_gradient(std::size_t first, std::vector<float>& product) const {
  const auto entities = extent_of(entity_.value(), 0), width = padded(extent_of(entity_.value(), 1), kColumns);
  const auto stride = padded(entities, kPanel), rows = static_cast<std::size_t>(rows_);
  const std::vector<std::uint32_t> none(kHalf);
  std::vector<std::uint32_t> panel((rows + 1) / 2 * kPanel);  // pairs of rows
  for (std::size_t i = 0; i < rows; i += 2) {
    const auto* even = pairs_at(logits_.data() + i * stride + first);
    const auto* odd = i + 1 < rows ? pairs_at(logits_.data() + (i + 1) * stride + first) : none.data();
    auto* into = panel.data() + i / 2 * kPanel;
    for (std::size_t e = 0; e < kHalf; ++e) {
      into[e] = (even[e] & 0xffffu) | odd[e] << 16;
      into[kHalf + e] = even[e] >> 16 | (odd[e] & 0xffff0000u);
    }
  }
  pair_product({panel.data(), 1, kPanel, u_pairs_.data(), width, product.data(), width, std::min(kPanel, entities - first),
                (rows + 1) / 2, width}, false);
}

void FactStep::update_entities(std::span<const Observation> batch, const AdamRates& rates, std::vector<Task>& tasks) {
  // Observations by head, so that each block of entities finds the input gradients that are its own.
  std::vector<std::int32_t> by_head(batch.size());
  std::iota(by_head.begin(), by_head.end(), 0);
  std::stable_sort(by_head.begin(), by_head.end(), [&](auto a, auto b) {
    return batch[static_cast<std::size_t>(a)].head < batch[static_cast<std::size_t>(b)].head;
  });
  const auto entities = entity_.value().size(0), dim = entity_.value().size(1);
  const auto width = padded(extent_of(entity_.value(), 1), kColumns);
  constexpr auto kBlock = static_cast<std::int64_t>(kPanel);
  for (std::int64_t begin = 0; begin < entities; begin += kBlock) {
    const auto count = std::min(kBlock, entities - begin);
    tasks.push_back([this, batch, by_head, rates, begin, count, dim, width] {
      const auto extent = static_cast<std::size_t>(dim), first = static_cast<std::size_t>(begin);
      std::vector<float> product(kPanel * width), gradient(kPanel * extent);
      rounding_ == Rounding::None ? multiply_gradient(first, product) : multiply_rounded_gradient(first, product);
      for (std::size_t e = 0; e < static_cast<std::size_t>(count); ++e) {
        std::copy_n(product.begin() + e * width, extent, gradient.begin() + e * extent);
      }
      auto* values = gradient.data();
      const auto* dx = tail_.input_gradients().data_ptr<float>();
      auto at = std::lower_bound(by_head.begin(), by_head.end(), begin, [&](auto row, auto head) {
        return batch[static_cast<std::size_t>(row)].head < head;
      });
      for (; at != by_head.end() && batch[static_cast<std::size_t>(*at)].head < begin + count; ++at) {
        auto* target = values + (batch[static_cast<std::size_t>(*at)].head - begin) * dim;
        for (std::int64_t i = 0; i < dim; ++i) target[i] += dx[*at * dim + i];
      }
      entity_.update(begin * dim, count * dim, values, rates);
    });
  }
}

void FactStep::update_queries(std::span<const Observation> batch, const AdamRates& rates) {
  const auto dim = query_.value().size(1);
  auto gradient = at::zeros_like(query_.value());
  auto* values = gradient.data_ptr<float>();
  const auto add = [&](std::int32_t query, const float* from) {
    for (std::int64_t i = 0; i < dim; ++i) values[query * dim + i] += from[i];
  };
  for (std::size_t i = 0; i < distinct_.size(); ++i) {
    add(distinct_[i], head_.input_gradients().data_ptr<float>() + static_cast<std::int64_t>(i) * dim);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    add(batch[i].query, tail_.input_gradients().data_ptr<float>() + static_cast<std::int64_t>(i) * dim);
  }
  query_.update(0, gradient.numel(), values, rates);
}

Nats FactStep::step(std::span<const Observation> batch) {
  const c10::InferenceMode guard;
  gather(batch);
  compute_logits(rounding_);
  const auto nats = softmax_and_loss(batch);

  compute_parameter_gradients();
  const auto head_rows = static_cast<std::int64_t>(distinct_.size());
  std::vector<Task> tasks;
  head_.add_backward_tasks(tasks, du_.narrow(0, 0, head_rows));
  tail_.add_backward_tasks(tasks, du_.narrow(0, head_rows, rows_ - head_rows));
  run_tasks(tasks);

  const auto rates = adam_rates(lr_, weight_decay_, ++steps_);
  tasks.clear();
  update_entities(batch, rates, tasks);
  head_.add_update_tasks(tasks, rates);
  tail_.add_update_tasks(tasks, rates);
  run_tasks(tasks);
  update_queries(batch, rates);
  return nats;
}

std::vector<FactLogs> FactStep::log_likelihoods(std::span<const Observation> observations, std::int64_t batch) {
  const c10::InferenceMode guard;
  const auto entities = extent_of(entity_.value(), 0), stride = padded(entities, kPanel);
  std::vector<FactLogs> logs;
  logs.reserve(observations.size());
  for (std::size_t begin = 0; begin < observations.size(); begin += static_cast<std::size_t>(batch)) {
    const auto part = observations.subspan(begin, std::min<std::size_t>(observations.size() - begin, batch));
    gather(part);
    compute_logits(Rounding::None);
    const auto head_row = [&](const Observation& o) {
      return static_cast<std::size_t>(std::lower_bound(distinct_.begin(), distinct_.end(), o.query) - distinct_.begin());
    };
    const auto logit = [&](std::size_t row, std::int32_t entity) {
      return static_cast<double>(logits_[row * stride + static_cast<std::size_t>(entity)]);
    };
    for (std::size_t i = 0; i < part.size(); ++i) {
      logs.push_back({logit(head_row(part[i]), part[i].head), logit(heads_.size() + i, part[i].tail)});
    }
    std::vector<double> log_sum(static_cast<std::size_t>(rows_));
    parallel_compute(log_sum.size(), kSoftmaxGrain, [&](std::size_t first, std::size_t end) {
      for (auto row = first; row < end; ++row) log_sum[row] = softmax_row(logits_.data() + row * stride, entities, 1);
    });
    for (std::size_t i = 0; i < part.size(); ++i) {
      logs[begin + i].head -= log_sum[head_row(part[i])];
      logs[begin + i].tail -= log_sum[heads_.size() + i];
    }
  }
  return logs;
}

}  // namespace terse::relsim
