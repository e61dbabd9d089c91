// Exported programs train as they do in Python.
#include "exported_fixture.hpp"
#include "terse/core/error.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;
using namespace terse::test;

namespace {

// Dropout draws from LibTorch's default generator in the order of the operators, as in Python. The decomposed
// program draws its masks as booleans, which is another sequence: there only the steps' course is compared.
const std::vector<std::string> kPrograms = {"convnet", "attention", "tied_text", "stochastic_depth", "recurrent"};

double tolerance(double value) { return 1e-5 * std::max(1.0, std::abs(value)); }

}  // namespace

TEST_CASE("five steps of SGD give Python's losses, state and evaluation", "[numeric]") {
  for (const std::string& name : kPrograms) {
    INFO(name);
    const auto expected = expected_of(name);
    const auto network = train::load_exported_program(export_path(name + ".pt2"));
    const auto losses = train_like_python(*network, expected);
    for (std::size_t step = 0; step < losses.size(); ++step) {
      const double python = expected.at("losses")[step].get<double>();
      INFO("step " << step << ": " << losses[step] << ", Python " << python);
      CHECK(std::abs(losses[step] - python) <= tolerance(python));
    }

    auto state = expected.at("state");
    std::vector<std::string> names;
    for (const auto& list : {network->parameters(), network->buffers()}) {
      for (const auto& [key, tensor] : list) {
        INFO(key);
        REQUIRE(state.contains(key));
        CHECK(state[key]["shape"].get<std::vector<std::int64_t>>() == tensor.sizes().vec());
        const double sum = state[key]["sum"].get<double>();
        CHECK(std::abs(tensor.sum(at::kDouble).item<double>() - sum) <=
              1e-5 * std::max(1.0, static_cast<double>(tensor.numel())));
        names.push_back(key);
      }
    }
    CHECK(names.size() == state.size());

    network->set_training(false);
    const at::NoGradGuard no_grad;
    const at::Tensor logits = network->forward({batches_of(expected)[0]}).flatten();
    const auto evaluation = expected.at("evaluation").get<std::vector<double>>();
    for (std::size_t i = 0; i < evaluation.size(); ++i) {
      CHECK(std::abs(logits[static_cast<std::int64_t>(i)].item<double>() - evaluation[i]) <= 1e-4);
    }
  }
}

TEST_CASE("a decomposed program trains: functional batch norm updates its buffers", "[numeric]") {
  const auto expected = expected_of("convnet_decomposed");
  const auto eager = train::load_exported_program(export_path("convnet.pt2"));
  const auto network = train::load_exported_program(export_path("convnet_decomposed.pt2"));
  // Same weights, no dropout in either: switch evaluation of everything but batch norm by comparing its statistics.
  const at::NoGradGuard no_grad;
  const auto from = eager->parameters();
  const auto to = network->parameters();
  REQUIRE(from.size() == to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    REQUIRE(from[i].first == to[i].first);
    to[i].second.copy_(from[i].second);
  }
  const auto batch = batches_of(expected)[0];
  eager->forward({batch});
  network->forward({batch});
  const auto left = eager->buffers();
  const auto right = network->buffers();
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    INFO(left[i].first);
    CHECK(left[i].first == right[i].first);
    CHECK(at::allclose(left[i].second, right[i].second, 1e-5, 1e-6));
  }
}

TEST_CASE("evaluation changes no buffer and draws nothing") {
  for (const char* name : {"convnet", "convnet_decomposed", "stochastic_depth"}) {
    INFO(name);
    const auto network = train::load_exported_program(export_path(std::string(name) + ".pt2"));
    const auto batch = batches_of(expected_of(name))[0];
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> before;
    for (const auto& [key, tensor] : network->buffers()) before.push_back(tensor.clone());
    network->set_training(false);
    const at::Tensor first = network->forward({batch}), second = network->forward({batch});
    CHECK(at::equal(first, second));
    const auto after = network->buffers();
    for (std::size_t i = 0; i < after.size(); ++i) CHECK(at::equal(before[i], after[i].second));
    network->set_training(true);
    CHECK_FALSE(at::equal(network->forward({batch}), network->forward({batch})));
  }
}

TEST_CASE("gradients reach every trained parameter, and only those") {
  const auto network = train::load_exported_program(export_path("tied_text.pt2"));
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [key, tensor] : network->parameters()) parameters[key] = tensor;
  CHECK(parameters.at("embedding.weight").is_same(parameters.at("decoder.weight")));
  CHECK_FALSE(parameters.at("scale").requires_grad());
  network->forward({batches_of(expected_of("tied_text"))[0]}).sum().backward();
  for (const auto& [key, tensor] : parameters) {
    INFO(key);
    CHECK(tensor.grad().defined() == (key != "scale"));
  }
  CHECK(network->constants().empty());
  CHECK(train::load_exported_program(export_path("attention.pt2"))->constants().size() == 2);
}

TEST_CASE("inputs that do not fit are refused with what was expected") {
  const auto network = train::load_exported_program(export_path("convnet.pt2"));
  const auto message = [&](const std::vector<at::Tensor>& inputs) -> std::string {
    try {
      network->forward(inputs);
    } catch (const Error& error) {
      CHECK(error.code() == Error::BadInput);
      return error.what();
    }
    return "accepted";
  };
  CHECK_THAT(message({}), ContainsSubstring("takes 1 inputs, the data have 0"));
  CHECK_THAT(message({torch::zeros({4, 3, 8})}), ContainsSubstring("exported for 4 dimensions"));
  CHECK_THAT(message({torch::zeros({4, 1, 8, 8})}), ContainsSubstring("dimension 1 was exported as 3"));
  CHECK_THAT(message({torch::zeros({4, 3, 8, 8}, at::kLong)}), ContainsSubstring("node conv2d (torch.ops.aten.conv2d"));
  CHECK(message({torch::zeros({1, 3, 8, 8})}) == "accepted");
}
