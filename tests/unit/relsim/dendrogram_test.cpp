#include "terse/relsim/linkage/dendrogram.hpp"

#include <algorithm>

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++found;
  return found;
}

TEST_CASE("a dendrogram has a bracket a merge and a name a merged relation", "[redundancy]") {
  formats::Clusters clusters;
  clusters.relations = {"a<b", "c&d", "up", "down", "alone", std::string(100, 'x')};
  clusters.merges = {{.a = 0, .b = 1, .height = 0.5, .confidence = 1, .swapped = false, .reason = ""},
                     {.a = 2, .b = 3, .height = 1, .confidence = 1, .swapped = true, .reason = ""},
                     {.a = 5, .b = 6, .height = 2, .confidence = 1, .swapped = false, .reason = ""}};
  const auto svg = draw_dendrogram(clusters);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count(svg, "V") == 3);
  CHECK(count(svg, "stroke-dasharray") == 1);
  CHECK(count(svg, ">a&lt;b<") == 1);
  CHECK(count(svg, ">c&amp;d<") == 1);
  CHECK(count(svg, ">alone<") == 0);
  CHECK(count(svg, ">1 relation was merged with nothing<") == 1);
  CHECK(count(svg, ">..." + std::string(60, 'x') + "<") == 1);
  CHECK(draw_dendrogram({}).ends_with("</svg>\n"));
}

TEST_CASE("a tree of ten thousand merges in a row is drawn", "[redundancy]") {
  formats::Clusters clusters;
  constexpr std::int32_t kRelations = 10000;
  for (std::int32_t i = 0; i < kRelations; ++i) clusters.relations.push_back("r");
  for (std::int32_t i = 1; i < kRelations; ++i) {
    clusters.merges.push_back(
        {.a = i, .b = i == 1 ? 0 : kRelations + i - 2, .height = 1, .confidence = 1, .swapped = false, .reason = ""});
    if (i == 1) std::swap(clusters.merges[0].a, clusters.merges[0].b);
  }
  CHECK(count(draw_dendrogram(clusters), "V") == kRelations - 1);
}

}  // namespace
}  // namespace terse::relsim
