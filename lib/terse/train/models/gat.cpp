#include "terse/train/models/graph_ops.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

struct GatSizes {
  std::int64_t features, hidden, depth, heads, output_heads, classes;
  double dropout, slope;
};

/// Attention of each node over the nodes with an edge to it; heads side by side, or averaged.
class GatConv : public PathModule {
 public:
  GatConv(const std::string& path, std::int64_t in, std::int64_t out, std::int64_t heads, bool join,
          const GatSizes& sizes)
      : PathModule(path), heads_(heads), join_(join), dropout_(sizes.dropout), slope_(sizes.slope) {
    att_src_ = register_parameter("att_src", torch::empty({1, heads, out}));
    att_dst_ = register_parameter("att_dst", torch::empty({1, heads, out}));
    bias_ = register_parameter("bias", torch::zeros({join ? heads * out : out}));
    lin_ = make<torch::nn::LinearImpl>("lin", torch::nn::LinearOptions(in, heads * out).bias(false));
    for (auto& tensor : {lin_->weight, att_src_, att_dst_}) torch::nn::init::xavier_uniform_(tensor);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& edges) {
    const auto nodes = x.size(0);
    const auto h = lin_(x).view({nodes, heads_, -1});
    const auto source = (h * att_src_).sum(-1), target = (h * att_dst_).sum(-1);
    const auto scores = at::leaky_relu(source.index_select(0, edges[0]) + target.index_select(0, edges[1]), slope_);
    const auto attention = at::dropout(softmax_at_targets(scores, edges, nodes), dropout_, is_training());
    const auto sums = sum_at_targets(h.index_select(0, edges[0]) * attention.unsqueeze(-1), edges, nodes);
    return (join_ ? sums.flatten(1) : sums.mean(1)) + bias_;
  }

 private:
  std::int64_t heads_;
  bool join_;
  double dropout_, slope_;
  at::Tensor att_src_, att_dst_, bias_;
  Child<torch::nn::LinearImpl> lin_;
};

class Gat : public Model {
 public:
  explicit Gat(const GatSizes& sizes) : dropout_(sizes.dropout) {
    for (std::int64_t i = 0; i < sizes.depth; ++i) {
      const bool last = i + 1 == sizes.depth;
      convs_.push_back(nest<GatConv>("conv" + std::to_string(i + 1),
                                     i == 0 ? sizes.features : sizes.heads * sizes.hidden,
                                     last ? sizes.classes : sizes.hidden, last ? sizes.output_heads : sizes.heads,
                                     /*join=*/!last, sizes));
    }
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    auto x = inputs.at(0);
    const auto edges = with_self_loops(inputs.at(1), x.size(0));
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = convs_[i](at::dropout(x, dropout_, is_training()), edges);
      if (i + 1 == convs_.size()) break;
      act::ModuleScope scope("elu" + std::to_string(i + 1));
      x = at::elu(x);
    }
    return x;
  }

 private:
  double dropout_;
  std::vector<Child<GatConv>> convs_;
};

}  // namespace

std::shared_ptr<Model> make_gat(SpecReader& spec, const DataShape& data) {
  GatSizes sizes{};
  sizes.features = spec.integer("features", graph_features(data, "gat"));
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.hidden = spec.integer("hidden", 8);
  sizes.depth = spec.integer("depth", 2);
  sizes.heads = spec.integer("heads", 8);
  sizes.output_heads = spec.integer("output_heads", 1);
  sizes.dropout = spec.number("dropout", 0.6, 0, 1);
  sizes.slope = spec.number("slope", 0.2, 0, 1);
  return std::make_shared<Gat>(sizes);
}

}  // namespace terse::train
