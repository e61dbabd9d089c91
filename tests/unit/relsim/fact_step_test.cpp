#include "terse/relsim/facts/fact_step.hpp"

#include "naive_facts.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/facts/fact_graph.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::vector<Observation> random_batch(const FactModelShape& shape, std::size_t count, std::uint64_t seed) {
  core::RandomSequence random({seed, core::stream_of("batch"), 0});
  const auto draw = [&](std::int64_t bound) { return static_cast<std::int32_t>(random.below(bound)); };
  std::vector<Observation> batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.push_back({draw(shape.entities), draw(2 * shape.relations), draw(shape.entities)});
  }
  return batch;
}

std::vector<at::Tensor> parameters(const FactModel& model) {
  std::vector<at::Tensor> all{model.entity, model.query};
  for (const auto* mlp : {&model.head, &model.tail}) {
    for (int i = 0; i < 3; ++i) {
      all.push_back(mlp->linear_weight(i));
      all.push_back(mlp->bias[i]);
    }
  }
  return all;
}

/// The loss as a formula, differentiated by LibTorch.
at::Tensor autograd_loss(const std::vector<at::Tensor>& p, const std::vector<Observation>& batch) {
  const auto mlp = [&](std::size_t first, at::Tensor x) {
    for (std::size_t i = 0; i < 3; ++i) {
      x = at::linear(x, p[first + 2 * i], p[first + 2 * i + 1]);
      if (i < 2) x = at::relu(x);
    }
    return x;
  };
  auto loss = at::zeros({}, at::kDouble);
  for (const auto& o : batch) {
    const auto heads = at::log_softmax(at::mv(p[0], mlp(2, p[1][o.query])), 0);
    const auto tails = at::log_softmax(at::mv(p[0], mlp(8, p[1][o.query] + p[0][o.head])), 0);
    loss = loss - heads[o.head] - tails[o.tail];
  }
  return loss;
}

/// Most units of the second hidden layer rest: its products are those of lists.
FactModel resting_model(const FactModelShape& shape) {
  auto model = FactModel::random(shape, 11);
  for (auto* mlp : {&model.head, &model.tail}) mlp->bias[1].sub_(0.2);
  const auto hidden = at::relu(at::addmm(model.tail.bias[0], model.query, model.tail.linear_weight(0).t()));
  const auto active = at::addmm(model.tail.bias[1], hidden, model.tail.linear_weight(1).t()) > 0;
  const auto share = active.to(at::kDouble).mean().item<double>();
  REQUIRE(share > 0.01);
  REQUIRE(share < 0.2);
  return model;
}

/// LibTorch's optimizer that does what the rule says.
std::unique_ptr<torch::optim::Optimizer> reference_optimizer(const std::vector<at::Tensor>& parameters,
                                                             const StepRule& rule) {
  using namespace torch::optim;
  switch (rule.rule) {
    case learn::OptimizerKind::Sgd:
      return std::make_unique<SGD>(parameters,
                                   SGDOptions(rule.lr).momentum(rule.momentum).weight_decay(rule.weight_decay));
    case learn::OptimizerKind::AdaGrad:
      return std::make_unique<Adagrad>(parameters, AdagradOptions(rule.lr).weight_decay(rule.weight_decay));
    case learn::OptimizerKind::Adam:
      return std::make_unique<Adam>(parameters, AdamOptions(rule.lr).weight_decay(rule.weight_decay));
    case learn::OptimizerKind::AdamW:
      break;
  }
  return nullptr;
}

const std::vector<StepRule> kRules{{learn::OptimizerKind::Adam, 5e-3, 5e-4},
                                   {learn::OptimizerKind::AdaGrad, 5e-3, 5e-4},
                                   {learn::OptimizerKind::Sgd, 1e-3, 5e-4},
                                   {learn::OptimizerKind::Sgd, 1e-3, 5e-4, 0.9}};

