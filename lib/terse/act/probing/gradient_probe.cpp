#include "terse/act/probing/gradient_probe.hpp"

#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function_hook.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "terse/act/tensor/graph.hpp"

namespace terse::act {

using torch::autograd::Edge;
using torch::autograd::edge_list;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

/// Stands before a parameter's gradient accumulator during a nested pass: adds the squared norm of what arrives to a
/// sum and lets nothing through, so that no gradient is held.
class NormCollector final : public torch::autograd::FunctionPreHook {
 public:
  explicit NormCollector(double* sum) : sum_(sum) {}
  variable_list operator()(const variable_list& gradients) override {
    for (const at::Tensor& gradient : gradients) {
      if (gradient.defined()) *sum_ += squared_norm(gradient);
    }
    return variable_list(gradients.size());
  }

 private:
  double* sum_;
};

/// Collectors in front of the parameters, as long as it lives.
class Collection {
 public:
  Collection(const std::vector<at::Tensor>& parameters, double* sum)
      : differences_(StepContext::of_thread().in_difference_pass, true) {
    for (const at::Tensor& parameter : parameters) {
      accumulators_.push_back(torch::autograd::impl::grad_accumulator(parameter));
      accumulators_.back()->tensor_pre_hooks().push_back(std::make_unique<NormCollector>(sum));
      edges_.emplace_back(accumulators_.back(), 0);
    }
  }
  ~Collection() {
    for (const auto& accumulator : accumulators_) accumulator->tensor_pre_hooks().pop_back();
  }
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  const edge_list& edges() const { return edges_; }

 private:
  Scoped<bool> differences_;
  std::vector<std::shared_ptr<Node>> accumulators_;
  edge_list edges_;
};

/// Hands gradients to nodes and then holds them no longer, as whoever starts the engine with them would.
class Source final : public Node {
 public:
  Source(edge_list targets, variable_list gradients) : Node(std::move(targets)), gradients_(std::move(gradients)) {}
  variable_list apply(variable_list&&) override { return std::move(gradients_); }

 private:
  variable_list gradients_;
};

struct Distance {
  double squared = 0;
  double direct = 0;      // of it, from the node to parameters
  std::size_t nodes = 0;  // evaluated for it
};

}  // namespace

struct GradientProbe::Shared {
  std::vector<at::Tensor> parameters;
  std::function<void(const ProbeResult&)> done;
  std::size_t nodes = 0;  // of the loss's graph

  Distance distance_beyond(Node& node, variable_list& difference) const;
  Distance distance_at(Node& node, const variable_list& outputs, const variable_list& gradients,
                       const Probe& probe) const;
};

/// Squared norm of what `difference`, sent on from a node in place of its output, comes to at the parameters.
Distance GradientProbe::Shared::distance_beyond(Node& node, variable_list& difference) const {
  edge_list roots;
  variable_list sent;
  double direct = 0;
  for (std::size_t i = 0; i < difference.size() && i < node.num_outputs(); ++i) {
    const Edge& edge = node.next_edge(i);
    if (!edge.is_valid() || !difference[i].defined()) continue;
    if (difference[i].count_nonzero().item<std::int64_t>() == 0) continue;
    if (leads_to_parameter(edge)) direct += squared_norm(difference[i]);
    roots.push_back(edge);
    sent.push_back(std::move(difference[i]));
  }
  if (roots.empty()) return {};
  double sum = 0;
  const Collection collection(parameters, &sum);
  const auto source = std::make_shared<Source>(roots, std::move(sent));
  const at::Tensor start = at::zeros({});
  source->add_input_metadata(start);
  torch::autograd::Engine::get_default_engine().execute({Edge(source, 0)}, {start}, /*keep_graph=*/true,
                                                        /*create_graph=*/false,
                                                        /*accumulate_grad=*/false, collection.edges());
  // A leaf that is no parameter counts in `direct` alone.
  return {sum, std::min(direct, sum), nodes_below(roots).size()};
}

