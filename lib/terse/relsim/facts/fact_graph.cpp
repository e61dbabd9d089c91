#include "terse/relsim/facts/fact_graph.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <string>
#include <utility>

namespace terse::relsim {
namespace {

constexpr std::size_t kTensors = 6;  // of a perceptron

act::NamedTensors perceptrons_of(const FactStep& step) {
  act::NamedTensors tensors;
  for (const auto& [name, mlp] : {std::pair("head", &step.head()), std::pair("tail", &step.tail())}) {
    for (std::size_t i = 0; i < 3; ++i) {
      const auto layer = std::string(name) + '.' + std::to_string(2 * i);
      tensors.emplace_back(layer + ".weight", mlp->weights()[i].value().detach().requires_grad_());
      tensors.emplace_back(layer + ".bias", mlp->biases()[i].value().detach().requires_grad_());
    }
  }
  return tensors;
}

/// Softmax over all entities and its loss: their gradient in the natural parameters is known with them.
class NatsFunction : public torch::autograd::Function<NatsFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows, FactStep* step,
                            std::span<const Observation>* batch, Nats* nats) {
    *nats = step->differentiate_rows(*batch, rows.const_data_ptr<float>());
    context->saved_data["gradient"] = step->row_gradients();  // lives anyway
    return at::scalar_tensor(nats->total(), rows.options());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto gradient = context->saved_data["gradient"].toTensor();
    return {gradients[0].equal(at::ones_like(gradients[0])) ? gradient : gradient * gradients[0], {}, {}, {}};
  }
};

}  // namespace

FactGraph::FactGraph(FactStep& step, const learn::CompressionChoice& choice)
    : step_(step), parameters_(perceptrons_of(step)), compressed_(choice, *this) {}

void FactGraph::plan_budget(std::span<const Observation> largest, std::function<void()> evaluate,
                            const formats::Value& resumed) {
  largest_ = largest;
  evaluate_ = std::move(evaluate);
  compressed_.plan_budget(resumed);
  evaluate_ = {};
  largest_ = {};
}

void FactGraph::evaluate() { evaluate_(); }

void FactGraph::update() {
  step_.set_lr(0);
  update(largest_);
  step_.set_steps(0);
  for (const auto* parameter : step_.parameters()) {
    for (const auto* moment : {&parameter->first(), &parameter->second()}) {
      if (moment->defined()) moment->zero_();
    }
  }
}

void FactGraph::clear_gradients() {
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad().reset();
  for (auto& inputs : inputs_) inputs.mutable_grad().reset();
}

/// A perceptron's outputs; `first` of parameters_ is its first weight.
at::Tensor FactGraph::run(std::size_t first, at::Tensor rows) const {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto &weight = parameters_[first + 2 * i].second, &bias = parameters_[first + 2 * i + 1].second;
    rows = at::addmm(bias, rows, i == 0 ? weight.t() : weight);
    if (i < 2) rows = rows.relu_();
  }
  return rows;
}

act::Pass FactGraph::pass_over(std::span<const Observation> batch, Nats* nats) {
  step_.find_rows(batch);
  const auto dim = step_.dim();
  inputs_ = {at::empty({step_.head_rows(), dim}), at::empty({static_cast<std::int64_t>(batch.size()), dim})};
  step_.write_inputs(batch, inputs_[0].data_ptr<float>(), inputs_[1].data_ptr<float>());
  for (auto& inputs : inputs_) inputs.requires_grad_();
  return {inputs_, [this, batch, nats] { return forward(batch, nats); }};
}

act::Pass::Result FactGraph::forward(std::span<const Observation> batch, Nats* nats) {
  for (auto& inputs : inputs_) inputs.mutable_grad().reset();  // of another pass over the same batch
  act::Pass::Result result;
  {
    const act::ModuleScope scope("head");
    result.output = run(0, inputs_[0]);
  }
  {
    const act::ModuleScope scope("tail");
    result.output = at::cat({result.output, run(kTensors, inputs_[1])}, 0);
  }
  Nats found;
  result.loss = NatsFunction::apply(result.output, &step_, &batch, &found);
  if (nats) *nats = found;
  return result;
}

Nats FactGraph::step(std::span<const Observation> batch, const std::function<void()>& before_backward) {
  Nats nats;
  const auto pass = pass_over(batch, &nats);
  compressed_.step(static_cast<std::uint64_t>(step_.steps() + 1), pass, [&](const act::Pass::Result&) {
    if (before_backward) before_backward();
  });
  update(batch);
  return nats;
}

void FactGraph::update(std::span<const Observation> batch) {
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : parameters_) gradients.push_back(tensor.grad());
  step_.update(batch, inputs_[0].grad().const_data_ptr<float>(), inputs_[1].grad().const_data_ptr<float>(), gradients);
  clear_gradients();
  inputs_.clear();
}

}  // namespace terse::relsim
