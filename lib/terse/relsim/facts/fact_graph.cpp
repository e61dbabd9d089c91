#include "terse/relsim/facts/fact_graph.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <string>

namespace terse::relsim {
namespace {

constexpr std::size_t kTensors = 6;  // of a perceptron

act::CompressionOptions compression_of(const FactCompression& options) {
  return {.level = options.level,
          .bits = options.bits,
          .entropy = options.bits == 0 && options.budget == 0 && act::codes_entropy(options.level),
          .seed = options.seed};
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

/// The training as what plans for a budget sees it.
class FactGraph::Rehearsed final : public act::Workload {
 public:
  Rehearsed(FactGraph& graph, std::span<const Observation> largest, const std::function<void()>& evaluate)
      : graph_(graph), largest_(largest), evaluate_(evaluate) {}

  const act::CompressionOptions& compression() const override { return graph_.compression_options_; }
  void own(act::Compression& compression) const override { graph_.own(compression); }
  act::Pass largest() override {
    return {graph_.prepare(largest_), [this] {
              const auto found = graph_.forward(largest_);
              return act::Pass::Result{found.rows, found.loss};
            }};
  }
  std::shared_ptr<void> keep_state() override { return nullptr; }
  void clear_gradients() override { graph_.clear_gradients(); }
  void evaluate() override { evaluate_(); }
  /// A step at the rate of 0, from running values of 0, which they are again afterwards.
  void update() override {
    graph_.step_.set_lr(0);
    graph_.update(largest_);
    graph_.step_.set_steps(0);
    for (const auto* parameter : graph_.step_.parameters()) {
      for (const auto* moment : {&parameter->first(), &parameter->second()}) {
        if (moment->defined()) moment->zero_();
      }
    }
  }
  std::size_t use(act::BudgetTier) override { return 0; }

 private:
  FactGraph& graph_;
  std::span<const Observation> largest_;
  const std::function<void()>& evaluate_;
};

void FactGraph::plan_budget(std::span<const Observation> largest, const std::function<void()>& evaluate,
                            const formats::Value& resumed) {
  Rehearsed run(*this, largest, evaluate);
  budget_ = std::make_unique<act::BudgetKeeper>(run, *adaptation_, options_.budget, /*probing=*/true, resumed);
}

bool FactCompression::wanted() const { return bits > 0 ? bits < act::kKeptBits : level != act::Level::L0; }

FactGraph::FactGraph(FactStep& step, const FactCompression& options)
    : step_(step),
      options_(options),
      compression_options_(compression_of(options)),
      compression_(compression_options_) {
  for (const auto& [name, mlp] : {std::pair("head", &step.head()), std::pair("tail", &step.tail())}) {
    for (std::size_t i = 0; i < 3; ++i) {
      const auto layer = std::string(name) + '.' + std::to_string(2 * i);
      parameters_.emplace_back(layer + ".weight", mlp->weights()[i].value().detach().requires_grad_());
      parameters_.emplace_back(layer + ".bias", mlp->biases()[i].value().detach().requires_grad_());
    }
  }
  own(compression_);
  if (const int bits = act::average_bits(options.level); bits > 0 && options.bits == 0) {
    adaptation_ = std::make_unique<act::Adaptation>(act::AdaptationOptions{.default_bits = bits,
                                                                           .every = options.adapt_every,
                                                                           .seed = options.seed,
                                                                           .entropy = compression_options_.entropy});
    if (!options.policy.empty()) {
      adaptation_->start_from(options.policy);
      if (!options.policy_bits) adaptation_->choose();
    }
  }
}

void FactGraph::own(act::Compression& compression) const {
  for (const auto& [name, tensor] : parameters_) compression.own(tensor, act::Reason::Parameter);
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

std::vector<at::Tensor> FactGraph::prepare(std::span<const Observation> batch) {
  step_.find_rows(batch);
  const auto dim = step_.dim();
  inputs_ = {at::empty({step_.head_rows(), dim}), at::empty({static_cast<std::int64_t>(batch.size()), dim})};
  step_.write_inputs(batch, inputs_[0].data_ptr<float>(), inputs_[1].data_ptr<float>());
  for (auto& inputs : inputs_) inputs.requires_grad_();
  return inputs_;
}

FactGraph::Forward FactGraph::forward(std::span<const Observation> batch) {
  Forward result;
  {
    const act::ModuleScope scope("head");
    result.rows = run(0, inputs_[0]);
  }
  {
    const act::ModuleScope scope("tail");
    result.rows = at::cat({result.rows, run(kTensors, inputs_[1])}, 0);
  }
  Nats nats;
  result.loss = NatsFunction::apply(result.rows, &step_, &batch, &nats);
  result.nats = nats;
  return result;
}

Nats FactGraph::step(std::span<const Observation> batch) {
  const auto number = static_cast<std::uint32_t>(step_.steps() + 1);
  compression_.batch(prepare(batch));
  if (adaptation_) {
    adaptation_->begin_step(number, parameters_, compression_, [&](std::uint32_t rounding) {
      const auto guard = compression_.step(rounding);
      forward(batch).loss.backward();
    });
    for (auto& inputs : inputs_) inputs.mutable_grad().reset();  // the parameters' are taken by then
  }
  Nats nats;
  {
    const auto guard = compression_.step(number);
    const auto pass = forward(batch);
    nats = pass.nats;
    if (adaptation_) adaptation_->before_backward(pass.rows, pass.loss, parameters_, compression_);
    pass.loss.backward();
  }
  if (adaptation_) adapted_ = adaptation_->end_step(number, parameters_, compression_);
  if (budget_) budget_->see(compression_.saved());
  update(batch);
  return nats;
}

Nats FactGraph::step(std::span<const Observation> batch, act::Compression& compression,
                     const std::function<void()>& before_backward) {
  compression.batch(prepare(batch));
  Nats nats;
  {
    const auto guard = compression.step(static_cast<std::uint32_t>(step_.steps() + 1));
    const auto pass = forward(batch);
    nats = pass.nats;
    if (before_backward) before_backward();
    pass.loss.backward();
  }
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
