#include <set>

#include "temporary_folder.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/train/loop/trainer.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

struct Case {
  std::string model, data;
  std::size_t inputs;  // tensors that the blocks of a step are run on
};

std::vector<Case> cases() {
  const std::string images = "random:3x32x32,classes=4,count=8", text = "random:12,classes=3,vocabulary=30,count=8";
  return {{"resnet18", images, 8},
          {"vgg11_bn:pool=1", images, 5},
          {"vit:dim=32,depth=3,heads=2,patch=8,dropout=0.2", images, 3},
          {"swin_t:dim=32,depths=2x2,window=4", images, 4},
          {"text:dim=32,depth=3,heads=2,dropout=0.2", text, 6},
          {"bert:layers=2,hidden=32,heads=2", text, 4},
          {"bert:layers=2,hidden=32,heads=2,attention=plain", text, 4}};
}

struct Trained {
  std::vector<at::Tensor> tensors;
  std::vector<std::string> inputs;
  std::uint64_t stored = 0;
};

Trained train_steps(const Case& one, learn::CompressionChoice compression, const std::string& recompute) {
  TrainOptions options;
  options.model = parse_spec(one.model, "model");
  options.data = parse_spec(one.data, "data");
  options.batch = 4;
  options.steps = 2;
  options.learning_rate = 0.01;
  options.compression = std::move(compression);
  options.recompute = recompute;
  Trainer trainer(options);
  Trained trained;
  while (!trainer.finished()) trained.stored = trainer.step().compression.stored_bytes;
  for (const auto& [name, tensor] : trainer.network().parameters()) trained.tensors.push_back(tensor);
  for (const auto& [name, tensor] : trainer.network().buffers()) trained.tensors.push_back(tensor);
  for (const auto& saved : trainer.compression().saved()) {
    if (saved.op == "recompute") trained.inputs.push_back(saved.id);
  }
  return trained;
}

void check_same(const Trained& a, const Trained& b) {
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) CHECK(at::equal(a.tensors[i], b.tensors[i]));
}

}  // namespace

TEST_CASE("Built-in models whose blocks run twice train to the same bits", "[recompute]") {
  const auto one = GENERATE(from_range(cases()));
  CAPTURE(one.model);
  const auto once = train_steps(one, {.level = act::Level::L0}, ""),
             twice = train_steps(one, {.level = act::Level::L0}, "blocks");
  CHECK(twice.inputs.size() == one.inputs);
  CHECK(std::set<std::string>(twice.inputs.begin(), twice.inputs.end()).size() == one.inputs);
  CHECK(twice.stored < once.stored);
  check_same(twice, once);
}

TEST_CASE("A second tier changes nothing in a training run, with blocks that run twice and without",
          "[recompute][swap]") {
  const test::TemporaryFolder folder;
  const auto store =
      act::open_swap_store({.directory = folder.path().string(), .resident_bytes = 50'000, .least_bytes = 1000});
  const Case resnet{"resnet18", "random:3x32x32,classes=4,count=8", 8};
  const Case text{"text:dim=32,depth=2,heads=2", "random:12,classes=3,vocabulary=30,count=8", 4};
  const auto [one, level, recompute] =
      GENERATE_COPY(table<Case, act::Level, std::string>({{resnet, act::Level::L1, "blocks"},
                                                          {resnet, act::Level::L2_2, ""},
                                                          {text, act::Level::L0, "blocks"},
                                                          {text, act::Level::L0, ""},
                                                          {text, act::Level::L2_2, "blocks"}}));
  CAPTURE(one.model, recompute);
  check_same(train_steps(one, {.level = level, .swap = store}, recompute),
             train_steps(one, {.level = level}, recompute));
  CHECK(store->figures().swapped_bytes > 0);
}

TEST_CASE("Patterns choose modules of a built-in model by their paths", "[recompute]") {
  const Case resnet{"resnet18", "random:3x32x32,classes=4,count=8", 0};
  const auto inputs_of = [&](const std::string& choice) {
    return train_steps(resnet, {.level = act::Level::L0}, choice).inputs;
  };
  CHECK(inputs_of("layer1.*") ==
        std::vector<std::string>{"layer1.0/recompute#1:input0", "layer1.1/recompute#1:input0"});
  CHECK(inputs_of("layer?.1,layer4.0").size() == 5);
  const Case text{"text:dim=32,depth=2,heads=2", "random:12,classes=3,vocabulary=30,count=8", 0};
  CHECK(train_steps(text, {.level = act::Level::L0}, "encoder.layers.1.self_attn").inputs.size() == 2);
  CHECK(test::throws(Error::Usage, "recompute 'layer9': model resnet18 has no such modules",
                     [&] { inputs_of("layer9"); }));
  CHECK(test::throws(Error::Usage, "model mlp has no such modules; name some of its module paths", [] {
    train_steps({"mlp", "random:16,classes=3,count=8", 0}, {.level = act::Level::L0}, "blocks");
  }));
  CHECK(test::throws(Error::Usage, "an empty name", [&] { inputs_of("layer1..0"); }));
}

TEST_CASE("A pattern names a module and all that is inside", "[recompute]") {
  const RecomputeChoice choice("layer1.*,features.[0-2]");
  CHECK(choice.block_of("layer1.0.conv1") == "layer1.0");
  CHECK(choice.block_of("layer1.10") == "layer1.10");
  CHECK(choice.block_of("features.2.0.1") == "features.2");
  CHECK(!choice.block_of("features.3"));
  CHECK(!choice.block_of("layer1"));
  CHECK(!choice.block_of("layer10.0"));
  CHECK(!choice.block_of(""));
}

}  // namespace terse::train
