#include "terse/relsim/divergence/partition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "terse/relsim/model/row_kernels.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kRowBlock = 128;      // rows at a time
constexpr std::int64_t kEntityBlock = 1024;  // columns at a time where a block of logits should stay in L2

/// log of a growing sum of exponentials.
struct LogSum {
  double value = -std::numeric_limits<double>::infinity();
  void add(double log_term) {
    const double high = std::max(value, log_term);
    value = high + std::log(std::exp(value - high) + std::exp(log_term - high));
  }
};

Partition fused_attention(const at::Tensor& u, const at::Tensor& table) {
  const auto queries = u.view({1, 1, u.size(0), u.size(1)});
  const auto keys = table.view({1, 1, table.size(0), table.size(1)});
  auto [output, log_sum_exp] =
      at::_scaled_dot_product_flash_attention_for_cpu(queries, keys, keys, 0.0, false, std::nullopt, 1.0);
  return {log_sum_exp.reshape({u.size(0)}), output.reshape(u.sizes())};
}

/// float32 without the mean: products of blocks that stay in near caches, each summed while it is there.
Partition log_sums(const at::Tensor& u, const at::Tensor& table) {
  const auto n = u.size(0), entities = table.size(0);
  Partition result{at::empty({n}, u.options()), {}};
  auto* log_z = result.log_z.data_ptr<float>();
  auto logits = at::empty({kRowBlock, kEntityBlock}, u.options());
  std::vector<LogSum> sums(kRowBlock);
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    const auto rows = std::min(kRowBlock, n - begin);
    std::fill(sums.begin(), sums.end(), LogSum{});
    for (std::int64_t e = 0; e < entities; e += kEntityBlock) {
      const auto columns = std::min(kEntityBlock, entities - e);
      auto block = logits.narrow(0, 0, rows).narrow(1, 0, columns);
      at::mm_out(block, u.narrow(0, begin, rows), table.narrow(0, e, columns).t());
      for (std::int64_t i = 0; i < rows; ++i) {
        sums[static_cast<std::size_t>(i)].add(log_sum_exp_row(logits.data_ptr<float>() + i * kEntityBlock,
                                                              static_cast<std::size_t>(columns)));
      }
    }
    for (std::int64_t i = 0; i < rows; ++i) log_z[begin + i] = static_cast<float>(sums[static_cast<std::size_t>(i)].value);
  }
  return result;
}

Partition precise(const at::Tensor& u, const at::Tensor& table, bool with_mean) {
  const auto n = u.size(0);
  Partition result{at::empty({n}, u.options()), with_mean ? at::empty_like(u) : at::Tensor()};
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    const auto count = std::min(kRowBlock, n - begin);
    auto logits = at::mm(u.narrow(0, begin, count), table.t());
    auto log_z = result.log_z.narrow(0, begin, count);
    log_z.copy_(at::logsumexp(logits, 1));
    if (with_mean) {
      auto mean = result.mean.narrow(0, begin, count);
      at::mm_out(mean, logits.sub_(log_z.unsqueeze(1)).exp_(), table);
    }
  }
  return result;
}

}  // namespace

Partition partition(const at::Tensor& u, const at::Tensor& table, bool with_mean) {
  if (u.scalar_type() == at::kDouble) return precise(u, table, with_mean);
  return with_mean ? fused_attention(u, table) : log_sums(u, table);
}

}  // namespace terse::relsim
