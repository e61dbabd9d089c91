#pragma once

#include <torch/csrc/autograd/function.h>

#include <cstdint>
#include <vector>

#include "terse/act/tensor/node_id.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Nodes of the graph that the edges lead to.
std::vector<torch::autograd::Node*> nodes_below(const torch::autograd::edge_list& edges);

/// Whether a gradient that is sent along the edge is a leaf's own, a parameter's as a rule, perhaps transposed or of
/// another shape.
bool leads_to_parameter(const torch::autograd::Edge& edge);

/// The node that autograd is filling with saved tensors on this thread.
NodeId saving_node();
NodeId id_of(const torch::autograd::Node& node);

/// A complex tensor as its real and imaginary parts, in a last dimension of two; any other as it is.
at::Tensor real_parts(const at::Tensor& x);

/// Sum of squares, in double precision; of a complex tensor, of its parts.
double squared_norm(const at::Tensor& x);

}  // namespace terse::act
