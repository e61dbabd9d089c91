#include "terse/act/probing/node_gradients.hpp"

#include <algorithm>

#include "networks.hpp"
#include "terse/act/bits/precision.hpp"
#include "terse/act/probing/gradient_probe.hpp"
#include "terse/act/tensor/graph.hpp"
#include "terse_catch.hpp"

namespace terse::act {
namespace {

using test::numbers;

/// Linear in the output: the gradient there is the same whatever the weights are.
at::Tensor loss_of(const at::Tensor& output) { return output.sum(); }

/// Two linear layers with a layer norm between them.
torch::nn::Sequential smooth_net() {
  using namespace torch::nn;
  Sequential net(Linear(32, 64), LayerNorm(LayerNormOptions({64})), GELU(), Linear(64, 64), Tanh(), Linear(64, 10));
  test::initialise(*net, 5);
  return net;
}

struct Pass {
  std::map<std::string, GradientStrength> strengths;
  std::map<std::string, ProbeResult> probes;
  std::vector<SavedTensor> saved;
};

/// One step, in which all is watched and, where `probed`, every rounded tensor is probed.
Pass pass(torch::nn::Sequential& net, const at::Tensor& x, bool probed) {
  Compression compression({.level = Level::L1, .seed = 3});
  compression.own(*net);
  compression.batch({x});
  if (probed) {
    {
      const auto guard = compression.step();
      loss_of(net->forward(x)).backward();
    }
    std::set<std::string> ids;
    for (const auto& saved : compression.saved()) ids.insert(saved.id);
    compression.probe(ids);
  }
  Pass found;
  const auto guard = compression.step(0);
  const at::Tensor loss = loss_of(net->forward(x));
  GradientProbe probe(net->parameters(), [&](const ProbeResult& result) { found.probes[result.id] = result; });
  const auto watched = NodeGradients::watch(loss, compression.saved(), {});
  probe.attach(loss, compression.take_probes());
  loss.backward();
  found.strengths = watched->strengths();
  found.saved = compression.saved();
  return found;
}

TEST_CASE("the gradient at a saved tensor is the one that autograd computes there") {
  auto net = smooth_net();
  const at::Tensor x = numbers({32, 32}, 8);
  const Pass found = pass(net, x, false);
  const at::Tensor hidden = net[0]->as<torch::nn::Linear>()->forward(x);
  const at::Tensor normalised = net[1]->as<torch::nn::LayerNorm>()->forward(hidden);
  const at::Tensor activated = torch::nn::functional::gelu(normalised);
  const at::Tensor second = net[3]->as<torch::nn::Linear>()->forward(activated);
  const at::Tensor bent = at::tanh(second);
  const at::Tensor output = net[5]->as<torch::nn::Linear>()->forward(bent);
  const auto gradients = torch::autograd::grad({loss_of(output)}, {normalised, activated, second, bent, output});
  std::vector<double> norms;
  for (const at::Tensor& gradient : gradients) norms.push_back(squared_norm(gradient));
  // What GELU and the second layer save is derived from what layer norm saves; the last layer holds the tanh's result,
  // too. Rounding of what is saved reaches all gradients but the output's.
  CHECK(found.strengths.at("native_layer_norm#1:input").arriving ==
        Approx(norms[0] + norms[1] + norms[2]).epsilon(0.05));
  CHECK(found.strengths.at("tanh#1:result").arriving == Approx(norms[3] + norms[4]).epsilon(1e-5));
}

TEST_CASE("a tensor's views and what is derived from it count with it, a node once") {
  const at::Tensor x = numbers({64, 64}, 2).requires_grad_(), w = numbers({64, 64}, 3).requires_grad_();
  Compression compression({.level = Level::L1});
  const auto guard = compression.step();
  const at::Tensor y = x + 1;
  const at::Tensor loss = ((y * y).sum() + (y.view({4096}) * w.view({4096})).sum()) * 3;
  const auto watched = NodeGradients::watch(loss, compression.saved(), {});
  const auto one = NodeGradients::watch(loss, compression.saved(), {"no such"});
  loss.backward();
  CHECK(watched->strengths().at("mul#1:self").arriving == Approx(2 * 9 * 4096));
  CHECK(watched->strengths(2).at("mul#1:self").arriving == Approx(9 * 4096));
  CHECK(one->strengths().empty());
}

TEST_CASE("probes leave the watched gradients as they are") {
  auto net = test::convolution_net();
  const at::Tensor x = numbers({16, 3, 16, 16}, 7);
  const Pass plain = pass(net, x, false), probed = pass(net, x, true);
  CHECK(probed.probes.size() == 4);
  CHECK((plain.strengths == probed.strengths));
}

TEST_CASE("sensitivities follow the gradient while weights change") {
  auto net = smooth_net();
  const at::Tensor x = numbers({64, 32}, 8);
  const Pass before = pass(net, x, true);
  PrecisionTable table;
  table.note(before.saved);
  for (const auto& tensor : std::vector(table.tensors())) {
    const ProbeResult& probe = before.probes.at(tensor.id);
    table.add_draw(tensor.id, {probe.sensitivity, probe.passed, 0.1, before.strengths.at(tensor.id)});
  }
  {
    const at::NoGradGuard no_grad;
    net[5]->as<torch::nn::Linear>()->weight.mul_(3);
  }
  const Pass after = pass(net, x, true);
  table.note_gradients(after.strengths);
  REQUIRE(table.tensors().size() == 2);
  for (const auto& tensor : table.tensors()) {
    INFO(tensor.id);
    const double ratio = after.probes.at(tensor.id).sensitivity / before.probes.at(tensor.id).sensitivity;
    // What the last layer does with the tanh's result has not changed; the tanh's own part has, and all before it.
    CHECK(ratio == (tensor.id == "tanh#1:result" ? Approx(5).margin(3) : Approx(9).epsilon(1e-3)));
    CHECK(tensor.sensitivity ==
          Approx(after.probes.at(tensor.id).sensitivity).epsilon(tensor.id == "tanh#1:result" ? 0.5 : 1e-3));
  }
}

/// A sensitivity before and after what comes to a layer is made 4 times as large, which the layer divides by.
void check_that_it_follows(torch::nn::Sequential& net, const at::Tensor& x, const std::string& id) {
  const Pass before = pass(net, x, true);
  const ProbeResult& probe = before.probes.at(id);
  CHECK(probe.passed > 0);
  CHECK(probe.passed < probe.sensitivity);
  PrecisionTable table;
  table.note(before.saved);
  table.add_draw(id, {probe.sensitivity, probe.passed, 0.1, before.strengths.at(id)});
  {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& parameter : net[0]->parameters()) at::Tensor(parameter).mul_(4);
  }
  const Pass after = pass(net, x, true);
  CHECK(after.strengths.at(id).arriving == Approx(before.strengths.at(id).arriving).epsilon(1e-2));
  CHECK(after.strengths.at(id).passing == Approx(before.strengths.at(id).passing / 16).epsilon(1e-2));
  table.note_gradients(after.strengths);
  const auto entry =
      std::find_if(table.tensors().begin(), table.tensors().end(), [&](const auto& t) { return t.id == id; });
  REQUIRE(entry != table.tensors().end());
  CHECK(entry->sensitivity == Approx(after.probes.at(id).sensitivity).epsilon(0.1));
  CHECK(entry->passed == Approx(after.probes.at(id).passed).epsilon(0.3));
  CHECK(entry->passed < 0.1 * probe.passed);
}

TEST_CASE("what a norm's rounding does below it goes with what it sends there") {
  using namespace torch::nn;
  Sequential by_batch(Conv2d(Conv2dOptions(3, 8, 3)), BatchNorm2d(8), Conv2d(Conv2dOptions(8, 4, 3)));
  test::initialise(*by_batch, 5);
  check_that_it_follows(by_batch, numbers({16, 3, 16, 16}, 7), "native_batch_norm#1:input");
  // Of the second layer's input, which is derived from what the norm saves, no rounding goes on.
  Sequential by_layer(Linear(32, 64), LayerNorm(LayerNormOptions({64})), Linear(64, 64));
  test::initialise(*by_layer, 5);
  check_that_it_follows(by_layer, numbers({64, 32}, 8), "native_layer_norm#1:input");
}

TEST_CASE("rounding of a linear layer's input reaches its weight alone") {
  using namespace torch::nn;
  Sequential net(Linear(32, 64), Sigmoid(), Linear(64, 64), Linear(64, 10));
  test::initialise(*net, 5);
  const Pass found = pass(net, numbers({64, 32}, 8), true);
  const std::string id = "addmm#3:mat1";
  REQUIRE(found.probes.contains(id));
  CHECK(found.probes.at(id).sensitivity > 0);
  CHECK(found.probes.at(id).passed <= 1e-6 * found.probes.at(id).sensitivity);
  CHECK(found.strengths.at(id).arriving > 0);
  CHECK(found.strengths.at(id).passing == 0);
}

}  // namespace
}  // namespace terse::act
