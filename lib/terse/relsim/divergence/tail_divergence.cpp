#include "terse/relsim/divergence/tail_divergence.hpp"

#include <algorithm>

namespace terse::relsim {
namespace {

// Multiply-adds of the whole computation up to which float64 is affordable: seconds.
constexpr double kDoubleWork = 1e11;
constexpr std::int64_t kHeadBlock = 1024;

Precision resolve(Precision precision, const FactModelShape& shape, std::int64_t queries) {
  if (precision != Precision::Auto) return precision;
  const double rows = static_cast<double>(shape.entities) * static_cast<double>(queries);
  const double work =
      rows * (static_cast<double>(shape.entities * shape.dim) + static_cast<double>(shape.hidden * shape.hidden));
  return work < kDoubleWork ? Precision::Double : Precision::Single;
}

}  // namespace

TailDivergence::TailDivergence(const FactModel& model, bool swapped, Precision precision)
    : shape_(model.shape()),
      queries_(swapped ? 2 * shape_.relations : shape_.relations),
      precision_(resolve(precision, shape_, queries_)) {
  const auto type = is_double() ? at::kDouble : at::kFloat;
  const auto rounding = precision_ == Precision::Bfloat16 ? Rounding::Bfloat16 : Rounding::None;
  const auto table = model.entity.to(at::kDouble);
  const auto centred = table - table.mean(0, true);
  table_double_ = EntityTable(centred);
  table_ = EntityTable(rounded(centred.to(type), rounding), {}, rounding);
  head_u_ = run_mlp(model.head, model.query.narrow(0, 0, queries_), /*precise=*/true);
  head_log_z_ = table_double_.partition(head_u_, false).log_z;
  tail_ = std::make_unique<TailParameters>(model, queries_, type, rounding);
}

at::Tensor TailDivergence::log_head(std::int64_t first, std::int64_t count) const {
  return at::mm(head_u_, table_double_.values().narrow(0, first, count).t()) - head_log_z_.unsqueeze(1);
}

at::Tensor TailDivergence::head_divergence() const {
  auto sum = at::zeros({relations(), queries_}, at::kDouble);
  for (std::int64_t first = 0; first < entities(); first += kHeadBlock) {
    const auto log_p = log_head(first, std::min(kHeadBlock, entities() - first));
    const auto forward = log_p.narrow(0, 0, relations());
    const auto mass = forward.exp();
    sum += (mass * forward).sum(1, true) - at::mm(mass, log_p.t());
  }
  return sum;
}

TailDivergence::Terms TailDivergence::at_heads(std::span<const std::int64_t> heads) const {
  return terms(tail_->at_heads(heads), table_);
}

TailDivergence::Terms TailDivergence::terms(const at::Tensor& u, const EntityTable& table) const {
  const auto count = u.size(0), dim = shape_.dim;
  Terms terms;
  const auto forward_u = u.narrow(1, 0, relations()).contiguous();
  const auto forward = table.partition(forward_u.view({count * relations(), dim}), true);
  terms.mean = forward.mean.view({count, relations(), dim});
  const auto log_z = forward.log_z.view({count, relations()});
  if (queries_ == relations()) {
    terms.log_z = log_z.to(at::kDouble);
  } else {
    const auto inverse_u = u.narrow(1, relations(), relations()).contiguous();
    const auto inverse = table.partition(inverse_u.view({count * relations(), dim}), false);
    terms.log_z = at::cat({log_z, inverse.log_z.view({count, relations()})}, 1).to(at::kDouble);
  }
  const auto centre = u.mean(1, true);
  terms.u = u - centre;
  terms.own = (((forward_u - centre).to(at::kDouble) * terms.mean.to(at::kDouble)).sum(2) -
               terms.log_z.narrow(1, 0, relations()))
                  .contiguous();
  return terms;
}

at::Tensor TailDivergence::divergence(const Terms& terms) const {
  const auto cross = at::bmm(terms.mean, terms.u.transpose(1, 2)).contiguous();  // ē_a·u_q
  auto result = at::empty(cross.sizes(), at::kDouble);
  const auto rows = static_cast<std::size_t>(cross.size(0) * relations()), queries = static_cast<std::size_t>(queries_);
  const auto* own = terms.own.data_ptr<double>();
  const auto* log_z = terms.log_z.data_ptr<double>();
  auto* out = result.data_ptr<double>();
  const auto fill = [&](const auto* products) {
    for (std::size_t row = 0; row < rows; ++row) {
      const auto* log_z_q = log_z + row / static_cast<std::size_t>(relations()) * queries;
      for (std::size_t q = 0; q < queries; ++q) {
        const double value = own[row] - static_cast<double>(products[row * queries + q]) + log_z_q[q];
        out[row * queries + q] = value < 0 ? 0 : value;  // a NaN stays, to be seen
      }
    }
  };
  if (is_double())
    fill(cross.data_ptr<double>());
  else
    fill(cross.data_ptr<float>());
  return result;
}

}  // namespace terse::relsim
