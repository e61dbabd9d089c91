#include <algorithm>
#include <array>
#include <map>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

using Conv = torch::nn::Conv2dImpl;
using Norm = torch::nn::BatchNorm2dImpl;

torch::nn::Conv2dOptions conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false);
}

/// One residual block: two 3x3 convolutions, or 1x1, 3x3, 1x1 (bottleneck, four times wider at its end).
class Block : public PathModule {
 public:
  Block(const std::string& path, bool bottleneck, std::int64_t in, std::int64_t width, std::int64_t stride)
      : PathModule(path) {
    const std::int64_t out = bottleneck ? 4 * width : width;
    if (bottleneck) {
      add_conv(conv(in, width, 1, 1), width);
      add_conv(conv(width, width, 3, stride), width);
      add_conv(conv(width, out, 1, 1), out);
    } else {
      add_conv(conv(in, width, 3, stride), width);
      add_conv(conv(width, width, 3, 1), width);
    }
    if (stride != 1 || in != out) {
      auto downsample = nest<ModuleGroup>("downsample");
      shortcut_conv_ = downsample->make<Conv>("0", conv(in, out, 1, stride));
      shortcut_norm_ = downsample->make<Norm>("1", out);
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    auto y = x;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      y = norms_[i](convs_[i](y));
      if (i + 1 < convs_.size()) y = relu(y);
    }
    return relu(y.add_(shortcut_conv_ ? shortcut_norm_(shortcut_conv_(x)) : x));
  }

 private:
  void add_conv(const torch::nn::Conv2dOptions& options, std::int64_t channels) {
    const auto number = std::to_string(convs_.size() + 1);
    convs_.push_back(make<Conv>("conv" + number, options));
    norms_.push_back(make<Norm>("bn" + number, channels));
  }

  // In place: batch normalisation and addition do not need their result for the backward pass.
  at::Tensor relu(at::Tensor x) const {
    act::ModuleScope scope(child_path("relu"));
    return x.relu_();
  }

  std::vector<Child<Conv>> convs_;
  std::vector<Child<Norm>> norms_;
  Child<Conv> shortcut_conv_;
  Child<Norm> shortcut_norm_;
};

class ResNet : public Model {
 public:
  ResNet(bool bottleneck, const std::array<int, 4>& blocks, std::int64_t channels, std::int64_t classes, bool small) {
    conv1_ = make<Conv>("conv1", small ? conv(channels, 64, 3, 1) : conv(channels, 64, 7, 2));
    bn1_ = make<Norm>("bn1", 64);
    if (!small) maxpool_ = make<torch::nn::MaxPool2dImpl>("maxpool", torch::nn::MaxPool2dOptions(3).stride(2).padding(1));
    std::int64_t in = 64;
    for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
      auto layer = nest<ModuleGroup>("layer" + std::to_string(stage + 1));
      const std::int64_t width = std::int64_t{64} << stage;
      for (int i = 0; i < blocks[stage]; ++i) {
        blocks_.push_back(layer->nest<Block>(std::to_string(i), bottleneck, in, width, stage > 0 && i == 0 ? 2 : 1));
        in = bottleneck ? 4 * width : width;
      }
    }
    fc_ = make<torch::nn::LinearImpl>("fc", in, classes);
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* convolution = module->as<Conv>()) {
        torch::nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
      }
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = bn1_(conv1_(inputs.at(0)));
    {
      act::ModuleScope scope("relu");
      x = x.relu_();
    }
    if (maxpool_) x = maxpool_(x);
    for (const auto& block : blocks_) x = block(x);
    {
      act::ModuleScope scope("avgpool");
      x = at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    }
    return fc_(x);
  }

 private:
  Child<Conv> conv1_;
  Child<Norm> bn1_;
  Child<torch::nn::MaxPool2dImpl> maxpool_;
  std::vector<Child<Block>> blocks_;
  Child<torch::nn::LinearImpl> fc_;
};

}  // namespace

std::shared_ptr<Model> make_resnet(int depth, SpecReader& spec, const DataShape& data) {
  static const std::map<int, std::array<int, 4>> kBlocks = {
      {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  const auto image = image_extents(data, "resnet" + std::to_string(depth));
  const auto channels = spec.integer("channels", image[0]);
  const auto classes = spec.integer("classes", data.classes, 2);
  const bool small_image = std::max(image[1], image[2]) <= 64;
  const auto stem = spec.choice("stem", small_image ? "small" : "imagenet", {"imagenet", "small"});
  return std::make_shared<ResNet>(depth >= 50, kBlocks.at(depth), channels, classes, stem == "small");
}

}  // namespace terse::train
