#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"
#include "terse/train/models/resnet_features.hpp"

namespace terse::train {

namespace {

class FcnBackbone : public PathModule {
 public:
  FcnBackbone(const std::string& path, const ResNetLayout& layout) : PathModule(path), features_(*this, layout) {}
  at::Tensor forward(const at::Tensor& images) { return features_(images); }

 private:
  ResNetFeatures features_;
};

class Fcn : public Model {
 public:
  Fcn(const ResNetLayout& layout, double dropout, std::int64_t classes) {
    backbone_ = nest<FcnBackbone>("backbone", layout);
    auto classifier = nest<ModuleGroup>("classifier");
    const auto width = layout.width() / 4;
    conv_ = classifier->make<torch::nn::Conv2dImpl>(
        "0", torch::nn::Conv2dOptions(layout.width(), width, 3).padding(1).bias(false));
    norm_ = classifier->make<torch::nn::BatchNorm2dImpl>("1", width);
    relu_path_ = classifier->child_path("2");
    dropout_ = classifier->make<torch::nn::DropoutImpl>("3", dropout);
    last_ = classifier->make<torch::nn::Conv2dImpl>("4", torch::nn::Conv2dOptions(width, classes, 1));
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    const auto& images = inputs.at(0);
    auto x = norm_(conv_(backbone_(images)));
    {
      act::ModuleScope scope(relu_path_);
      x = x.relu_();
    }
    x = last_(dropout_(x));
    act::ModuleScope scope("upsample");
    return at::upsample_bilinear2d(x, images.sizes().slice(2), /*align_corners=*/false);
  }

 private:
  Child<FcnBackbone> backbone_;
  Child<torch::nn::Conv2dImpl> conv_, last_;
  Child<torch::nn::BatchNorm2dImpl> norm_;
  Child<torch::nn::DropoutImpl> dropout_;
  std::string relu_path_;
};

}  // namespace

std::shared_ptr<Model> make_fcn(int depth, SpecReader& spec, const DataShape& data) {
  const auto name = "fcn_resnet" + std::to_string(depth);
  if (!data.label_a_pixel) throw Error(Error::Usage, "model " + name + " takes images with a label a pixel");
  auto layout = resnet_layout(depth);
  layout.channels = spec.integer("channels", data.extents.at(0));
  layout.dilate = {false, false, true, true};
  const auto classes = spec.integer("classes", data.classes, 2);
  const bool small_image = std::max(data.extents.at(1), data.extents.at(2)) <= 64;
  layout.small_stem = spec.choice("stem", small_image ? "small" : "imagenet", {"imagenet", "small"}) == "small";
  const auto dropout = spec.number("dropout", 0.1, 0, 1);
  return std::make_shared<Fcn>(layout, dropout, classes);
}

}  // namespace terse::train
