#pragma once

#include "terse/act/tensor/torch.hpp"

// Sums over a graph's edges, as graph networks take them. Edges are [2, e] int64: sources, then targets.
namespace terse::train {

/// The edges and one from each of `nodes` nodes to itself.
at::Tensor with_self_loops(const at::Tensor& edges, std::int64_t nodes);

/// 1/sqrt(d_source d_target) of each edge, d being the number of edges into a node: [e, 1] float32.
/// Source: Kipf & Welling, ICLR 2017.
at::Tensor symmetric_weights(const at::Tensor& edges, std::int64_t nodes);

/// Row i: the sum of the messages of all edges into node i.
/// @param messages  [e, …]
/// @return          [nodes, …]
at::Tensor sum_at_targets(const at::Tensor& messages, const at::Tensor& edges, std::int64_t nodes);

/// Softmax of each column over the edges into one node.
/// @param scores  [e, c]
at::Tensor softmax_at_targets(const at::Tensor& scores, const at::Tensor& edges, std::int64_t nodes);

}  // namespace terse::train