Distance GradientProbe::Shared::distance_at(Node& node, const variable_list& outputs, const variable_list& gradients,
                                            const Probe& probe) const {
  const at::NoGradGuard no_grad;
  variable_list difference;
  {
    const Substitution substitute(probe.forms);
    difference = node(variable_list(gradients));
  }
  for (std::size_t i = 0; i < difference.size(); ++i) {
    if (!difference[i].defined() || i >= outputs.size() || !outputs[i].defined()) continue;
    // The engine has summed the outputs over dimensions that were broadcast; the node by itself does not.
    if (difference[i].sizes() != outputs[i].sizes()) difference[i] = at::sum_to(difference[i], outputs[i].sizes());
    // In its own memory, where nobody else has it: beside the pass that waits, each further tensor raises the peak.
    at::Tensor& own = difference[i];
    const bool is_free = own.use_count() == 1 && own.storage().use_count() == 1 && own.is_non_overlapping_and_dense();
    own = is_free ? own.sub_(outputs[i]) : own - outputs[i];
  }
  Distance distance = distance_beyond(node, difference);
  ++distance.nodes;
  return distance;
}

namespace {

/// A probe at work: one hook a node that holds its tensor.
struct Measurement {
  Probe probe;
  std::size_t nodes_left = 0;
  Distance distance = {};
};

class ProbeHook final : public torch::autograd::FunctionPostHook {
 public:
  ProbeHook(std::weak_ptr<GradientProbe::Shared> shared, std::shared_ptr<Measurement> measurement, Node* node)
      : shared_(std::move(shared)), step_(measurement->probe.step), measurement_(std::move(measurement)), node_(node) {}

  variable_list operator()(const variable_list& outputs, const variable_list& gradients) override {
    const StepAdoption adoption(step_);
    if (in_difference_pass()) return outputs;  // the probe waits for the gradients
    const auto shared = shared_.lock();
    const auto measurement = std::exchange(measurement_, nullptr);  // once: a graph that is kept may be run again
    if (!shared || !measurement) return outputs;
    const Distance here = shared->distance_at(*node_, outputs, gradients, measurement->probe);
    Distance& total = measurement->distance;
    total.squared += here.squared;
    total.direct += here.direct;
    total.nodes += here.nodes;
    if (--measurement->nodes_left == 0) {
      const double noise = measurement->probe.noise;
      shared->done({measurement->probe.id, total.squared / noise, (total.squared - total.direct) / noise,
                    static_cast<double>(total.nodes) / static_cast<double>(std::max<std::size_t>(shared->nodes, 1))});
    }
    return outputs;
  }

 private:
  std::weak_ptr<GradientProbe::Shared> shared_;
  std::shared_ptr<StepContext> step_;
  std::shared_ptr<Measurement> measurement_;
  Node* node_;  // owns this hook
};

}  // namespace

GradientProbe::GradientProbe(const std::vector<at::Tensor>& parameters, std::function<void(const ProbeResult&)> done)
    : shared_(std::make_shared<Shared>(Shared{{}, std::move(done)})) {
  std::unordered_set<const void*> seen;  // a tied parameter counts once
  for (const at::Tensor& parameter : parameters) {
    if (parameter.requires_grad() && seen.insert(parameter.unsafeGetTensorImpl()).second) {
      shared_->parameters.push_back(parameter);
    }
  }
}
GradientProbe::~GradientProbe() = default;

void GradientProbe::attach(const at::Tensor& loss, std::vector<Probe> probes) {
  std::unordered_multimap<NodeId, std::shared_ptr<Measurement>, NodeId::Hash> by_node;
  for (Probe& probe : probes) {
    const auto measurement = std::make_shared<Measurement>(Measurement{std::move(probe)});
    for (const NodeId& node : measurement->probe.nodes) by_node.emplace(node, measurement);
  }
  const auto nodes = nodes_below({Edge(loss.grad_fn(), 0)});
  shared_->nodes = nodes.size();
  for (Node* node : nodes) {
    const auto [first, last] = by_node.equal_range(id_of(*node));
    for (auto entry = first; entry != last; ++entry) {
      ++entry->second->nodes_left;
      node->add_post_hook(std::make_unique<ProbeHook>(shared_, entry->second, node));
    }
  }
}

bool in_difference_pass() { return StepContext::of_thread().in_difference_pass; }

}  // namespace terse::act
