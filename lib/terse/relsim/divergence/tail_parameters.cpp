#include "terse/relsim/divergence/tail_parameters.hpp"

#include <algorithm>

#include "terse/relsim/kernels/sparse_rows.hpp"

namespace terse::relsim {

TailParameters::TailParameters(const FactModel& model, std::int64_t queries, at::ScalarType type, Rounding rounding)
    : entity_(model.entity), rounding_(rounding) {
  first_ = model.tail.linear_weight(0).to(at::kDouble).t().contiguous();
  const auto query = model.query.narrow(0, 0, queries).to(at::kDouble);
  query_layer_ = at::addmm(model.tail.bias[0].to(at::kDouble), query, first_).to(type);
  for (int i = 0; i < 2; ++i) {
    weight_[i] = model.tail.weight[i + 1].to(type).contiguous();
    bias_[i] = model.tail.bias[i + 1].to(type).contiguous();
  }
}

at::Tensor TailParameters::at_heads(std::span<const std::int64_t> heads) const {
  return rounded(query_layer_.scalar_type() == at::kDouble ? dense(heads) : sparse(heads), rounding_);
}

at::Tensor TailParameters::entity_layer(std::span<const std::int64_t> heads) const {
  const auto rows = at::tensor(at::ArrayRef<std::int64_t>(heads.data(), heads.size()));
  return at::mm(entity_.index_select(0, rows).to(at::kDouble), first_).to(query_layer_.scalar_type());
}

at::Tensor TailParameters::dense(std::span<const std::int64_t> heads) const {
  const auto count = static_cast<std::int64_t>(heads.size());
  auto x = at::relu(entity_layer(heads).unsqueeze(1) + query_layer_.unsqueeze(0));
  x = at::addmm(bias_[0], x.view({-1, x.size(2)}), weight_[0]).relu_();
  return at::addmm(bias_[1], x, weight_[1]).view({count, query_layer_.size(0), -1});
}

at::Tensor TailParameters::sparse(std::span<const std::int64_t> heads) const {
  const auto count = static_cast<std::int64_t>(heads.size());
  constexpr std::int64_t kRows = 128;  // queries at a time: what they need stays in near caches
  const auto queries = query_layer_.size(0), hidden = query_layer_.size(1), dim = weight_[1].size(1);
  auto result = at::empty({count, queries, dim}, query_layer_.options());
  auto layer = at::empty({std::min(kRows, queries), hidden}, query_layer_.options());
  const auto of_heads = entity_layer(heads);
  SparseRows active;
  const auto products = [&](int i, std::int64_t rows, float* output) {
    active.resize(static_cast<std::size_t>(rows), static_cast<std::size_t>(hidden));
    for (std::int64_t row = 0; row < rows; ++row) {
      active.set_positive(static_cast<std::size_t>(row), layer.data_ptr<float>() + row * hidden);
    }
    sparse_product(active, 0, static_cast<std::size_t>(rows), weight_[i].data_ptr<float>(),
                   static_cast<std::size_t>(weight_[i].size(1)), bias_[i].data_ptr<float>(), output);
  };
  for (std::int64_t head = 0; head < count; ++head) {
    for (std::int64_t begin = 0; begin < queries; begin += kRows) {
      const auto rows = std::min(kRows, queries - begin);
      auto first_layer = layer.narrow(0, 0, rows);
      at::add_out(first_layer, query_layer_.narrow(0, begin, rows), of_heads[head]);
      products(0, rows, layer.data_ptr<float>());
      products(1, rows, result.data_ptr<float>() + (head * queries + begin) * dim);
    }
  }
  return result;
}

}  // namespace terse::relsim
