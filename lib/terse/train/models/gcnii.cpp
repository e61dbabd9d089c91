#include <cmath>

#include "terse/train/models/graph_ops.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

struct GcniiSizes {
  std::int64_t features, hidden, depth, classes;
  double dropout, alpha, theta;
};

/// s (1 − beta) + s W beta with s = (1 − alpha) (neighbours' average) + alpha x_0, beta = log(theta / layer + 1).
class Gcn2Conv : public PathModule {
 public:
  Gcn2Conv(const std::string& path, std::int64_t layer, const GcniiSizes& sizes)
      : PathModule(path), alpha_(sizes.alpha), beta_(std::log(sizes.theta / static_cast<double>(layer) + 1)) {
    weight_ = register_parameter("weight1", torch::empty({sizes.hidden, sizes.hidden}));
    torch::nn::init::xavier_uniform_(weight_);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& first, const at::Tensor& edges, const at::Tensor& weights) {
    const auto average = sum_at_targets(x.index_select(0, edges[0]) * weights, edges, x.size(0));
    const auto support = average * (1 - alpha_) + first * alpha_;
    return at::addmm(support, support, weight_, 1 - beta_, beta_);
  }

 private:
  double alpha_, beta_;
  at::Tensor weight_;
};

class Gcnii : public Model {
 public:
  explicit Gcnii(const GcniiSizes& sizes) : dropout_(sizes.dropout) {
    auto lins = nest<ModuleGroup>("lins");
    enter_ = lins->make<torch::nn::LinearImpl>("0", sizes.features, sizes.hidden);
    leave_ = lins->make<torch::nn::LinearImpl>("1", sizes.hidden, sizes.classes);
    auto convs = nest<ModuleGroup>("convs");
    for (std::int64_t i = 0; i < sizes.depth; ++i) {
      convs_.push_back(convs->nest_block<Gcn2Conv>(std::to_string(i), i + 1, sizes));
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    const auto nodes = inputs.at(0).size(0);
    const auto edges = with_self_loops(inputs.at(1), nodes);
    const auto weights = symmetric_weights(edges, nodes);
    const auto drop = [&](const at::Tensor& x) { return at::dropout(x, dropout_, is_training()); };
    const auto first = relu(enter_(drop(inputs[0])), "relu");
    auto x = first;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = relu(convs_[i](drop(x), first, edges, weights), "relu" + std::to_string(i + 1));
    }
    return leave_(drop(x));
  }

 private:
  static at::Tensor relu(const at::Tensor& x, const std::string& path) {
    act::ModuleScope scope(path);
    return x.relu_();
  }

  double dropout_;
  Child<torch::nn::LinearImpl> enter_, leave_;
  std::vector<Child<Gcn2Conv>> convs_;
};

}  // namespace

std::shared_ptr<Model> make_gcnii(SpecReader& spec, const DataShape& data) {
  GcniiSizes sizes{};
  sizes.features = spec.integer("features", graph_features(data, "gcnii"));
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.hidden = spec.integer("hidden", 64);
  sizes.depth = spec.integer("depth", 64);
  sizes.dropout = spec.number("dropout", 0.6, 0, 1);
  sizes.alpha = spec.number("alpha", 0.1, 0, 1);
  sizes.theta = spec.number("theta", 0.5, 0, 100);
  return std::make_shared<Gcnii>(sizes);
}

}  // namespace terse::train
