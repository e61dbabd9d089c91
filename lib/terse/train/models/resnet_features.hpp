#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "terse/train/base/path_module.hpp"

namespace terse::train {

class ResidualBlock;

/// How a ResNet's convolutions are laid out.
struct ResNetLayout {
  bool bottleneck = false;
  std::array<int, 4> blocks = {};
  std::int64_t channels = 3;        ///< of the images
  bool small_stem = false;          ///< 3x3 stride 1 in place of 7x7 stride 2 and max pooling
  std::array<bool, 4> dilate = {};  ///< stages that widen their kernels instead of halving the map

  /// Channels of the feature map.
  std::int64_t width() const { return bottleneck ? 2048 : 512; }
};

/// The layout of a ResNet of `depth` 18, 34, 50, 101 or 152 layers.
ResNetLayout resnet_layout(int depth);

/// All of a ResNet before its pooling: conv1, bn1, maxpool, layer1 to layer4, registered in `owner`.
class ResNetFeatures {
 public:
  ResNetFeatures(PathModule& owner, const ResNetLayout& layout);
  ~ResNetFeatures();

  /// @param images  [n, channels, h, w]
  /// @return        [n, width, h', w']; h' = h/32, twice that for each stage that dilates, and for the small stem h/8
  at::Tensor operator()(const at::Tensor& images) const;

 private:
  Child<torch::nn::Conv2dImpl> conv1_;
  Child<torch::nn::BatchNorm2dImpl> bn1_;
  Child<torch::nn::MaxPool2dImpl> maxpool_;
  std::string relu_path_;
  std::vector<Child<ResidualBlock>> blocks_;
};

}  // namespace terse::train
