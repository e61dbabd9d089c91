#include "terse/relsim/divergence/exact_divergence.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <string>

#include "terse/core/error.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kRowsPerBlock = 4096;    // (head, query) rows of MLP2 at a time
constexpr std::int64_t kLaneBytes = 256 << 20;  // of all lanes' sums together

/// Adds Σ_h P(h|a) D_h(a,q) over heads first … first + count - 1 to [R, Q] `sum`.
void add_heads(const TailDivergence& tails, std::int64_t first, std::int64_t count, at::Tensor& sum) {
  std::vector<std::int64_t> heads(static_cast<std::size_t>(count));
  std::iota(heads.begin(), heads.end(), first);
  const auto relations = tails.relations(), queries = tails.queries();
  const auto mass = tails.log_head(first, count).narrow(0, 0, relations).exp();  // P(h|a), [R, count]
  const auto terms = tails.at_heads(heads);
  const auto width = count * terms.u.size(2);
  const auto weighted_mean = terms.mean * mass.t().unsqueeze(2).to(terms.mean.scalar_type());  // [count, R, dim]
  const auto cross = at::mm(weighted_mean.transpose(0, 1).reshape({relations, width}),
                            terms.u.transpose(0, 1).reshape({queries, width}).t());  // Σ_h P(h|a) ē_a·u_q
  sum += (mass * terms.own.t()).sum(1, true) - cross.to(at::kDouble) + at::mm(mass, terms.log_z);
}

}  // namespace

void store_divergences(const at::Tensor& sums, std::vector<double>& same, std::vector<double>& swapped) {
  const auto relations = sums.size(0), queries = sums.size(1);
  const auto store = [&](std::int64_t first, std::vector<double>& into) {
    const auto part = sums.narrow(1, first, relations).contiguous();
    into.assign(part.data_ptr<double>(), part.data_ptr<double>() + part.numel());
    for (auto& value : into) value = std::max(value, 0.0);
  };
  store(0, same);
  for (std::int64_t r = 0; r < relations; ++r) same[static_cast<std::size_t>(r * relations + r)] = 0;
  if (queries > relations) store(relations, swapped);
}

LaneSums exact_lane_sums(const FactModel& model, const ExactOptions& options, std::int64_t shard, std::int64_t shards) {
  prepare_compute_thread();
  const c10::InferenceMode guard;
  const TailDivergence tails(model, options.swapped, options.precision);
  const auto entities = tails.entities(), pairs = tails.relations() * tails.queries();
  // Small enough that there are lanes for all threads and shards, large enough for products of blocks.
  const auto block = std::max<std::int64_t>(1, std::min(kRowsPerBlock / tails.queries(), entities / 16));
  const auto blocks = (entities + block - 1) / block;
  // Each lane sums its heads in order, and lanes are added in order; their number depends on sizes alone.
  const auto lanes = std::min(blocks, std::clamp<std::int64_t>(kLaneBytes / (pairs * 8), 8, 64));
  if (shard < 0 || shard >= shards || shards > lanes) {
    throw Error(Error::Usage, "this model can be split into 1 to " + std::to_string(lanes) + " shards");
  }
  const auto first_lane = shard * lanes / shards, here = (shard + 1) * lanes / shards - first_lane;
  LaneSums result;
  result.relations = tails.relations();
  result.queries = tails.queries();
  result.first_lane = first_lane;
  result.lanes = lanes;
  result.precision = tails.precision();
  result.sums.resize(static_cast<std::size_t>(here * pairs));
  const auto first_head = std::min(entities, first_lane * blocks / lanes * block);
  const auto end_head = std::min(entities, (first_lane + here) * blocks / lanes * block);
  std::mutex mutex;
  std::uint64_t done = 0;
  parallel_compute(static_cast<std::size_t>(here), 1, [&](std::size_t begin, std::size_t end) {
    for (auto i = static_cast<std::int64_t>(begin); i < static_cast<std::int64_t>(end); ++i) {
      const auto lane = first_lane + i;
      auto sum = at::zeros({tails.relations(), tails.queries()}, at::kDouble);
      for (auto b = lane * blocks / lanes; b < (lane + 1) * blocks / lanes; ++b) {
        const auto first = b * block, count = std::min(block, entities - first);
        add_heads(tails, first, count, sum);
        if (!options.on_progress) continue;
        const std::lock_guard lock(mutex);
        options.on_progress(done += static_cast<std::uint64_t>(count),
                            static_cast<std::uint64_t>(end_head - first_head));
      }
      std::copy_n(sum.data_ptr<double>(), pairs, result.sums.begin() + i * pairs);
    }
  });
  const auto heads = tails.head_divergence();
  result.heads.assign(heads.data_ptr<double>(), heads.data_ptr<double>() + pairs);
  return result;
}

Divergences join_lanes(std::span<const LaneSums> parts) {
  const auto& first = parts.front();
  auto total = first.heads;
  for (const auto& part : parts) {
    for (std::size_t i = 0; i < part.sums.size(); ++i) total[i % total.size()] += part.sums[i];
  }
  Divergences result;
  store_divergences(at::from_blob(total.data(), {first.relations, first.queries}, at::kDouble), result.same,
                    result.swapped);
  result.precision = first.precision;
  return result;
}

Divergences exact_divergences(const FactModel& model, const ExactOptions& options) {
  const auto sums = exact_lane_sums(model, options, 0, 1);
  auto result = join_lanes({&sums, 1});
  result.heads = model.entity.size(0);
  return result;
}

}  // namespace terse::relsim
