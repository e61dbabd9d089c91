#include "terse/train/models/models.hpp"

#include <map>

#include "terse/train/networks/builtin_network.hpp"
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
  const std::map<std::string, std::int64_t> kCounts = {
      {"resnet18", 11'689'512},  {"resnet34", 21'797'672}, {"resnet50", 25'557'032},  {"resnet101", 44'549'160},
      {"resnet152", 60'192'808}, {"vgg11", 132'863'336},   {"vgg11_bn", 132'868'840}, {"vgg16_bn", 138'365'992},
      {"vit", 86'567'656},       {"swin_t", 28'288'354},   {"swin_s", 49'606'258},    {"swin_b", 87'768'224}};
  for (const auto& [name, count] : kCounts) {
    INFO(name);
    CHECK(count_parameters(make(name, kImageNet)) == count);
  }
}

TEST_CASE("fcn has as many parameters as torchvision's without the auxiliary classifier") {
  auto pixels = kImageNet;
  pixels.label_a_pixel = true;
  CHECK(count_parameters(make("fcn_resnet50:classes=21", pixels)) == 32'957'013);
}

TEST_CASE("bert has as many parameters as Transformers' BertForSequenceClassification") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 2, .extents = {512}, .vocabulary = 30522};
  const auto base = make("bert", text);
  CHECK(count_parameters(base) == 109'482'240 + 2 * 768 + 2);
  CHECK(count_parameters(make("bert:layers=24,hidden=1024", text)) == 335'141'888 + 2 * 1024 + 2);
  const auto shapes = shapes_of(base.parameters());
  CHECK(shapes.size() == 201);
  CHECK(shapes.at("bert.embeddings.token_type_embeddings.weight") == std::vector<std::int64_t>{2, 768});
  CHECK(shapes.at("bert.encoder.layer.11.attention.self.query.bias") == std::vector<std::int64_t>{768});
  CHECK(shapes.contains("bert.encoder.layer.0.attention.output.LayerNorm.weight"));
  CHECK(shapes.at("bert.encoder.layer.0.intermediate.dense.weight") == std::vector<std::int64_t>{3072, 768});
  CHECK(shapes.contains("bert.pooler.dense.weight"));
  CHECK(shapes.contains("classifier.bias"));
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
  CHECK(vit.at("encoder.layers.encoder_layer_11.self_attention.in_proj_weight") ==
        std::vector<std::int64_t>{2304, 768});
  CHECK(vit.at("encoder.layers.encoder_layer_0.mlp.3.weight") == std::vector<std::int64_t>{768, 3072});
  CHECK(vit.contains("heads.head.bias"));

  const auto swin = make("swin_t", kImageNet);
  const auto swin_shapes = shapes_of(swin.parameters());
  CHECK(swin_shapes.size() == 173);
  CHECK(swin_shapes.at("features.1.0.attn.relative_position_bias_table") == std::vector<std::int64_t>{169, 3});
  CHECK(swin_shapes.at("features.6.reduction.weight") == std::vector<std::int64_t>{768, 1536});
  CHECK(swin_shapes.contains("features.7.1.mlp.3.bias"));
  CHECK(shapes_of(swin.buffers()).at("features.3.1.attn.relative_position_index") == std::vector<std::int64_t>{2401});

  const auto vgg = shapes_of(make("vgg16_bn:classes=7", kImageNet).parameters());
  CHECK(vgg.contains("features.41.bias"));
  CHECK(vgg.at("classifier.6.weight") == std::vector<std::int64_t>{7, 4096});
  CHECK(shapes_of(make("mlp:hidden=32", kSmallImages).parameters()).at("3.weight") ==
        std::vector<std::int64_t>{10, 32});
}

