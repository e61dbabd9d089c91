#include "terse/train/models/resnet_features.hpp"

#include <map>

namespace terse::train {

namespace {

using Conv = torch::nn::Conv2dImpl;
using Norm = torch::nn::BatchNorm2dImpl;

torch::nn::Conv2dOptions conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                              std::int64_t dilation = 1) {
  return torch::nn::Conv2dOptions(in, out, kernel)
      .stride(stride)
      .padding(kernel / 2 * dilation)
      .dilation(dilation)
      .bias(false);
}

}  // namespace

/// One residual block: two 3x3 convolutions, or 1x1, 3x3, 1x1 (bottleneck, four times wider at its end).
class ResidualBlock : public PathModule {
 public:
  ResidualBlock(const std::string& path, bool bottleneck, std::int64_t in, std::int64_t width, std::int64_t stride,
                std::int64_t dilation)
      : PathModule(path) {
    const std::int64_t out = bottleneck ? 4 * width : width;
    if (bottleneck) {
      add_conv(conv(in, width, 1, 1), width);
      add_conv(conv(width, width, 3, stride, dilation), width);
      add_conv(conv(width, out, 1, 1), out);
    } else {
      add_conv(conv(in, width, 3, stride, dilation), width);
      add_conv(conv(width, width, 3, 1, dilation), width);
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
  at::Tensor relu(const at::Tensor& x) const {
    act::ModuleScope scope(child_path("relu"));
    return x.relu_();
  }

  std::vector<Child<Conv>> convs_;
  std::vector<Child<Norm>> norms_;
  Child<Conv> shortcut_conv_;
  Child<Norm> shortcut_norm_;
};

ResNetLayout resnet_layout(int depth) {
  static const std::map<int, std::array<int, 4>> kBlocks = {
      {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  return {.bottleneck = depth >= 50, .blocks = kBlocks.at(depth)};
}

ResNetFeatures::ResNetFeatures(PathModule& owner, const ResNetLayout& layout) : relu_path_(owner.child_path("relu")) {
  const auto channels = layout.channels;
  conv1_ = owner.make<Conv>("conv1", layout.small_stem ? conv(channels, 64, 3, 1) : conv(channels, 64, 7, 2));
  bn1_ = owner.make<Norm>("bn1", 64);
  if (!layout.small_stem) {
    maxpool_ = owner.make<torch::nn::MaxPool2dImpl>("maxpool", torch::nn::MaxPool2dOptions(3).stride(2).padding(1));
  }
  std::int64_t in = 64, dilation = 1;
  for (std::size_t stage = 0; stage < layout.blocks.size(); ++stage) {
    auto layer = owner.nest<ModuleGroup>("layer" + std::to_string(stage + 1));
    const std::int64_t width = std::int64_t{64} << stage;
    for (int i = 0; i < layout.blocks[stage]; ++i) {
      const bool entry = stage > 0 && i == 0;
      // The first block of a dilated stage still has the kernels of the stage before it, as in torchvision.
      blocks_.push_back(layer->nest_block<ResidualBlock>(std::to_string(i), layout.bottleneck, in, width,
                                                         entry && !layout.dilate[stage] ? 2 : 1, dilation));
      if (entry && layout.dilate[stage]) dilation *= 2;
      in = layout.bottleneck ? 4 * width : width;
    }
  }
  for (auto& module : owner.modules(/*include_self=*/false)) {
    if (auto* convolution = module->as<Conv>()) {
      torch::nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
}

ResNetFeatures::~ResNetFeatures() = default;

at::Tensor ResNetFeatures::operator()(const at::Tensor& images) const {
  auto x = bn1_(conv1_(images));
  {
    act::ModuleScope scope(relu_path_);
    x = x.relu_();
  }
  if (maxpool_) x = maxpool_(x);
  for (const auto& block : blocks_) x = block(x);
  return x;
}

}  // namespace terse::train
