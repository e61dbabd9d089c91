#pragma once

#include <torch/csrc/autograd/function.h>

#include <cstdint>
#include <vector>

#include "terse/act/torch.hpp"

namespace terse::act {

/// Nodes of the graph that the edges lead to.
std::vector<torch::autograd::Node*> nodes_below(const torch::autograd::edge_list& edges);

/// Sequence number of the node that autograd is filling with saved tensors on this thread.
std::uint64_t saving_node();

/// Sum of squares, in double precision.
double squared_norm(const at::Tensor& x);

}  // namespace terse::act
