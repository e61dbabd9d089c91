#include <torch/script.h>

#include <filesystem>
#include <fstream>

#include "terse/core/error.hpp"
#include "terse/train/base/network.hpp"
#include "terse_catch.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;

namespace {

Error::Code code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK_THAT(error.what(), !ContainsSubstring("\n"));
    return error.code();
  }
  return static_cast<Error::Code>(0);
}

struct Saved {
  std::string path = (std::filesystem::temp_directory_path() / "terse_torchscript_test.pt").string();
  Saved() {
    torch::jit::Module module("Net");
    module.register_attribute("training", c10::BoolType::get(), true);
    module.register_parameter("weight", torch::full({3, 2}, 0.5, torch::requires_grad()), false);
    module.register_buffer("seen", torch::zeros({}));
    module.define(R"(
      def forward(self, x):
        if self.training:
          self.seen.add_(1)
        return 1, {"logits": torch.relu(x @ self.weight.t()), "input": x}
    )");
    module.save(path);
  }
  ~Saved() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("TorchScript is loaded on trust alone") {
  const Saved saved;
  CHECK(code_of([&] { train::load_torchscript(saved.path, false); }) == Error::NotTrusted);
  CHECK(code_of([&] { train::load_torchscript("/nonexistent.pt", true); }) == Error::NoInput);
  CHECK(code_of([&] { train::load_torchscript("/nonexistent.pt", false); }) == Error::NotTrusted);
}

TEST_CASE("a TorchScript module trains and evaluates") {
  const Saved saved;
  const auto network = train::load_torchscript(saved.path, true);
  REQUIRE(network->parameters().size() == 1);
  CHECK(network->parameters()[0].first == "weight");
  REQUIRE(network->buffers().size() == 1);
  const at::Tensor output = network->forward({torch::ones({4, 2})});
  CHECK(at::equal(output, torch::ones({4, 3})));
  output.sum().backward();
  CHECK(at::equal(network->parameters()[0].second.grad(), torch::full({3, 2}, 4.0)));
  network->set_training(false);
  network->forward({torch::ones({4, 2})});
  CHECK(network->buffers()[0].second.item<double>() == 1);
  CHECK(code_of([&] { network->forward({torch::ones({4, 5})}); }) == Error::BadInput);
}

TEST_CASE("operators run, and save, under their eager names") {
  const Saved saved;
  const auto network = train::load_torchscript(saved.path, true);
  static std::vector<std::string> names;
  names.clear();
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
        names.emplace_back(function.name());
        return nullptr;
      }).scopes({at::RecordScope::FUNCTION}));
  for (int run = 0; run < 4; ++run) network->forward({torch::ones({4, 2})}).sum().backward();
  at::removeCallback(handle);
  CHECK(std::count(names.begin(), names.end(), "aten::relu") == 4);
  CHECK(std::count(names.begin(), names.end(), "aten::matmul") >= 4);
}

TEST_CASE("a damaged TorchScript file is bad input") {
  const Saved saved;
  std::filesystem::resize_file(saved.path, std::filesystem::file_size(saved.path) / 2);
  CHECK(code_of([&] { train::load_torchscript(saved.path, true); }) == Error::BadInput);
  std::ofstream(saved.path) << "not TorchScript";
  CHECK(code_of([&] { train::load_torchscript(saved.path, true); }) == Error::BadInput);
}
