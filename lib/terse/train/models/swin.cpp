#include <algorithm>
#include <map>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"
#include "terse/train/models/window_attention.hpp"

namespace terse::train {

namespace {

struct SwinSizes {
  std::int64_t channels, patch, window, dim, classes;
  std::vector<std::int64_t> depths, heads;
  double stochastic_depth;
};

torch::nn::LayerNormOptions swin_norm(std::int64_t dim) { return torch::nn::LayerNormOptions({dim}).eps(1e-5); }

/// Window attention and two linear layers, each added to what goes around it; in training either branch is left out
/// for an example with probability `drop`.
class SwinBlock : public PathModule {
 public:
  SwinBlock(const std::string& path, std::int64_t dim, std::int64_t heads, std::int64_t window, std::int64_t shift,
            double drop)
      : PathModule(path), drop_(drop) {
    norm1_ = make<torch::nn::LayerNormImpl>("norm1", swin_norm(dim));
    attention_ = nest<WindowAttention>("attn", dim, heads, window, shift);
    norm2_ = make<torch::nn::LayerNormImpl>("norm2", swin_norm(dim));
    auto mlp = nest<ModuleGroup>("mlp");
    mlp_in_ = mlp->make<torch::nn::LinearImpl>("0", dim, 4 * dim);
    gelu_ = mlp->make<torch::nn::GELUImpl>("1");
    mlp_out_ = mlp->make<torch::nn::LinearImpl>("3", 4 * dim, dim);
  }

  bool keeps_examples_apart() const override { return true; }

  at::Tensor forward(const at::Tensor& input) {
    const auto x = input + survive(attention_(norm1_(input)));
    return x + survive(mlp_out_(gelu_(mlp_in_(norm2_(x)))));
  }

 private:
  at::Tensor survive(const at::Tensor& x) const {
    if (!is_training() || drop_ == 0) return x;
    act::ModuleScope scope(child_path("stochastic_depth"));
    auto kept = at::empty({x.size(0), 1, 1, 1}, x.options()).bernoulli_(1 - drop_);
    if (drop_ < 1) kept.div_(1 - drop_);
    return x * kept;
  }

  double drop_;
  Child<torch::nn::LayerNormImpl> norm1_, norm2_;
  Child<WindowAttention> attention_;
  Child<torch::nn::LinearImpl> mlp_in_, mlp_out_;
  Child<torch::nn::GELUImpl> gelu_;
};

/// Joins 2x2 patches into one of twice the width.
class PatchMerging : public PathModule {
 public:
  PatchMerging(const std::string& path, std::int64_t dim) : PathModule(path) {
    reduction_ = make<torch::nn::LinearImpl>("reduction", torch::nn::LinearOptions(4 * dim, 2 * dim).bias(false));
    norm_ = make<torch::nn::LayerNormImpl>("norm", swin_norm(4 * dim));
  }

  at::Tensor forward(const at::Tensor& input) {
    const auto x = at::constant_pad_nd(input, {0, 0, 0, input.size(2) % 2, 0, input.size(1) % 2});
    const auto part = [&](std::int64_t row, std::int64_t column) {
      return x.slice(1, row, {}, 2).slice(2, column, {}, 2);
    };
    return reduction_(norm_(at::cat({part(0, 0), part(1, 0), part(0, 1), part(1, 1)}, -1)));
  }

