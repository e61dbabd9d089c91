#include <algorithm>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/train/base/attention.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

using Linear = torch::nn::LinearImpl;
using LayerNorm = torch::nn::LayerNormImpl;
using Dropout = torch::nn::DropoutImpl;

struct VitSizes {
  std::int64_t channels, height, width, patch, dim, depth, heads, mlp, classes;
  double dropout;
};

torch::nn::LayerNormOptions layer_norm(std::int64_t dim) { return torch::nn::LayerNormOptions({dim}).eps(1e-6); }

class EncoderBlock : public PathModule {
 public:
  EncoderBlock(const std::string& path, const VitSizes& sizes) : PathModule(path) {
    ln_1_ = make<LayerNorm>("ln_1", layer_norm(sizes.dim));
    attention_ = nest<SelfAttention>("self_attention", sizes.dim, sizes.heads, 0.0);
    dropout_ = make<Dropout>("dropout", sizes.dropout);
    ln_2_ = make<LayerNorm>("ln_2", layer_norm(sizes.dim));
    auto mlp = nest<ModuleGroup>("mlp");
    mlp_in_ = mlp->make<Linear>("0", sizes.dim, sizes.mlp);
    mlp_gelu_ = mlp->make<torch::nn::GELUImpl>("1");
    mlp_dropout_ = mlp->make<Dropout>("2", sizes.dropout);
    mlp_out_ = mlp->make<Linear>("3", sizes.mlp, sizes.dim);
    mlp_last_ = mlp->make<Dropout>("4", sizes.dropout);
    for (auto* linear : {&mlp_in_, &mlp_out_}) {
      torch::nn::init::xavier_uniform_((*linear)->weight);
      torch::nn::init::normal_((*linear)->bias, 0, 1e-6);
    }
  }

  bool keeps_examples_apart() const override { return true; }

  at::Tensor forward(const at::Tensor& input) {
    const auto x = input + dropout_(attention_(ln_1_(input), at::Tensor()));
    return x + mlp_last_(mlp_out_(mlp_dropout_(mlp_gelu_(mlp_in_(ln_2_(x))))));
  }

 private:
  Child<LayerNorm> ln_1_, ln_2_;
  Child<SelfAttention> attention_;
  Child<Linear> mlp_in_, mlp_out_;
  Child<torch::nn::GELUImpl> mlp_gelu_;
  Child<Dropout> dropout_, mlp_dropout_, mlp_last_;
};

class Encoder : public PathModule {
 public:
  Encoder(const std::string& path, const VitSizes& sizes, std::int64_t tokens) : PathModule(path) {
    pos_embedding_ = register_parameter("pos_embedding", torch::empty({1, tokens, sizes.dim}).normal_(0, 0.02));
    dropout_ = make<Dropout>("dropout", sizes.dropout);
    auto layers = nest<ModuleGroup>("layers");
    for (std::int64_t i = 0; i < sizes.depth; ++i) {
      layers_.push_back(layers->nest_block<EncoderBlock>("encoder_layer_" + std::to_string(i), sizes));
    }
    ln_ = make<LayerNorm>("ln", layer_norm(sizes.dim));
  }

  at::Tensor forward(const at::Tensor& input) {
    auto x = dropout_(input + pos_embedding_);
    for (const auto& layer : layers_) x = layer(x);
    return ln_(x);
  }

 private:
  at::Tensor pos_embedding_;
  Child<Dropout> dropout_;
  std::vector<Child<EncoderBlock>> layers_;
  Child<LayerNorm> ln_;
};

class Vit : public Model {
 public:
  explicit Vit(const VitSizes& sizes) : image_size_{sizes.height, sizes.width} {
    class_token_ = register_parameter("class_token", torch::zeros({1, 1, sizes.dim}));
    conv_proj_ = make<torch::nn::Conv2dImpl>(
        "conv_proj", torch::nn::Conv2dOptions(sizes.channels, sizes.dim, sizes.patch).stride(sizes.patch));
    const auto tokens = (sizes.height / sizes.patch) * (sizes.width / sizes.patch) + 1;
    encoder_ = nest<Encoder>("encoder", sizes, tokens);
    head_ = nest<ModuleGroup>("heads")->make<Linear>("head", sizes.dim, sizes.classes);
    init_patches(std::sqrt(1.0 / static_cast<double>(sizes.channels * sizes.patch * sizes.patch)));
    torch::nn::init::zeros_(head_->weight);
    torch::nn::init::zeros_(head_->bias);
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    const auto image = resize_images(inputs.at(0), image_size_);
    const auto patches = conv_proj_(image).flatten(2).transpose(1, 2);
    const auto x = at::cat({class_token_.expand({image.size(0), -1, -1}), patches}, 1);
    return head_(encoder_(x).select(1, 0));
  }

 private:
  // A normal distribution cut at ±2, which at this deviation cuts nothing that could be drawn but for tiny fan-ins.
  void init_patches(double deviation) {
    torch::NoGradGuard guard;
    conv_proj_->weight.normal_(0, deviation).clamp_(-2, 2);
    torch::nn::init::zeros_(conv_proj_->bias);
  }

  std::vector<std::int64_t> image_size_;
  at::Tensor class_token_;
  Child<torch::nn::Conv2dImpl> conv_proj_;
  Child<Encoder> encoder_;
  Child<Linear> head_;
};

}  // namespace

std::shared_ptr<Model> make_vit(SpecReader& spec, const DataShape& data) {
  const auto image = image_extents(data, "vit");
  VitSizes sizes{};
  sizes.channels = spec.integer("channels", image[0]);
  const auto side = spec.integer("image", 0, 0);
  sizes.height = side > 0 ? side : image[1];
  sizes.width = side > 0 ? side : image[2];
  sizes.patch = spec.integer("patch", std::max(sizes.height, sizes.width) <= 64 ? 4 : 16);
  sizes.dim = spec.integer("dim", 768);
  sizes.depth = spec.integer("depth", 12);
  sizes.heads = spec.integer("heads", std::max<std::int64_t>(1, sizes.dim / 64));
  sizes.mlp = spec.integer("mlp", 4 * sizes.dim);
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.dropout = spec.number("dropout", 0, 0, 1);
  const auto fail = [](const std::string& why) { return Error(Error::Usage, "model vit: " + why); };
  if (sizes.dim % sizes.heads != 0) throw fail("dim must be a multiple of heads");
  if (sizes.height % sizes.patch != 0 || sizes.width % sizes.patch != 0) {
    throw fail("images of " + std::to_string(sizes.height) + "x" + std::to_string(sizes.width) +
               " are no multiple of patch=" + std::to_string(sizes.patch));
  }
  return std::make_shared<Vit>(sizes);
}

}  // namespace terse::train