TEST_CASE("models take a batch and give logits, in training and evaluation") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 2, .extents = {12}, .vocabulary = 50};
  auto pixels = kSmallImages;
  pixels.label_a_pixel = true;
  const std::vector<std::pair<std::string, DataShape>> kCases = {
      {"mlp", kSmallImages},
      {"resnet18", kSmallImages},
      {"resnet50:stem=imagenet", kSmallImages},
      {"vgg11:pool=1", kSmallImages},
      {"vit:dim=32,depth=2,heads=2,dropout=0.1", kSmallImages},
      {"vit:dim=32,depth=1,heads=2,image=32,patch=8", kSmallImages},
      {"swin_t:dim=32,depths=2x2,window=5", kSmallImages},
      {"fcn_resnet50", pixels},
      {"bert:layers=2,hidden=16,heads=2", text},
      {"bert:layers=1,hidden=16,heads=2,attention=plain,pool=mean", text},
      {"text:dim=16,heads=2", text}};
  for (const auto& [name, data] : kCases) {
    INFO(name);
    auto network = make(name, data);
    at::Tensor x =
        data.kind == DataShape::Kind::Tokens ? at::randint(1, 50, {4, 9}, at::kLong) : at::randn({4, 1, 28, 28});
    for (const bool training : {true, false}) {
      network.set_training(training);
      std::vector<std::int64_t> shape{4, data.classes};
      if (data.label_a_pixel) shape.insert(shape.end(), {28, 28});
      CHECK(network.forward({x}).sizes().vec() == shape);
    }
  }
}

TEST_CASE("padding does not change what a model of text says") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 3, .extents = {12}, .vocabulary = 50};
  for (const std::string spec : {"text:dim=16,heads=2", "bert:layers=2,hidden=16,heads=2",
                                 "bert:layers=2,hidden=16,heads=2,attention=plain,pool=mean"}) {
    INFO(spec);
    auto network = make(spec, text);
    network.set_training(false);
    const auto x = at::randint(1, 50, {2, 5}, at::kLong);
    const auto padded = at::constant_pad_nd(x, {0, 4});
    CHECK(at::allclose(network.forward({x}), network.forward({padded}), 1e-5, 1e-6));
  }
}

TEST_CASE("fused and plain attention say the same") {
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 3, .extents = {12}, .vocabulary = 50};
  auto fused = make("bert:layers=2,hidden=16,heads=2", text),
       plain = make("bert:layers=2,hidden=16,heads=2,attention=plain", text);
  {
    torch::NoGradGuard guard;
    const auto from = fused.parameters(), to = plain.parameters();
    for (std::size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
  }
  fused.set_training(false);
  plain.set_training(false);
  const auto x = at::constant_pad_nd(at::randint(1, 50, {4, 7}, at::kLong), {0, 3});
  CHECK(at::allclose(fused.forward({x}), plain.forward({x}), 1e-5, 1e-6));
}

TEST_CASE("a model that cannot take the data says why") {
  CHECK(throws(Error::Usage, "unknown model 'resnet19' (mlp, resnet18", [] { make("resnet19", kImageNet); }));
  CHECK(throws(Error::Usage, "unknown key 'width' (", [] { make("resnet18:width=2", kImageNet); }));
  CHECK(throws(Error::Usage, "takes images", [] { make("resnet18", {.classes = 2, .extents = {20}}); }));
  CHECK(throws(Error::Usage, "takes text", [] { make("text", kSmallImages); }));
  for (const std::string name : {"gcn", "graphsage", "gat", "gcnii"}) {
    CHECK(throws(Error::Usage, "model " + name + " takes a graph", [&] { make(name, kSmallImages); }));
  }
  CHECK(throws(Error::Usage, "model bert takes text", [] { make("bert", kSmallImages); }));
  CHECK(throws(Error::Usage, "takes images with a label a pixel", [] { make("fcn_resnet50", kSmallImages); }));
  CHECK(throws(Error::Usage, "takes one label an image", [] {
    make("resnet18", {.classes = 2, .extents = {1, 8, 8}, .label_a_pixel = true});
  }));
  CHECK(throws(Error::Usage, "heads and depths must be as many", [] { make("swin_t:heads=2x2", kSmallImages); }));
  CHECK(throws(Error::Usage, "depths=2x (", [] { make("swin_t:depths=2x", kSmallImages); }));
  CHECK(throws(Error::Usage, "batch of 9 tokens is longer than sequence=8", [] {
    make("bert:layers=1,hidden=8", {.kind = DataShape::Kind::Tokens, .classes = 2, .extents = {8}, .vocabulary = 5})
        .forward({at::ones({1, 9}, at::kLong)});
  }));
  CHECK(throws(Error::Usage, "multiple of heads", [] { make("vit:dim=10,heads=3", kSmallImages); }));
  CHECK(throws(Error::Usage, "no multiple of patch=5", [] { make("vit:patch=5", kSmallImages); }));
  CHECK(throws(Error::Usage, "hidden=32x", [] { make("mlp:hidden=32x", kSmallImages); }));
}

}  // namespace
}  // namespace terse::train
