#include "terse/train/models/graph_ops.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

/// W_l mean(neighbours) + W_r x + b. The mean is linear, so it is taken of the projected rows, which are narrower.
class SageConv : public PathModule {
 public:
  SageConv(const std::string& path, std::int64_t in, std::int64_t out) : PathModule(path) {
    lin_l_ = make<torch::nn::LinearImpl>("lin_l", in, out);
    lin_r_ = make<torch::nn::LinearImpl>("lin_r", torch::nn::LinearOptions(in, out).bias(false));
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& edges, const at::Tensor& share) {
    const auto projected = at::linear(x, lin_l_->weight);
    const auto sums = sum_at_targets(projected.index_select(0, edges[0]), edges, x.size(0));
    return sums * share + lin_l_->bias + lin_r_(x);
  }

 private:
  Child<torch::nn::LinearImpl> lin_l_, lin_r_;
};

class GraphSage : public Model {
 public:
  GraphSage(std::int64_t features, std::int64_t hidden, std::int64_t depth, double dropout, std::int64_t classes)
      : dropout_(dropout) {
    for (std::int64_t i = 0; i < depth; ++i) {
      convs_.push_back(nest<SageConv>("conv" + std::to_string(i + 1), i == 0 ? features : hidden,
                                      i + 1 == depth ? classes : hidden));
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = inputs.at(0);
    const auto& edges = inputs.at(1);
    const auto share = at::bincount(edges[1], {}, x.size(0)).clamp_min(1).to(at::kFloat).reciprocal().unsqueeze(1);
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = convs_[i](x, edges, share);
      if (i + 1 == convs_.size()) break;
      act::ModuleScope scope("relu" + std::to_string(i + 1));
      x = at::dropout(x.relu_(), dropout_, is_training());
    }
    return x;
  }

 private:
  double dropout_;
  std::vector<Child<SageConv>> convs_;
};

}  // namespace

std::shared_ptr<Model> make_graphsage(SpecReader& spec, const DataShape& data) {
  const auto features = spec.integer("features", graph_features(data, "graphsage"));
  const auto classes = spec.integer("classes", data.classes, 2);
  const auto hidden = spec.integer("hidden", 64);
  const auto depth = spec.integer("depth", 2);
  const auto dropout = spec.number("dropout", 0.5, 0, 1);
  return std::make_shared<GraphSage>(features, hidden, depth, dropout, classes);
}

}  // namespace terse::train
