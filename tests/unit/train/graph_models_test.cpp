#include "terse/train/models/models.hpp"

#include <cmath>
#include <map>

#include "terse/train/models/graph_ops.hpp"
#include "terse/train/networks/builtin_network.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

// Five nodes; node 4 has no neighbour. Edges in both directions.
const std::int64_t kNodes = 5;

at::Tensor graph_edges() { return at::tensor({0, 1, 1, 2, 2, 3, 1, 0, 2, 1, 3, 2}, at::kLong).view({2, 6}); }

at::Tensor graph_adjacency() {
  auto adjacency = at::zeros({kNodes, kNodes}, at::kDouble);  // [target, source]
  const auto edges = graph_edges();
  for (std::int64_t i = 0; i < edges.size(1); ++i) adjacency[edges[1][i].item<int>()][edges[0][i].item<int>()] = 1;
  return adjacency;
}

at::Tensor symmetric_adjacency() {
  const auto adjacency = graph_adjacency() + at::eye(kNodes, at::kDouble);
  const auto scale = adjacency.sum(1).rsqrt().diag();
  return scale.mm(adjacency).mm(scale);
}

struct GraphModel {
  BuiltinNetwork network;
  std::map<std::string, at::Tensor> weights;  // in double precision
};

GraphModel graph_model(const std::string& text) {
  const DataShape shape{.kind = DataShape::Kind::Graph, .classes = 3, .extents = {6}};
  Spec resolved;
  GraphModel made{BuiltinNetwork(make_model(parse_spec(text, "model"), shape, resolved)), {}};
  made.network.set_training(false);
  for (const auto& [name, tensor] : made.network.parameters()) {
    torch::NoGradGuard guard;
    tensor.normal_();  // biases are 0 at the start, and would not be seen
    made.weights[name] = tensor.detach().to(at::kDouble);
  }
  return made;
}

void check_logits(GraphModel& model, const at::Tensor& x, const at::Tensor& expected) {
  const auto logits = model.network.forward({x, graph_edges()});
  CHECK(at::allclose(logits.to(at::kDouble), expected, 1e-4, 1e-4));
}

// Dense references, after the papers' formulas.

TEST_CASE("gcn averages over neighbours with the symmetric weights") {
  auto model = graph_model("gcn:hidden=4");
  auto& w = model.weights;
  const auto x = at::randn({kNodes, 6});
  const auto a = symmetric_adjacency();
  const auto hidden = (a.mm(x.to(at::kDouble)).mm(w["conv1.lin.weight"].t()) + w["conv1.bias"]).relu();
  check_logits(model, x, a.mm(hidden).mm(w["conv2.lin.weight"].t()) + w["conv2.bias"]);
}

TEST_CASE("graphsage adds the mean of the neighbours to the node itself") {
  auto model = graph_model("graphsage:hidden=4");
  auto& w = model.weights;
  const auto x = at::randn({kNodes, 6});
  const auto adjacency = graph_adjacency();
  const auto mean = adjacency / adjacency.sum(1, true).clamp_min(1);
  const auto conv = [&](const at::Tensor& h, const std::string& name) {
    return mean.mm(h).mm(w[name + ".lin_l.weight"].t()) + w[name + ".lin_l.bias"] + h.mm(w[name + ".lin_r.weight"].t());
  };
  check_logits(model, x, conv(conv(x.to(at::kDouble), "conv1").relu(), "conv2"));
}

TEST_CASE("gat weighs neighbours by a softmax of leaky scores, head by head") {
  auto model = graph_model("gat:hidden=4,heads=2,output_heads=3");
  auto& w = model.weights;
  const auto x = at::randn({kNodes, 6});
  const auto absent = (graph_adjacency() + at::eye(kNodes, at::kDouble)).eq(0);
  const auto conv = [&](const at::Tensor& h, const std::string& name) {
    const auto& source = w[name + ".att_src"];
    const auto heads = source.size(1), out = source.size(2);
    const auto projected = h.mm(w[name + ".lin.weight"].t()).view({kNodes, heads, out});
    std::vector<at::Tensor> results;
    for (std::int64_t head = 0; head < heads; ++head) {
      const auto z = projected.select(1, head);
      const auto from = z.mv(source[0][head]), to = z.mv(w[name + ".att_dst"][0][head]);
      const auto scores = at::leaky_relu(to.unsqueeze(1) + from.unsqueeze(0), 0.2);
      results.push_back(scores.masked_fill(absent, -INFINITY).softmax(1).mm(z));
    }
    return results;
  };
  const auto hidden = at::elu(at::cat(conv(x.to(at::kDouble), "conv1"), 1) + w["conv1.bias"]);
  check_logits(model, x, at::stack(conv(hidden, "conv2")).mean(0) + w["conv2.bias"]);
}

TEST_CASE("gcnii keeps a share of the first layer and of the identity") {
  auto model = graph_model("gcnii:hidden=4,depth=3,alpha=0.2,theta=0.7");
  auto& w = model.weights;
  const auto x = at::randn({kNodes, 6});
  const auto first = (x.to(at::kDouble).mm(w["lins.0.weight"].t()) + w["lins.0.bias"]).relu();
  auto h = first;
  for (int layer = 1; layer <= 3; ++layer) {
    const auto support = symmetric_adjacency().mm(h) * 0.8 + first * 0.2;
    const double beta = std::log(0.7 / layer + 1);
    h = (support * (1 - beta) + support.mm(w["convs." + std::to_string(layer - 1) + ".weight1"]) * beta).relu();
  }
  check_logits(model, x, h.mm(w["lins.1.weight"].t()) + w["lins.1.bias"]);
}

TEST_CASE("the softmax over a node's edges stays finite for large scores") {
  const auto edges = with_self_loops(graph_edges(), kNodes);
  const auto scores = at::randn({edges.size(1), 2}) * 1000;
  const auto weights = softmax_at_targets(scores, edges, kNodes);
  CHECK(at::allclose(sum_at_targets(weights, edges, kNodes), at::ones({kNodes, 2})));
}

}  // namespace
}  // namespace terse::train
