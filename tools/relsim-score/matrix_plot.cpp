#include "relsim-score/matrix_plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "relsim-score/gnuplot.hpp"
#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::tools::relsim_score {
namespace {

constexpr std::size_t kNamedRelations = 80;  // with more, names would lie over one another

/// Relations as average linkage puts them side by side.
std::vector<std::size_t> cluster_order(const formats::Similarity& similarity) {
  relsim::ClusterOptions options;
  options.threshold = std::numeric_limits<double>::max();
  options.merge_thin = true;
  const auto clusters = relsim::cluster_relations(similarity, options);
  const auto relations = similarity.relations.size();
  std::vector<std::vector<std::size_t>> nodes(relations);
  for (std::size_t i = 0; i < relations; ++i) nodes[i] = {i};
  for (const auto& merge : clusters.merges) {
    auto joined = std::move(nodes[static_cast<std::size_t>(merge.a)]);
    auto& second = nodes[static_cast<std::size_t>(merge.b)];
    joined.insert(joined.end(), second.begin(), second.end());
    second.clear();
    nodes.push_back(std::move(joined));
  }
  std::vector<std::size_t> order;
  for (const auto& node : nodes) order.insert(order.end(), node.begin(), node.end());
  return order;
}

/// The smaller divergence of both orientations, a relation a row and a column, in the order of their clusters; with
/// names, where there are few enough, as headers.
std::string matrix_of(const formats::Similarity& similarity, const std::vector<std::size_t>& order, bool named) {
  const auto relations = order.size();
  std::string text;
  if (named) {
    for (const auto a : order) text += '\t' + plot_field(similarity.relations[a]);
    text += '\n';
  }
  char number[32];
  for (const auto a : order) {
    std::string row = named ? plot_field(similarity.relations[a]) : std::string();
    for (const auto b : order) {
      auto nearer = [&](const std::vector<double>& matrix) {
        return relsim::combine_directions(matrix[a * relations + b], matrix[b * relations + a], similarity.combine);
      };
      double value = a == b ? std::numeric_limits<double>::quiet_NaN() : nearer(similarity.divergence);
      if (!similarity.swapped.empty())
        value = a == b ? nearer(similarity.swapped) : std::min(value, nearer(similarity.swapped));
      // A logarithmic scale has no zero.
      std::snprintf(number, sizeof number, "%.6g", std::isnan(value) ? value : std::max(value, 1e-4));
      if (named || b != order.front()) row += '\t';
      row += number;
    }
    text += row + '\n';
  }
  return text;
}

}  // namespace

void plot_matrix(const formats::Similarity& similarity, const std::string& path) {
  const auto order = cluster_order(similarity);
  const bool named = order.size() <= kNamedRelations;
  const auto side = std::to_string(std::clamp<std::size_t>(order.size() * 14 + 260, 480, 1600));
  const std::string script = "set terminal svg size " + side + "," + side +
                             " noenhanced dynamic font 'sans-serif,10'\n"
                             "set size ratio -1\nset tics scale 0\nset yrange [:] reverse\nset palette gray\n"
                             "set cblabel 'divergence, nats'\nset logscale cb\nset autoscale fix\nunset key\n" +
                             (named ? "set xtics rotate\nplot 'matrix' matrix rowheaders columnheaders with image\n"
                                    : "unset xtics\nunset ytics\nplot 'matrix' matrix with image\n");
  write_plot(script, {{"matrix", matrix_of(similarity, order, named)}}, path);
}

}  // namespace terse::tools::relsim_score
