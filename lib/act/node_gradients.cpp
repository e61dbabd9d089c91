#include "terse/act/node_gradients.hpp"

#include <torch/csrc/autograd/function_hook.h>

#include <unordered_map>

#include "terse/act/gradient_probe.hpp"
#include "terse/act/graph.hpp"

namespace terse::act {

using torch::autograd::Edge;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

class NormHook final : public torch::autograd::FunctionPreHook {
 public:
  NormHook(std::weak_ptr<NodeGradients> owner, double* norm) : owner_(std::move(owner)), norm_(norm) {}
  variable_list operator()(const variable_list& gradients) override {
    if (const auto owner = owner_.lock(); owner && !in_difference_pass()) add(gradients);
    return gradients;
  }

 private:
  void add(const variable_list& gradients) {
    for (const at::Tensor& gradient : gradients) {
      if (gradient.defined()) *norm_ += squared_norm(gradient);
    }
  }

  std::weak_ptr<NodeGradients> owner_;  // of what norm_ points into
  double* norm_;
};

}  // namespace

std::shared_ptr<NodeGradients> NodeGradients::watch(const at::Tensor& loss, std::span<const SavedTensor> saved,
                                                    const std::set<std::string>& ids) {
  auto watched = std::make_shared<NodeGradients>();
  std::unordered_map<std::string_view, const SavedTensor*> by_id;
  for (const SavedTensor& tensor : saved) by_id.emplace(tensor.id, &tensor);
  for (const SavedTensor& tensor : saved) {
    if (!tensor.node || tensor.reason == Reason::Recomputed) continue;
    const SavedTensor* holder = &tensor;
    while (holder->reason == Reason::Shared || holder->reason == Reason::Derived) {
      const auto source = by_id.find(holder->shared_with);
      if (source == by_id.end()) break;
      holder = source->second;
    }
    if (ids.empty() || ids.contains(holder->id)) watched->held_.emplace(*tensor.node, holder->id);
  }
  for (const auto& [node, id] : watched->held_) watched->norms_.emplace(node, 0);
  for (Node* node : nodes_below({Edge(loss.grad_fn(), 0)})) {
    const auto norm = watched->norms_.find(node->sequence_nr());
    if (norm != watched->norms_.end()) node->add_pre_hook(std::make_unique<NormHook>(watched, &norm->second));
  }
  return watched;
}

std::map<std::string, double> NodeGradients::squared_norms() const {
  std::map<std::string, double> norms;
  for (const auto& [node, id] : held_) norms[id] += norms_.at(node);
  return norms;
}

}  // namespace terse::act
