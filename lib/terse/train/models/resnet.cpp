#include <algorithm>

#include "terse/train/models/models.hpp"
#include "terse/train/models/resnet_features.hpp"

namespace terse::train {

namespace {

/// Mean over each channel. The gradient of the general operator would be in the contiguous order, and keep it along all
/// identity branches.
at::Tensor mean_over_image(const at::Tensor& x) {
  if (x.suggest_memory_format() == at::MemoryFormat::ChannelsLast) return at::avg_pool2d(x, {x.size(2), x.size(3)});
  return at::adaptive_avg_pool2d(x, {1, 1});
}

class ResNet : public Model {
 public:
  ResNet(const ResNetLayout& layout, std::int64_t classes) : features_(*this, layout) {
    fc_ = make<torch::nn::LinearImpl>("fc", layout.width(), classes);
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = features_(inputs.at(0));
    {
      act::ModuleScope scope("avgpool");
      x = mean_over_image(x).flatten(1);
    }
    return fc_(x);
  }

 private:
  ResNetFeatures features_;
  Child<torch::nn::LinearImpl> fc_;
};

}  // namespace

std::shared_ptr<Model> make_resnet(int depth, SpecReader& spec, const DataShape& data) {
  const auto image = image_extents(data, "resnet" + std::to_string(depth));
  auto layout = resnet_layout(depth);
  layout.channels = spec.integer("channels", image[0]);
  const auto classes = spec.integer("classes", data.classes, 2);
  const bool small_image = std::max(image[1], image[2]) <= 64;
  layout.small_stem = spec.choice("stem", small_image ? "small" : "imagenet", {"imagenet", "small"}) == "small";
  return std::make_shared<ResNet>(layout, classes);
}

}  // namespace terse::train
