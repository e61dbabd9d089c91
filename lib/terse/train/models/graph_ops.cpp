#include "terse/train/models/graph_ops.hpp"

#include <algorithm>
#include <limits>

namespace terse::train {

namespace {

// [nodes, c]: the largest score of the edges into each node. LibTorch's index_reduce would say at run time that it is
// in beta.
at::Tensor largest_at_targets(const at::Tensor& scores, const at::Tensor& edges, std::int64_t nodes) {
  const auto columns = scores.size(1), count = scores.size(0);
  const auto rows = scores.detach().contiguous(), targets = edges[1].contiguous();
  const auto largest = at::full({nodes, columns}, -std::numeric_limits<double>::infinity(), scores.options());
  const auto* const target = targets.const_data_ptr<std::int64_t>();
  AT_DISPATCH_FLOATING_TYPES(scores.scalar_type(), "largest_at_targets", [&] {
    const auto* const row = rows.const_data_ptr<scalar_t>();
    auto* const result = largest.mutable_data_ptr<scalar_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      auto* const most = result + target[i] * columns;
      for (std::int64_t j = 0; j < columns; ++j) most[j] = std::max(most[j], row[i * columns + j]);
    }
  });
  return largest;
}

}  // namespace

at::Tensor with_self_loops(const at::Tensor& edges, std::int64_t nodes) {
  return at::cat({edges, at::arange(nodes, edges.options()).expand({2, -1})}, 1);
}

at::Tensor symmetric_weights(const at::Tensor& edges, std::int64_t nodes) {
  const auto degree = at::bincount(edges[1], {}, nodes).to(at::kFloat).rsqrt();
  return (degree.index_select(0, edges[0]) * degree.index_select(0, edges[1])).unsqueeze(1);
}

at::Tensor sum_at_targets(const at::Tensor& messages, const at::Tensor& edges, std::int64_t nodes) {
  auto shape = messages.sizes().vec();
  shape[0] = nodes;
  return at::zeros(shape, messages.options()).index_add(0, edges[1], messages);
}

at::Tensor softmax_at_targets(const at::Tensor& scores, const at::Tensor& edges, std::int64_t nodes) {
  // The largest score of a node only keeps exp() in range: it cancels, so no gradient goes through it.
  const auto largest = largest_at_targets(scores, edges, nodes);
  const auto weights = (scores - largest.index_select(0, edges[1])).exp();
  return weights / sum_at_targets(weights, edges, nodes).index_select(0, edges[1]);
}

}  // namespace terse::train
