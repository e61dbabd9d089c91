#include "terse/act/tensor/graph.hpp"

#include <ATen/SequenceNumber.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <algorithm>
#include <unordered_set>

namespace terse::act {

using torch::autograd::Edge;
using torch::autograd::Node;

namespace {
constexpr std::int64_t kPiece = 1 << 16;  // elements that are converted to double precision at once

/// What a linear layer puts between its weight and the product, and the like: of one input, and leaving the norm.
constexpr const char* kRearranging[] = {"TBackward0",         "TransposeBackward0",  "PermuteBackward0",
                                        "ViewBackward0",      "UnsafeViewBackward0", "ReshapeAliasBackward0",
                                        "UnsqueezeBackward0", "SqueezeBackward0",    "SqueezeBackward1",
                                        "CloneBackward0",     "ToCopyBackward0"};
}  // namespace

std::vector<Node*> nodes_below(const torch::autograd::edge_list& edges) {
  std::vector<Node*> found;
  std::unordered_set<Node*> seen;
  const auto visit = [&](const Edge& edge) {
    if (edge.is_valid() && seen.insert(edge.function.get()).second) found.push_back(edge.function.get());
  };
  for (const Edge& edge : edges) visit(edge);
  for (std::size_t i = 0; i < found.size(); ++i) {  // NOLINT(modernize-loop-convert): it grows
    for (const Edge& edge : found[i]->next_edges()) visit(edge);
  }
  return found;
}

bool leads_to_parameter(const Edge& edge) {
  const Node* node = edge.function.get();
  while (node && std::find(std::begin(kRearranging), std::end(kRearranging), node->name()) != std::end(kRearranging)) {
    node = node->next_edge(0).function.get();
  }
  return dynamic_cast<const torch::autograd::AccumulateGrad*>(node) != nullptr;
}

NodeId saving_node() { return {at::RecordFunction::currentThreadId(), at::sequence_number::peek() - 1}; }

NodeId id_of(const Node& node) { return {node.thread_id(), node.sequence_nr()}; }

at::Tensor real_parts(const at::Tensor& x) {
  return x.is_complex() ? at::view_as_real(x.is_conj() ? x.resolve_conj() : x) : x;
}

double squared_norm(const at::Tensor& tensor) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = real_parts(tensor);
  const at::Tensor flat = x.is_non_overlapping_and_dense() ? x.as_strided({x.numel()}, {1}) : x.reshape(-1);
  double sum = 0;
  for (const at::Tensor& piece : flat.split(kPiece)) {
    const auto norm = at::linalg_vector_norm(piece, 2, {}, false, at::kDouble).item<double>();
    sum += norm * norm;
  }
  return sum;
}

}  // namespace terse::act
