#include "terse/train/models/graph_ops.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

/// x W, averaged over the neighbours and the node itself with weights 1/sqrt(d_s d_t).
class GcnConv : public PathModule {
 public:
  GcnConv(const std::string& path, std::int64_t in, std::int64_t out) : PathModule(path) {
    bias_ = register_parameter("bias", torch::zeros({out}));
    lin_ = make<torch::nn::LinearImpl>("lin", torch::nn::LinearOptions(in, out).bias(false));
    torch::nn::init::xavier_uniform_(lin_->weight);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& edges, const at::Tensor& weights) {
    const auto projected = lin_(x);
    return sum_at_targets(projected.index_select(0, edges[0]) * weights, edges, x.size(0)) + bias_;
  }

 private:
  at::Tensor bias_;
  Child<torch::nn::LinearImpl> lin_;
};

class Gcn : public Model {
 public:
  Gcn(std::int64_t features, std::int64_t hidden, std::int64_t depth, double dropout, std::int64_t classes)
      : dropout_(dropout) {
    for (std::int64_t i = 0; i < depth; ++i) {
      convs_.push_back(
          nest<GcnConv>("conv" + std::to_string(i + 1), i == 0 ? features : hidden, i + 1 == depth ? classes : hidden));
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = inputs.at(0);
    const auto edges = with_self_loops(inputs.at(1), x.size(0));
    const auto weights = symmetric_weights(edges, x.size(0));
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = convs_[i](at::dropout(x, dropout_, is_training()), edges, weights);
      if (i + 1 < convs_.size()) {
        act::ModuleScope scope("relu" + std::to_string(i + 1));
        x = x.relu_();
      }
    }
    return x;
  }

 private:
  double dropout_;
  std::vector<Child<GcnConv>> convs_;
};

}  // namespace

std::shared_ptr<Model> make_gcn(SpecReader& spec, const DataShape& data) {
  const auto features = spec.integer("features", graph_features(data, "gcn"));
  const auto classes = spec.integer("classes", data.classes, 2);
  const auto hidden = spec.integer("hidden", 16);
  const auto depth = spec.integer("depth", 2);
  const auto dropout = spec.number("dropout", 0.5, 0, 1);
  return std::make_shared<Gcn>(features, hidden, depth, dropout, classes);
}

}  // namespace terse::train
