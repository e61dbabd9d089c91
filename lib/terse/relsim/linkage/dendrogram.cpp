#include "terse/relsim/linkage/dendrogram.hpp"
#include "terse/relsim/kb/id.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace terse::relsim {
namespace {

constexpr double kRow = 18, kMargin = 12, kTree = 480, kCharacter = 7.2, kAxis = 36;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';  // XML has no other control characters
    else
      out += c;
  }
  return out;
}

/// The last characters of a long name, which tell more than the first ones; never half of one in UTF-8.
std::string shortened(const std::string& name) {
  constexpr std::size_t kLongest = 60;
  if (name.size() <= kLongest) return name;
  std::size_t from = name.size() - kLongest;
  while (from < name.size() && (static_cast<unsigned char>(name[from]) & 0xc0) == 0x80) ++from;
  return "..." + name.substr(from);
}

/// A node of the tree: where it was made, and what it holds.
struct Node {
  double height = 0, y = 0;
  std::int32_t merge = -1;  // -1: a relation
  bool joined = false;      // part of a later merge
};

class Drawing {
 public:
  explicit Drawing(const formats::Clusters& clusters) : clusters_(clusters), nodes_(clusters.relations.size()) {
    for (std::size_t m = 0; m < clusters.merges.size(); ++m) {
      const auto& merge = clusters.merges[m];
      nodes_.push_back({merge.height, 0, static_cast<std::int32_t>(m), false});
      nodes_[at(merge.a)].joined = nodes_[at(merge.b)].joined = true;
      // Heights of average linkage may step back a little; a bracket never opens to the left of what it joins.
      nodes_.back().height = std::max({merge.height, nodes_[at(merge.a)].height, nodes_[at(merge.b)].height});
      highest_ = std::max(highest_, nodes_.back().height);
    }
    std::size_t longest = 0;
    for (std::size_t r = 0; r < clusters.relations.size(); ++r) {
      if (nodes_[r].joined)
        longest = std::max(longest, shortened(clusters.relations[r]).size());
      else
        ++alone_;
    }
    left_ = 2 * kMargin + static_cast<double>(longest) * kCharacter;
  }

  std::string draw() {
    for (std::size_t n = clusters_.relations.size(); n < nodes_.size(); ++n) {
      if (!nodes_[n].joined) place(static_cast<std::int32_t>(n)), row_ += 0.5;
    }
    const double height = kMargin + row_ * kRow + kAxis + kRow, width = left_ + kTree + 4 * kMargin;
    char head[256];
    std::snprintf(head, sizeof head,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"monospace\" "
                  "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                  width, height);
    axis(kMargin + row_ * kRow + 6);
    text(kMargin, height - kMargin, "start",
         std::to_string(alone_) + (alone_ == 1 ? " relation was" : " relations were") + " merged with nothing");
    return head + body_ + "</svg>\n";
  }

 private:
  double x(double height) const { return left_ + kTree * (highest_ > 0 ? height / highest_ : 0); }

  void text(double x, double y, const char* anchor, const std::string& content) {
    char start[96];
    std::snprintf(start, sizeof start, R"(<text x="%.1f" y="%.1f" text-anchor="%s">)", x, y, anchor);
    body_ += start + escaped(content) + "</text>\n";
  }

  /// Lays out a node and what is below it; relations take rows in order. A stack, because trees can be deep.
  void place(std::int32_t root) {
    std::vector<std::pair<std::int32_t, bool>> stack = {{root, false}};
    while (!stack.empty()) {
      const auto [id, ready] = stack.back();
      stack.pop_back();
      auto& node = nodes_[at(id)];
      if (node.merge < 0) {
        node.y = kMargin + (row_ + 0.5) * kRow;
        row_ += 1;
        const auto& name = clusters_.relations[at(id)];
        text(left_ - 6, node.y + 4, "end", shortened(name));
        continue;
      }
      const auto& merge = clusters_.merges[at(node.merge)];
      if (!ready) {
        stack.emplace_back(id, true);
        stack.emplace_back(merge.b, false);
        stack.emplace_back(merge.a, false);
        continue;
      }
      bracket(node, nodes_[at(merge.a)], nodes_[at(merge.b)], merge.swapped);
    }
  }

  void bracket(Node& node, const Node& a, const Node& b, bool swapped) {
    node.y = (a.y + b.y) / 2;
    char path[256];
    std::snprintf(path, sizeof path, "<path d=\"M%.1f %.1fH%.1fV%.1fH%.1f\" fill=\"none\" stroke=\"%s\"%s/>\n",
                  x(a.height), a.y, x(node.height), b.y, x(b.height), swapped ? "#b03030" : "#303030",
                  swapped ? " stroke-dasharray=\"4 3\"" : "");
    body_ += path;
  }

  void axis(double y) {
    char line[128];
    std::snprintf(line, sizeof line, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#909090\"/>\n", x(0), y, left_ + kTree);
    body_ += line;
    constexpr int kTicks = 4;
    for (int i = 0; i <= kTicks; ++i) {
      const double value = highest_ * i / kTicks;
      char label[32];
      std::snprintf(label, sizeof label, "%.3g", value);
      text(left_ + kTree * i / kTicks, y + 16, "middle", label);
    }
  }

  const formats::Clusters& clusters_;
  std::vector<Node> nodes_;
  double highest_ = 0, left_ = 0, row_ = 0;
  std::size_t alone_ = 0;
  std::string body_;
};

}  // namespace

std::string draw_dendrogram(const formats::Clusters& clusters) { return Drawing(clusters).draw(); }

}  // namespace terse::relsim