TEST_CASE("a step is the optimizer's on the gradient that autograd finds", "[relsim]") {
  const auto rule = GENERATE(from_range(kRules));
  // Either way of the backward pass; the second one in more than one tile of the weight.
  const bool rest = GENERATE(false, true);
  const FactModelShape shape{.entities = 41, .relations = 3, .dim = 8, .hidden = rest ? 300 : 20};
  const auto model = rest ? resting_model(shape) : FactModel::random(shape, 11);
  std::vector<at::Tensor> reference;
  for (const auto& p : parameters(model)) reference.push_back(p.to(at::kDouble).clone().requires_grad_());
  const auto optimizer = reference_optimizer(reference, rule);

  FactStep step(model, rule);
  for (const auto* parameter : step.parameters()) {  // nothing is kept that is not needed
    CHECK(parameter->first().defined() == (rule.moments() > 0));
    CHECK(parameter->second().defined() == (rule.moments() > 1));
  }
  for (std::uint64_t t = 0; t < 6; ++t) {
    const auto batch = random_batch(shape, 70, t);
    optimizer->zero_grad();
    const auto loss = autograd_loss(reference, batch);
    loss.backward();
    optimizer->step();
    CHECK(step.step(batch).total() == Approx(loss.item<double>()).epsilon(1e-5));
  }
  const auto found = parameters(model);
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(to_string(rule.rule) << ", momentum " << rule.momentum << ", parameter " << i);
    // A gradient near zero may change sign by rounding, and Adam takes a full step either way: the median must agree.
    const auto difference = (found[i].to(at::kDouble) - reference[i].detach()).abs();
    CHECK(difference.median().item<double>() < 2e-6);
    CHECK(difference.mean().item<double>() < 1e-4);
  }
}

TEST_CASE("a step with rounded products is nearly the same step", "[relsim][numeric]") {
  // Rows and entities of any number, dimensions in less than whole vectors.
  for (const FactModelShape shape : {FactModelShape{.entities = 700, .relations = 4, .dim = 20, .hidden = 40},
                                     FactModelShape{.entities = 65, .relations = 2, .dim = 33, .hidden = 8},
                                     FactModelShape{.entities = 80, .relations = 30, .dim = 16, .hidden = 192}}) {
    for (const std::size_t rows : {31, 64}) {
      auto exact = FactModel::random(shape, 5);
      exact.entity *= 8;  // far from uniform
      auto rounded = exact.clone();
      const auto before = exact.clone();
      const auto batch = random_batch(shape, rows, rows);
      FactStep exact_step(exact, {.lr = 5e-3}), rounded_step(rounded, {.lr = 5e-3}, Rounding::Bfloat16);
      CHECK(rounded_step.step(batch).total() == Approx(exact_step.step(batch).total()).epsilon(2e-3));
      // Adam's first moment is a tenth of the gradient.
      for (std::size_t i = 0; i < exact_step.parameters().size(); ++i) {
        const auto expected = exact_step.parameters()[i]->first(), found = rounded_step.parameters()[i]->first();
        INFO(shape.entities << " entities, " << rows << " rows, parameter " << i);
        CHECK((found - expected).norm().item<double>() < 0.01 * expected.norm().item<double>());
        CHECK((found - expected).norm().item<double>() > 0);
      }
      // Likelihoods are never rounded.
      FactStep reference(before, {.lr = 5e-3}), unrounded(before, {.lr = 5e-3}, Rounding::Bfloat16);
      CHECK(unrounded.log_likelihoods(batch)[3].tail == reference.log_likelihoods(batch)[3].tail);
    }
  }
}

TEST_CASE("evaluation is the naive likelihood", "[relsim]") {
  const FactModelShape shape{.entities = 19, .relations = 2, .dim = 5, .hidden = 9};
  const auto model = FactModel::random(shape, 3);
  const auto batch = random_batch(shape, 25, 1);
  double expected = 0;
  for (const auto& o : batch) {
    expected -= naive::log_joint(model, o.query)[static_cast<std::size_t>(o.head)][static_cast<std::size_t>(o.tail)];
  }
  FactStep step(model, {.lr = 1e-3});
  const auto logs = step.log_likelihoods(batch, 7);
  double found = 0;
  for (const auto& log : logs) found -= log.head + log.tail;
  CHECK(found == Approx(expected).epsilon(1e-6));
  // One by one: a fact's logs do not depend on its batch.
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto alone = step.log_likelihoods({&batch[i], 1}).front();
    CHECK(logs[i].head == Approx(alone.head).epsilon(1e-6));
    CHECK(logs[i].tail == Approx(alone.tail).epsilon(1e-6));
  }
}

TEST_CASE("steps give the same bits for any number of threads", "[relsim]") {
  const FactModelShape shape{.entities = 1300, .relations = 9, .dim = 24, .hidden = 150};
  for (const auto rounding : {Rounding::None, Rounding::Bfloat16}) {
    std::vector<std::vector<at::Tensor>> results;
    for (const int threads : {1, 2, 3}) {
      core::set_threads(threads);
      const auto model = FactModel::random(shape, 2);
      FactStep step(model, {.lr = 5e-3, .weight_decay = 5e-4}, rounding);
      for (std::uint64_t t = 0; t < 5; ++t) step.step(random_batch(shape, 200 - 30 * t, t));
      results.push_back(parameters(model));
    }
    core::set_threads(0);
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      CHECK(at::equal(results[0][i], results[1][i]));
      CHECK(at::equal(results[0][i], results[2][i]));
    }
  }
}

