#include "terse/relsim/divergence/entity_sample.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/kernels/pair_product.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kProbeRows = 4096;  // pairs of a head and a query
constexpr std::int64_t kProbeBlock = 128;
constexpr double kLeastShare = 0.05;  // of the mean: no entity's weight grows beyond bounds

/// Mean of P(t|h,q)² over heads as relations have them and queries, [E].
std::vector<double> mean_squares(const FactModel& model, const TailDivergence& tails, const at::Tensor& mass,
                                 std::uint64_t seed) {
  const auto entities = tails.entities();
  const auto cumulative = mass.mean(0).cumsum(0);
  const auto* sums = cumulative.data_ptr<double>();
  const core::RandomKey key{seed, core::stream_of("relsim/entity-probe"), 0};
  std::vector<std::int64_t> heads, queries;
  for (std::int64_t i = 0; i < kProbeRows; ++i) {
    const auto words = core::random_block(key, static_cast<std::uint64_t>(i));
    const double place = core::to_unit_double(words[0], words[1]) * sums[entities - 1];
    heads.push_back(std::min(std::upper_bound(sums, sums + entities, place) - sums, entities - 1));
    queries.push_back(
        static_cast<std::int64_t>(core::to_unit_double(words[2], words[3]) * static_cast<double>(tails.queries())));
  }
  const auto rows = [&](const at::Tensor& table, const std::vector<std::int64_t>& which, std::int64_t first) {
    return table.index_select(0, at::tensor(at::ArrayRef(which.data() + first, kProbeBlock)));
  };
  std::vector<at::Tensor> parts(kProbeRows / kProbeBlock);
  parallel_compute(parts.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto b = begin; b < end; ++b) {
      const auto first = static_cast<std::int64_t>(b) * kProbeBlock;
      const auto u = run_mlp(model.tail, rows(model.query, queries, first) + rows(model.entity, heads, first));
      auto p = at::softmax(at::mm(u, tails.table().values().to(at::kFloat).t()), 1);
      parts[b] = p.square_().sum(0).to(at::kDouble);
    }
  });
  std::vector<double> result(static_cast<std::size_t>(entities));
  for (const auto& part : parts) {
    for (std::size_t t = 0; t < result.size(); ++t) result[t] += part.data_ptr<double>()[t] / kProbeRows;
  }
  return result;
}

/// Probabilities in proportion to `size`, at most 1, that sum to `count`.
std::vector<double> inclusion(const std::vector<double>& size, double count) {
  std::vector<double> result(size.size());
  double scale = 0;
  for (;;) {  // each pass takes as certain what the last scale makes certain
    double certain = 0, rest = 0;
    for (const double s : size) (scale * s >= 1 ? certain : rest) += scale * s >= 1 ? 1 : s;
    const double next = rest > 0 ? (count - certain) / rest : scale;
    if (next <= scale * (1 + 1e-12)) break;
    scale = next;
  }
  std::transform(size.begin(), size.end(), result.begin(), [&](double s) { return std::min(1.0, scale * s); });
  return result;
}

}  // namespace

EntityTable sample_entities(const FactModel& model, const TailDivergence& tails, const at::Tensor& mass,
                            std::int64_t count, std::uint64_t seed) {
  auto size = mean_squares(model, tails, mass, seed);
  double mean = 0;
  for (auto& value : size) mean += (value = std::sqrt(value)) / static_cast<double>(size.size());
  for (auto& value : size) value += kLeastShare * mean;
  const auto probability = inclusion(size, static_cast<double>(count));
  // Systematic: one place in each step of 1 along the probabilities' sum.
  const auto words = core::random_block({seed, core::stream_of("relsim/entities"), 0}, 0);
  double sum = core::to_unit_double(words[0], words[1]);
  std::vector<std::int64_t> chosen;
  std::vector<double> log_weight;
  for (std::size_t t = 0; t < probability.size(); ++t) {
    const double before = std::floor(sum);
    sum += probability[t];
    if (std::floor(sum) == before) continue;
    chosen.push_back(static_cast<std::int64_t>(t));
    log_weight.push_back(-std::log(probability[t]));
  }
  const auto& table = tails.table().values();
  return EntityTable(table.index_select(0, at::tensor(at::ArrayRef(chosen))).contiguous(),
                     at::tensor(at::ArrayRef(log_weight), at::kDouble).to(table.scalar_type()),
                     has_pair_instructions() ? Rounding::Bfloat16 : Rounding::None);
}

}  // namespace terse::relsim
