#include "terse/act/probing/node_gradients.hpp"

#include <torch/csrc/autograd/function_hook.h>

#include <algorithm>
#include <unordered_map>

#include "terse/act/probing/gradient_probe.hpp"
#include "terse/act/tensor/graph.hpp"

namespace terse::act {

using torch::autograd::Edge;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

/// Products of a saved tensor and a parameter: the tensor's rounding reaches the parameter's gradient alone.
constexpr const char* kProducts[] = {"AddmmBackward0", "MmBackward0", "LinearBackward0", "ConvolutionBackward0"};

bool passes_rounding_on(const Node& node) {
  if (std::find(std::begin(kProducts), std::end(kProducts), node.name()) == std::end(kProducts)) return true;
  const auto& edges = node.next_edges();
  return std::none_of(edges.begin(), edges.end(), leads_to_parameter);
}

/// What a watched node receives.
class ArrivalHook final : public torch::autograd::FunctionPreHook {
 public:
  ArrivalHook(std::weak_ptr<NodeGradients> owner, double* sum) : owner_(std::move(owner)), sum_(sum) {}
  variable_list operator()(const variable_list& gradients) override {
    const StepAdoption here(step_);
    if (const auto owner = owner_.lock(); owner && !in_difference_pass()) {
      for (const at::Tensor& gradient : gradients) *sum_ += gradient.defined() ? squared_norm(gradient) : 0;
    }
    return gradients;
  }

 private:
  std::shared_ptr<StepContext> step_ = StepContext::shared_of_thread();
  std::weak_ptr<NodeGradients> owner_;  // of what sum_ points into
  double* sum_;
};

/// What it sends to its inputs but the parameters.
class PassingHook final : public torch::autograd::FunctionPostHook {
 public:
  PassingHook(std::weak_ptr<NodeGradients> owner, const Node* node, double* sum)
      : owner_(std::move(owner)), node_(node), sum_(sum) {}
  variable_list operator()(const variable_list& outputs, const variable_list&) override {
    const StepAdoption here(step_);
    if (const auto owner = owner_.lock(); owner && !in_difference_pass()) add(outputs);
    return outputs;
  }

 private:
  void add(const variable_list& outputs) {
    for (std::size_t i = 0; i < outputs.size() && i < node_->num_outputs(); ++i) {
      const Edge& edge = node_->next_edge(i);
      if (edge.is_valid() && outputs[i].defined() && !leads_to_parameter(edge)) *sum_ += squared_norm(outputs[i]);
    }
  }

  std::shared_ptr<StepContext> step_ = StepContext::shared_of_thread();
  std::weak_ptr<NodeGradients> owner_;
  const Node* node_;  // owns this hook
  double* sum_;
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
  for (const auto& [node, id] : watched->held_) watched->at_.try_emplace(node);
  for (Node* node : nodes_below({Edge(loss.grad_fn(), 0)})) {
    const auto strength = watched->at_.find(id_of(*node));
    if (strength == watched->at_.end()) continue;
    node->add_pre_hook(std::make_unique<ArrivalHook>(watched, &strength->second.arriving));
    if (passes_rounding_on(*node)) {
      node->add_post_hook(std::make_unique<PassingHook>(watched, node, &strength->second.passing));
    }
  }
  return watched;
}

std::map<std::string, GradientStrength> NodeGradients::strengths(double unit) const {
  std::map<std::string, GradientStrength> strengths;
  for (const auto& [node, id] : held_) {
    const GradientStrength& here = at_.at(node);
    strengths[id] += {here.arriving / unit, here.passing / unit};
  }
  return strengths;
}

}  // namespace terse::act
