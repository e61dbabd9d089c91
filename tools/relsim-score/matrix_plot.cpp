#include "relsim-score/matrix_plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/redundancy/linkage.hpp"
#include "terse/relsim/redundancy/pair_ranking.hpp"

namespace terse::tools {
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

/// A name as gnuplot takes it between double quotes, without markup.
std::string quoted(const std::string& name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + '"';
}

std::string script(const formats::Similarity& similarity) {
  const auto order = cluster_order(similarity);
  const auto relations = order.size();
  const auto side = std::to_string(std::clamp<std::size_t>(relations * 14 + 260, 480, 1600));
  std::string text = "set terminal svg size " + side + "," + side + " noenhanced dynamic font 'sans-serif,10'\n"
                     "set size ratio -1\nset tics scale 0\nset yrange [:] reverse\nset palette gray\n"
                     "set cblabel 'divergence, nats'\nset logscale cb\nset autoscale fix\nunset key\n";
  if (relations <= kNamedRelations) {
    std::string names;
    for (std::size_t i = 0; i < relations; ++i) {
      names += (i ? ", " : "") + quoted(similarity.relations[order[i]]) + " " + std::to_string(i);
    }
    text += "set xtics rotate (" + names + ")\nset ytics (" + names + ")\n";
  } else {
    text += "unset xtics\nunset ytics\n";
  }
  text += "$matrix << end_of_matrix\n";
  char number[32];
  for (const auto a : order) {
    for (const auto b : order) {
      auto nearer = [&](const std::vector<double>& matrix) {
        return relsim::combine_directions(matrix[a * relations + b], matrix[b * relations + a], similarity.combine);
      };
      double value = a == b ? std::numeric_limits<double>::quiet_NaN() : nearer(similarity.divergence);
      if (!similarity.swapped.empty()) value = a == b ? nearer(similarity.swapped) : std::min(value, nearer(similarity.swapped));
      // A logarithmic scale has no zero.
      std::snprintf(number, sizeof number, "%.6g ", std::isnan(value) ? value : std::max(value, 1e-4));
      text += number;
    }
    text += '\n';
  }
  return text + "end_of_matrix\nplot $matrix matrix with image\n";
}

/// A file that holds a script and goes with it.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& script)
      : path_((std::filesystem::temp_directory_path() / "terse-plot-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    auto* file = descriptor < 0 ? nullptr : fdopen(descriptor, "w");
    const bool written = file && std::fwrite(script.data(), 1, script.size(), file) == script.size();
    if ((file && std::fclose(file) != 0) || !written) throw Error(Error::OutputFailed, path_ + ": cannot be written");
  }
  ~ScriptFile() { std::remove(path_.c_str()); }
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What gnuplot draws from a script.
std::string draw(const std::string& script) {
  const ScriptFile file(script);  // not by a pipe: writing to a gnuplot that is not there would end this program
  std::string svg;
  auto* gnuplot = popen(("gnuplot '" + file.path() + "' 2> /dev/null").c_str(), "r");
  char block[65536];
  for (std::size_t n; gnuplot && (n = std::fread(block, 1, sizeof block, gnuplot)) > 0;) svg.append(block, n);
  const bool good = gnuplot && pclose(gnuplot) == 0;
  if (!good || svg.empty()) throw Error(Error::Usage, "a plot needs gnuplot, which is missing or failed");
  return svg;
}

}  // namespace

void plot_matrix(const formats::Similarity& similarity, const std::string& path) {
  const auto sink = core::open_sink(path, core::Content::Text);
  core::write_text(*sink, draw(script(similarity)));
  sink->finish();
}

}  // namespace terse::tools
