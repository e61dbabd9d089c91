#include "terse/relsim/divergence/partition.hpp"

#include <algorithm>

namespace terse::relsim {
namespace {

constexpr std::int64_t kRowBlock = 128;  // rows at a time

Partition precise(const at::Tensor& u, const at::Tensor& table, const at::Tensor& log_weights, bool with_mean) {
  const auto n = u.size(0);
  Partition result{at::empty({n}, u.options()), with_mean ? at::empty_like(u) : at::Tensor()};
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    const auto count = std::min(kRowBlock, n - begin);
    auto logits = at::mm(u.narrow(0, begin, count), table.t());
    if (log_weights.defined()) logits += log_weights;
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

at::Tensor rounded(const at::Tensor& values, Rounding rounding) {
  return rounding == Rounding::None ? values : values.to(at::kBFloat16).to(values.scalar_type());
}

EntityTable::EntityTable(at::Tensor table, at::Tensor log_weights, Rounding rounding)
    : table_(std::move(table)), log_weights_(std::move(log_weights)) {
  if (table_.scalar_type() == at::kDouble) return;
  // A weight is one more dimension, in which every u is 1.
  const auto values = log_weights_.defined() ? at::cat({table_, log_weights_.unsqueeze(1)}, 1) : table_;
  packed_ = std::make_shared<PackedTable>(values.data_ptr<float>(), static_cast<std::size_t>(values.size(0)),
                                          static_cast<std::size_t>(values.size(1)), rounding);
}

Partition EntityTable::partition(const at::Tensor& u, bool with_mean) const {
  if (!packed_) return precise(u, table_, log_weights_, with_mean);
  const auto rows = log_weights_.defined() ? at::cat({u, at::ones({u.size(0), 1}, u.options())}, 1) : u.contiguous();
  Partition result{at::empty({rows.size(0)}, rows.options()), with_mean ? at::empty_like(rows) : at::Tensor()};
  packed_->partition(rows.data_ptr<float>(), static_cast<std::size_t>(rows.size(0)), result.log_z.data_ptr<float>(),
                     with_mean ? result.mean.data_ptr<float>() : nullptr);
  if (with_mean && log_weights_.defined()) result.mean = result.mean.narrow(1, 0, u.size(1)).contiguous();
  return result;
}

}  // namespace terse::relsim