/// First running values after one step: of Adam a tenth of the gradients.
std::vector<at::Tensor> first_moments(const FactStep& step) {
  std::vector<at::Tensor> all;
  for (const auto* parameter : step.parameters()) all.push_back(parameter->first().clone());
  return all;
}

double relative(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).norm() / expected.norm()).item<double>();
}

TEST_CASE("a step whose perceptrons LibTorch differentiates is the same step", "[relsim]") {
  const auto rule = GENERATE(from_range(kRules));
  const FactModelShape shape{.entities = 90, .relations = 5, .dim = 24, .hidden = 130};
  const auto model = FactModel::random(shape, 4);
  const auto other = model.clone();
  FactStep step(model, rule), under_graph(other, rule);
  FactGraph graph(under_graph, {.bits = act::kKeptBits});
  CHECK_FALSE(learn::CompressionChoice{.bits = act::kKeptBits}.wanted());
  CHECK(learn::CompressionChoice{.level = act::Level::L1}.wanted());
  for (std::uint64_t t = 0; t < 4; ++t) {
    const auto batch = random_batch(shape, 60, t);
    CHECK(graph.step(batch).total() == Approx(step.step(batch).total()).epsilon(1e-5));
    // What either keeps of its hidden layers: the inputs live anyway.
    CHECK(graph.compressed().compression().totals().exact_bytes == step.kept_bytes());
    CHECK(graph.compressed().compression().totals().stored_bytes == step.kept_bytes());
    if (t > 0) continue;
    if (rule.moments() == 0) continue;
    const auto expected = first_moments(step), found = first_moments(under_graph);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(relative(found[i], expected[i]) < 2e-4);
  }
  CHECK(under_graph.steps() == 4);
}

TEST_CASE("rounded hidden layers leave entities and queries their gradient, and the others its mean",
          "[relsim][numeric]") {
  const FactModelShape shape{.entities = 90, .relations = 5, .dim = 24, .hidden = 130};
  const auto batch = random_batch(shape, 80, 3);
  const auto gradients = [&](const learn::CompressionChoice& options) {
    const auto model = FactModel::random(shape, 4);
    FactStep step(model, {.lr = 5e-3});
    FactGraph graph(step, options);
    graph.step(batch);
    const auto& totals = graph.compressed().compression().totals();
    if (options.bits < act::kKeptBits) CHECK(totals.stored_bytes < totals.exact_bytes / 8);
    return first_moments(step);
  };
  const auto exact = gradients({.bits = act::kKeptBits});
  constexpr int kDraws = 40;
  std::vector<at::Tensor> mean;
  double one = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto found = gradients({.bits = 2, .seed = static_cast<std::uint64_t>(draw)});
    // Entity, query, and of both perceptrons the first layer and all biases.
    for (const std::size_t i : {0, 1, 2, 3, 5, 7, 8, 9, 11, 13}) CHECK(relative(found[i], exact[i]) < 1e-6);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (draw == 0) mean.push_back(at::zeros_like(found[i]));
      mean[i] += found[i] / kDraws;
    }
    one = relative(found[12], exact[12]);
    CHECK(one > 0.01);
  }
  for (const std::size_t i : {4, 6, 10, 12}) {
    INFO("parameter " << i << ": one draw " << one << ", mean " << relative(mean[i], exact[i]));
    CHECK(relative(mean[i], exact[i]) < one / 3);
  }
}

TEST_CASE("compressed steps give the same bits for any number of threads", "[relsim]") {
  const FactModelShape shape{.entities = 700, .relations = 9, .dim = 24, .hidden = 150};
  for (const auto level : {act::Level::L1, act::Level::L2_2}) {
    std::vector<std::vector<at::Tensor>> results;
    for (const int threads : {1, 3}) {
      core::set_threads(threads);
      const auto model = FactModel::random(shape, 2);
      FactStep step(model, {.lr = 5e-3, .weight_decay = 5e-4});
      FactGraph graph(step, {.level = level, .adapt_every = 2});
      for (std::uint64_t t = 0; t < 6; ++t) graph.step(random_batch(shape, 100, t));
      results.push_back(parameters(model));
    }
    core::set_threads(0);
    for (std::size_t i = 0; i < results[0].size(); ++i) CHECK(at::equal(results[0][i], results[1][i]));
  }
}

}  // namespace
}  // namespace terse::relsim
