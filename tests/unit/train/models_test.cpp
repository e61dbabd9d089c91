#include "terse/train/models/models.hpp"

#include <map>

#include "terse/train/builtin_network.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

const DataShape kImageNet{.classes = 1000, .extents = {3, 224, 224}};
const DataShape kSmallImages{.classes = 10, .extents = {1, 28, 28}};

BuiltinNetwork make(const std::string& text, const DataShape& data) {
  Spec resolved;
  return BuiltinNetwork(make_model(parse_spec(text, "model"), data, resolved));
}

std::int64_t count_parameters(const Network& network) {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : network.parameters()) count += parameter.numel();
  return count;
}

std::map<std::string, std::vector<std::int64_t>> shapes_of(const NamedTensors& tensors) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& [name, tensor] : tensors) shapes[name] = tensor.sizes().vec();
  return shapes;
}

TEST_CASE("models have as many parameters as torchvision's") {
  const std::map<std::string, std::int64_t> kCounts = {{"resnet18", 11'689'512},
                                                       {"resnet50", 25'557'032},
                                                       {"vgg11", 132'863'336},
                                                       {"vit", 86'567'656}};
  for (const auto& [name, count] : kCounts) {
    INFO(name);
    CHECK(count_parameters(make(name, kImageNet)) == count);
  }
}

TEST_CASE("parameters and buffers have PyTorch's names and shapes") {
  const auto resnet = make("resnet18", kImageNet);
  const auto shapes = shapes_of(resnet.parameters());
  CHECK(resnet.parameters().front().first == "conv1.weight");
  CHECK(resnet.parameters().back().first == "fc.bias");
  CHECK(shapes.size() == 62);
  CHECK(shapes.at("conv1.weight") == std::vector<std::int64_t>{64, 3, 7, 7});
  CHECK(shapes.at("layer2.0.downsample.0.weight") == std::vector<std::int64_t>{128, 64, 1, 1});
  CHECK(shapes.at("layer4.1.bn2.bias") == std::vector<std::int64_t>{512});
  CHECK(shapes_of(resnet.buffers()).contains("layer1.0.bn1.num_batches_tracked"));
  CHECK(resnet.buffers().size() == 60);

  const auto vit = shapes_of(make("vit", kImageNet).parameters());
  CHECK(vit.size() == 152);
  CHECK(vit.at("class_token") == std::vector<std::int64_t>{1, 1, 768});
  CHECK(vit.at("encoder.pos_embedding") == std::vector<std::int64_t>{1, 197, 768});
  CHECK(vit.at("encoder.layers.encoder_layer_11.self_attention.in_proj_weight") == std::vector<std::int64_t>{2304, 768});
  CHECK(vit.at("encoder.layers.encoder_layer_0.mlp.3.weight") == std::vector<std::int64_t>{768, 3072});
  CHECK(vit.contains("heads.head.bias"));

  const auto vgg = shapes_of(make("vgg16_bn:classes=7", kImageNet).parameters());
  CHECK(vgg.contains("features.41.bias"));
  CHECK(vgg.at("classifier.6.weight") == std::vector<std::int64_t>{7, 4096});
  CHECK(shapes_of(make("mlp:hidden=32", kSmallImages).parameters()).at("3.weight") == std::vector<std::int64_t>{10, 32});
}

TEST_CASE("models take a batch and give logits, in training and evaluation") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 2, .extents = {12}, .vocabulary = 50};
  const std::vector<std::pair<std::string, DataShape>> kCases = {
      {"mlp", kSmallImages},
      {"resnet18", kSmallImages},
      {"resnet50:stem=imagenet", kSmallImages},
      {"vgg11:pool=1", kSmallImages},
      {"vit:dim=32,depth=2,heads=2,dropout=0.1", kSmallImages},
      {"vit:dim=32,depth=1,heads=2,image=32,patch=8", kSmallImages},
      {"text:dim=16,heads=2", text}};
  for (const auto& [name, data] : kCases) {
    INFO(name);
    auto network = make(name, data);
    at::Tensor x = data.kind == DataShape::Kind::Tokens ? at::randint(1, 50, {4, 9}, at::kLong) : at::randn({4, 1, 28, 28});
    for (const bool training : {true, false}) {
      network.set_training(training);
      CHECK(network.forward({x}).sizes().vec() == std::vector<std::int64_t>{4, data.classes});
    }
  }
}

TEST_CASE("padding does not change what a text model says") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 3, .extents = {12}, .vocabulary = 50};
  auto network = make("text:dim=16,heads=2", text);
  network.set_training(false);
  const auto x = at::randint(1, 50, {2, 5}, at::kLong);
  const auto padded = at::constant_pad_nd(x, {0, 4});
  CHECK(at::allclose(network.forward({x}), network.forward({padded}), 1e-5, 1e-6));
}

TEST_CASE("gcn averages over neighbours with the symmetric weights") {
  const DataShape graph{.kind = DataShape::Kind::Graph, .classes = 2, .extents = {3}};
  auto network = make("gcn:depth=1,dropout=0", graph);
  const auto x = at::randn({4, 3});
  const auto edges = at::tensor({0, 1, 1, 2, 1, 0, 2, 1}, at::kLong).view({2, 4});
  const auto weight = network.parameters()[1].second, bias = network.parameters()[0].second;
  // Dense reference in double precision: D^-1/2 (A + I) D^-1/2 X W' + b.
  auto adjacency = at::eye(4, at::kDouble);
  for (int i = 0; i < 4; ++i) adjacency[edges[0][i].item<int>()][edges[1][i].item<int>()] = 1;
  const auto scale = adjacency.sum(1).rsqrt().diag();
  const auto expected =
      scale.mm(adjacency).mm(scale).mm(x.to(at::kDouble)).mm(weight.to(at::kDouble).t()) + bias.to(at::kDouble);
  CHECK(at::allclose(network.forward({x, edges}).to(at::kDouble), expected, 1e-5, 1e-6));
}

TEST_CASE("a model that cannot take the data says why") {
  CHECK(throws(Error::Usage, "unknown model 'resnet19' (mlp, resnet18", [] { make("resnet19", kImageNet); }));
  CHECK(throws(Error::Usage, "unknown key 'width' (", [] { make("resnet18:width=2", kImageNet); }));
  CHECK(throws(Error::Usage, "takes images", [] { make("resnet18", {.classes = 2, .extents = {20}}); }));
  CHECK(throws(Error::Usage, "takes text", [] { make("text", kSmallImages); }));
  CHECK(throws(Error::Usage, "takes a graph", [] { make("gcn", kSmallImages); }));
  CHECK(throws(Error::Usage, "multiple of heads", [] { make("vit:dim=10,heads=3", kSmallImages); }));
  CHECK(throws(Error::Usage, "no multiple of patch=5", [] { make("vit:patch=5", kSmallImages); }));
  CHECK(throws(Error::Usage, "hidden=32x", [] { make("mlp:hidden=32x", kSmallImages); }));
}

}  // namespace
}  // namespace terse::train
