// Parts of exported programs that run again in the backward pass.
#include "exported_fixture.hpp"
#include "terse/act/packing/compression.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {
namespace {

struct Trained {
  std::size_t blocks = 0;
  std::vector<at::Tensor> tensors;  // parameters and buffers after the last step
  std::vector<std::string> inputs;  // ids of what blocks were run on
};

Trained train_program(const std::string& name, const std::string& choice) {
  const auto expected = test::expected_of(name);
  const auto network = load_exported_program(test::export_path(name + ".pt2"));
  Trained trained;
  if (!choice.empty()) trained.blocks = network->recompute(RecomputeChoice(choice));
  torch::manual_seed(4);
  act::Compression compression({.level = act::Level::L0});
  for (const auto& [name, tensor] : network->parameters()) compression.own(tensor, act::Reason::Parameter);
  for (const auto& [name, tensor] : lasting_tensors(*network)) compression.own(tensor, act::Reason::Buffer);
  learn::Optimizer optimizer(network->parameters(), {.kind = learn::OptimizerKind::Sgd, .momentum = 0.9});
  const auto batches = test::batches_of(expected);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto target = torch::tensor(expected.at("targets")[i].get<std::vector<std::int64_t>>());
    compression.batch({batches[i]});
    const auto step = compression.step();
    cross_entropy(network->forward({batches[i]}), target).backward();
    optimizer.step(0.05);
    optimizer.clear_gradients();
  }
  for (const auto& [key, tensor] : network->parameters()) trained.tensors.push_back(tensor);
  for (const auto& [key, tensor] : network->buffers()) trained.tensors.push_back(tensor);
  for (const auto& saved : compression.saved()) {
    if (saved.op == "recompute") trained.inputs.push_back(saved.id);
  }
  return trained;
}

void check_same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], b[i]));
}

}  // namespace

TEST_CASE("Modules of an exported program that run twice train to the same bits", "[exported][recompute]") {
  struct Case {
    std::string program, choice;
    std::size_t blocks;
  };
  // Whole stages, single layers (ReLU changes what the layer before it made in place), dropout, parts without a module.
  const auto [program, choice, blocks] = GENERATE(values<Case>({{"convnet", "features", 1},
                                                                {"convnet", "features.*,dropout", 8},
                                                                {"convnet", "features.[4-6]", 3},
                                                                {"convnet_decomposed", "features,dropout", 2},
                                                                {"convnet_decomposed", "features.?", 7},
                                                                {"attention", "mlp,norm?,qkv", 4},
                                                                {"stochastic_depth", "dropout,branch", 2}}));
  const auto once = train_program(program, ""), twice = train_program(program, choice);
  CHECK(twice.blocks == blocks);
  CHECK(twice.inputs.size() >= blocks);
  check_same(twice.tensors, once.tensors);
}

TEST_CASE("An exported program has modules, but no blocks of its own", "[exported][recompute]") {
  const auto network = load_exported_program(test::export_path("convnet.pt2"));
  CHECK(network->recompute(RecomputeChoice("blocks")) == 0);
  CHECK(network->recompute(RecomputeChoice("layer1.*")) == 0);
}

}  // namespace terse::train
