#include <algorithm>
#include <map>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

using Conv = torch::nn::Conv2dImpl;
using Norm = torch::nn::BatchNorm2dImpl;
using Linear = torch::nn::LinearImpl;

constexpr std::int64_t kSmallestImage = 32;  // five poolings by two

/// Convolutions of one width, each with its ReLU and perhaps batch normalisation, and a pooling. PyTorch numbers its
/// layers through all stages, so it registers them in `features` and has them under its own numbers for its buffers.
class VggStage : public PathModule {
 public:
  VggStage(ModuleGroup& features, int& index, std::int64_t in, std::int64_t width, int convs, bool batch_norm)
      : PathModule(features.path()) {
    set_block();
    for (int i = 0; i < convs; ++i) {
      Unit unit;
      unit.conv = add_to<Conv>(features, index, torch::nn::Conv2dOptions(i == 0 ? in : width, width, 3).padding(1));
      torch::nn::init::kaiming_normal_(unit.conv->weight, 0, torch::kFanOut, torch::kReLU);
      torch::nn::init::zeros_(unit.conv->bias);
      if (batch_norm) unit.norm = add_to<Norm>(features, index, width);
      unit.relu_path = features.child_path(std::to_string(index++));
      units_.push_back(unit);
    }
    pool_ = add_to<torch::nn::MaxPool2dImpl>(features, index, torch::nn::MaxPool2dOptions(2).stride(2));
  }

  at::Tensor forward(at::Tensor x) {
    for (const auto& unit : units_) {
      x = unit.conv(x);
      if (unit.norm) x = unit.norm(x);
      act::ModuleScope scope(unit.relu_path);
      x = x.relu_();
    }
    return pool_(x);
  }

 private:
  struct Unit {
    Child<Conv> conv;
    Child<Norm> norm;
    std::string relu_path;
  };

  template <class Impl, class... Arguments>
  Child<Impl> add_to(ModuleGroup& features, int& index, Arguments&&... arguments) {
    const auto name = std::to_string(index++);
    const auto module = std::make_shared<Impl>(std::forward<Arguments>(arguments)...);
    register_module(name, module);
    return features.add(name, module);
  }

  std::vector<Unit> units_;
  Child<torch::nn::MaxPool2dImpl> pool_;
};

class Vgg : public Model {
 public:
  Vgg(const std::vector<int>& convs_per_stage, bool batch_norm, std::int64_t channels,
      const std::vector<std::int64_t>& image_size, std::int64_t pool, double dropout, std::int64_t classes)
      : image_size_(image_size), pool_(pool) {
    auto features = nest<ModuleGroup>("features");
    int index = 0;
    std::int64_t in = channels;
    for (std::size_t stage = 0; stage < convs_per_stage.size(); ++stage) {
      const std::int64_t width = std::min<std::int64_t>(std::int64_t{64} << stage, 512);
      stages_.emplace_back(
          std::make_shared<VggStage>(*features.operator->(), index, in, width, convs_per_stage[stage], batch_norm),
          features->path());
      in = width;
    }
    auto classifier = nest<ModuleGroup>("classifier");
    const std::int64_t widths[] = {512 * pool * pool, 4096, 4096, classes};
    for (int i = 0; i < 3; ++i) {
      linear_[i] = classifier->make<Linear>(std::to_string(3 * i), widths[i], widths[i + 1]);
      torch::nn::init::normal_(linear_[i]->weight, 0, 0.01);
      torch::nn::init::zeros_(linear_[i]->bias);
      if (i == 2) break;
      relu_path_[i] = classifier->child_path(std::to_string(3 * i + 1));
      dropout_[i] = classifier->make<torch::nn::DropoutImpl>(std::to_string(3 * i + 2), dropout);
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = resize_images(inputs.at(0), image_size_);
    for (const auto& stage : stages_) x = stage(x);
    {
      act::ModuleScope scope("avgpool");
      x = at::adaptive_avg_pool2d(x, {pool_, pool_}).flatten(1);
    }
    for (int i = 0; i < 2; ++i) x = dropout_[i](relu(linear_[i](x), relu_path_[i]));
    return linear_[2](x);
  }

  std::vector<PathModule*> parts() override {
    auto parts = Model::parts();
    for (const auto& stage : stages_) parts.push_back(stage.operator->());
    return parts;
  }

 private:
  static at::Tensor relu(const at::Tensor& x, const std::string& path) {
    act::ModuleScope scope(path);
    return x.relu_();
  }

  std::vector<std::int64_t> image_size_;
  std::int64_t pool_;
  std::vector<Child<VggStage>> stages_;
  Child<Linear> linear_[3];
  std::string relu_path_[2];
  Child<torch::nn::DropoutImpl> dropout_[2];
};

}  // namespace

std::shared_ptr<Model> make_vgg(int depth, bool batch_norm, SpecReader& spec, const DataShape& data) {
  static const std::map<int, std::vector<int>> kConvs = {
      {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  const auto name = "vgg" + std::to_string(depth);
  const auto image = image_extents(data, name);
  const auto side = spec.integer("image", std::min(image[1], image[2]) < kSmallestImage ? kSmallestImage : 0, 0);
  const std::vector<std::int64_t> size =
      side > 0 ? std::vector{side, side} : std::vector<std::int64_t>(image.begin() + 1, image.end());
  if (std::min(size[0], size[1]) < kSmallestImage) {
    throw Error(Error::Usage, "model " + name + " halves images five times: image must be 32 or more");
  }
  const auto channels = spec.integer("channels", image[0]);
  const auto classes = spec.integer("classes", data.classes, 2);
  const auto pool = spec.integer("pool", 7);
  const auto dropout = spec.number("dropout", 0.5, 0, 1);
  return std::make_shared<Vgg>(kConvs.at(depth), batch_norm, channels, size, pool, dropout, classes);
}

}  // namespace terse::train
