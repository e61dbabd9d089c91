#include <functional>
#include <numeric>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

class Mlp : public Model {
 public:
  Mlp(std::int64_t features, const std::vector<std::int64_t>& widths, double dropout) {
    std::int64_t in = features;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      linear_.push_back(make<torch::nn::LinearImpl>(std::to_string(3 * i), in, widths[i]));
      dropout_.push_back(make<torch::nn::DropoutImpl>(std::to_string(3 * i + 2), dropout));
      in = widths[i];
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = inputs.at(0).flatten(1);
    for (std::size_t i = 0; i + 1 < linear_.size(); ++i) {
      x = linear_[i](x);
      {
        act::ModuleScope scope(child_path(std::to_string(3 * i + 1)));
        x = at::relu(x);
      }
      x = dropout_[i](x);
    }
    return linear_.back()(x);
  }

 private:
  std::vector<Child<torch::nn::LinearImpl>> linear_;
  std::vector<Child<torch::nn::DropoutImpl>> dropout_;
};

}  // namespace

std::shared_ptr<Model> make_mlp(SpecReader& spec, const DataShape& data) {
  if (data.kind != DataShape::Kind::Dense) throw Error(Error::Usage, "model mlp takes images or vectors");
  const auto features = std::accumulate(data.extents.begin(), data.extents.end(), std::int64_t{1}, std::multiplies<>());
  auto widths = spec.integers("hidden", {256, 128});
  const double dropout = spec.number("dropout", 0, 0, 1);
  widths.push_back(spec.integer("classes", data.classes, 2));
  return std::make_shared<Mlp>(features, widths, dropout);
}

}  // namespace terse::train
