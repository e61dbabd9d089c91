#include "terse/relsim/divergence/sampled_divergence.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/statistics/student_t.hpp"

namespace terse::relsim {
namespace {

/// The first place at which the running sum of exp(log_p) exceeds `at`, a uniform number; the last one if none does.
std::int64_t draw(const at::Tensor& log_p, double at) {
  const auto values = log_p.to(at::kDouble).contiguous();
  const auto* p = values.data_ptr<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    sum += std::exp(p[i]);
    if (sum > at) return i;
  }
  return values.numel() - 1;
}

/// One fact's head, drawn for a relation; the tail is drawn where the head's distributions are at hand.
struct Draw {
  std::int64_t head = 0, relation = 0, number = 0;
  double tail_at = 0;  // the uniform number that decides on the tail
};

/// All draws, by head.
std::vector<Draw> draw_heads(const at::Tensor& log_head, const SampleOptions& options, std::int64_t relations) {
  std::vector<Draw> draws;
  for (std::int64_t a = 0; a < relations; ++a) {
    core::RandomSequence random({options.seed, core::stream_of("relsim/facts"), static_cast<std::uint32_t>(a)});
    for (std::int64_t i = 0; i < options.draws; ++i) {
      const auto head = draw(log_head[a], random.uniform());
      draws.push_back({head, a, i, random.uniform()});
    }
  }
  std::stable_sort(draws.begin(), draws.end(), [](const Draw& x, const Draw& y) { return x.head < y.head; });
  return draws;
}

}  // namespace

Divergences sampled_divergences(const FactModel& model, const SampleOptions& options) {
  if (options.draws < 2) throw Error(Error::Usage, "an interval needs at least 2 draws");
  prepare_compute_thread();
  const c10::InferenceMode guard;
  const TailDivergence tails(model, options.swapped, options.precision);
  const auto relations = tails.relations(), queries = tails.queries();
  const auto log_head = tails.log_head(0, tails.entities());
  const auto draws = draw_heads(log_head, options, relations);
  std::vector<std::size_t> begins;  // of each distinct head's draws
  for (std::size_t i = 0; i < draws.size(); ++i) {
    if (i == 0 || draws[i].head != draws[i - 1].head) begins.push_back(i);
  }
  begins.push_back(draws.size());
  auto ratios = at::empty({relations, options.draws, queries}, at::kDouble);  // log P(h,t|a) - log P(h,t|q)
  std::mutex mutex;
  std::uint64_t done = 0;
  parallel_compute(begins.size() - 1, 1, [&](std::size_t begin, std::size_t end) {
    for (auto group = begin; group < end; ++group) {
      const auto head = draws[begins[group]].head;
      const auto u = tails.parameters().at_heads({&head, 1})[0];  // [Q, dim]
      const auto log_z = tails.table().partition(u, false).log_z;
      for (auto i = begins[group]; i < begins[group + 1]; ++i) {
        const auto a = draws[i].relation;
        const auto tail = draw(at::mv(tails.table().values(), u[a]) - log_z[a], draws[i].tail_at);
        const auto log_p = (at::mv(u, tails.table().values()[tail]) - log_z).to(at::kDouble) + log_head.select(1, head);
        ratios[a][draws[i].number].copy_(log_p[a] - log_p);
      }
      const std::lock_guard lock(mutex);
      if (options.on_progress) options.on_progress(++done, begins.size() - 1);
    }
  });
  const auto mean = ratios.mean(1);
  const double quantile = student_t_quantile(0.975, static_cast<double>(options.draws - 1));
  const auto error = ratios.std(1, /*unbiased=*/true) * (quantile / std::sqrt(static_cast<double>(options.draws)));
  Divergences result;
  store_divergences(mean, result.same, result.swapped);
  store_divergences(error, result.same_error, result.swapped_error);
  result.precision = tails.precision();
  result.heads = static_cast<std::int64_t>(begins.size() - 1);
  return result;
}

}  // namespace terse::relsim