 private:
  Child<torch::nn::LinearImpl> reduction_;
  Child<torch::nn::LayerNormImpl> norm_;
};

class Swin : public Model {
 public:
  explicit Swin(const SwinSizes& sizes) {
    auto features = nest<ModuleGroup>("features");
    auto stem = features->nest<ModuleGroup>("0");
    patches_ = stem->make<torch::nn::Conv2dImpl>(
        "0", torch::nn::Conv2dOptions(sizes.channels, sizes.dim, sizes.patch).stride(sizes.patch));
    patch_norm_ = stem->make<torch::nn::LayerNormImpl>("2", swin_norm(sizes.dim));
    std::int64_t blocks = 0, dim = sizes.dim;
    for (const auto depth : sizes.depths) blocks += depth;
    std::int64_t block = 0;
    for (std::size_t i = 0; i < sizes.depths.size(); ++i) {
      auto& stage = stages_.emplace_back();
      auto group = features->nest<ModuleGroup>(std::to_string(2 * i + 1));
      for (std::int64_t j = 0; j < sizes.depths[i]; ++j, ++block) {
        const auto drop = sizes.stochastic_depth * static_cast<double>(block) /
                          static_cast<double>(std::max<std::int64_t>(1, blocks - 1));
        stage.blocks.push_back(group->nest_block<SwinBlock>(std::to_string(j), dim, sizes.heads[i], sizes.window,
                                                            j % 2 == 0 ? 0 : sizes.window / 2, drop));
      }
      if (i + 1 == sizes.depths.size()) break;
      stage.merging = features->nest<PatchMerging>(std::to_string(2 * i + 2), dim);
      dim *= 2;
    }
    norm_ = make<torch::nn::LayerNormImpl>("norm", swin_norm(dim));
    head_ = make<torch::nn::LinearImpl>("head", dim, sizes.classes);
    initialise();
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = patch_norm_(patches_(inputs.at(0)).permute({0, 2, 3, 1}));
    for (const auto& stage : stages_) {
      for (const auto& block : stage.blocks) x = block(x);
      if (stage.merging) x = stage.merging(x);
    }
    x = norm_(x);
    {
      act::ModuleScope scope("avgpool");
      x = x.mean(at::IntArrayRef{1, 2});
    }
    return head_(x);
  }

 private:
  struct Stage {
    std::vector<Child<SwinBlock>> blocks;
    Child<PatchMerging> merging;
  };

  void initialise() {
    torch::NoGradGuard guard;
    for (auto& module : modules(/*include_self=*/false)) {
      auto* linear = module->as<torch::nn::LinearImpl>();
      if (!linear) continue;
      linear->weight.normal_(0, 0.02);  // torchvision cuts at ±2: a hundred deviations
      if (linear->bias.defined()) linear->bias.zero_();
    }
  }

  Child<torch::nn::Conv2dImpl> patches_;
  Child<torch::nn::LayerNormImpl> patch_norm_, norm_;
  std::vector<Stage> stages_;
  Child<torch::nn::LinearImpl> head_;
};

}  // namespace

std::shared_ptr<Model> make_swin(const std::string& name, SpecReader& spec, const DataShape& data) {
  struct Variant {
    std::int64_t dim, third_depth;
    double stochastic_depth;
  };
  static const std::map<std::string, Variant> kVariants = {
      {"swin_t", {96, 6, 0.2}}, {"swin_s", {96, 18, 0.3}}, {"swin_b", {128, 18, 0.5}}};
  const auto& variant = kVariants.at(name);
  const auto image = image_extents(data, name);
  SwinSizes sizes{};
  sizes.channels = spec.integer("channels", image[0]);
  sizes.patch = spec.integer("patch", std::max(image[1], image[2]) <= 64 ? 2 : 4);
  sizes.window = spec.integer("window", 7);
  sizes.dim = spec.integer("dim", variant.dim);
  sizes.depths = spec.integers("depths", {2, 2, variant.third_depth, 2});
  std::vector<std::int64_t> heads;
  for (std::size_t i = 0; i < sizes.depths.size(); ++i)
    heads.push_back(std::max<std::int64_t>(1, (sizes.dim << i) / 32));
  sizes.heads = spec.integers("heads", heads);
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.stochastic_depth = spec.number("stochastic_depth", variant.stochastic_depth, 0, 1);
  const auto fail = [&](const std::string& why) { return Error(Error::Usage, "model " + name + ": " + why); };
  if (sizes.heads.size() != sizes.depths.size()) throw fail("heads and depths must be as many");
  for (std::size_t i = 0; i < sizes.heads.size(); ++i) {
    if ((sizes.dim << i) % sizes.heads[i] != 0) throw fail("dim must be a multiple of heads in every stage");
  }
  if (std::min(image[1], image[2]) < sizes.patch) throw fail("images are smaller than a patch");
  return std::make_shared<Swin>(sizes);
}

}  // namespace terse::train
