#include "terse/train/data/channels_last.hpp"

#include "terse/core/error.hpp"
#include "terse/train/loop/trainer.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

Trainer trainer_on_images(const std::string& model, const std::string& data, act::Level level = act::Level::L0) {
  TrainOptions options;
  options.model = parse_spec(model, "model");
  options.data = parse_spec(data, "data");
  options.batch = 4;
  options.steps = 3;
  options.compression.level = level;
  return Trainer(options);
}

/// Saved images whose channels lie together, and those whose pixels do.
std::pair<int, int> formats_of(const std::vector<act::SavedTensor>& saved) {
  int last = 0, contiguous = 0;
  for (const auto& tensor : saved) {
    if (tensor.strides.size() != 4 || tensor.shape[1] == 1 || tensor.shape[2] * tensor.shape[3] == 1) continue;
    ++(tensor.strides[1] == 1 ? last : contiguous);
  }
  return {last, contiguous};
}

TEST_CASE("channels last, a convolutional network computes the same function", "[channels_last]") {
  for (const std::string model :
       {"resnet18:stem=imagenet", "resnet50", "vgg11_bn:dropout=0", "fcn_resnet50:dropout=0"}) {
    CAPTURE(model);
    const std::string data =
        model.starts_with("fcn") ? "random:3x32x32,count=16,labels=pixels" : "random:3x32x32,count=16";
    const auto separator = model.find(':') == std::string::npos ? ":" : ",";
    auto contiguous = trainer_on_images(model, data);
    const double expected = contiguous.step().loss;
    auto last = trainer_on_images(model + separator + "memory_format=channels_last", data);
    CHECK_THAT(last.step().loss, Catch::Matchers::WithinRel(expected, 1e-4));
    CHECK(last.made().spec.values.at("memory_format") == "channels_last");
    CHECK_FALSE(contiguous.made().spec.values.contains("memory_format"));
  }
}

TEST_CASE("channels last, what is saved is stored in that order", "[channels_last]") {
  for (const std::string data : {"random:3x32x32,count=16", "random:1x28x28,count=16"}) {
    CAPTURE(data);
    auto trainer = trainer_on_images("resnet18:stem=small,memory_format=channels_last", data, act::Level::L1);
    trainer.step();
    const auto [last, contiguous] = formats_of(trainer.compression().saved());
    CHECK(last > 30);
    CHECK(contiguous == 0);
    auto other = trainer_on_images("resnet18:stem=small", data, act::Level::L1);
    other.step();
    CHECK(formats_of(other.compression().saved()).second == last);
  }
}

TEST_CASE("channels last is for images", "[channels_last]") {
  CHECK_THROWS_WITH(trainer_on_images("mlp:memory_format=channels_last", "random:20"),
                    Catch::Matchers::ContainsSubstring("for images"));
  CHECK_THROWS_WITH(trainer_on_images("resnet18:memory_format=nhwc", "random:3x32x32"),
                    Catch::Matchers::ContainsSubstring("memory_format=nhwc"));
}

}  // namespace
}  // namespace terse::train
