#include "terse/relsim/ranking/ratings.hpp"

#include <cmath>
#include <string_view>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

formats::Similarity three_relations() {
  formats::Similarity similarity;
  similarity.relations = {"a", "b", "c"};
  similarity.counts = {5, 5, 5};
  similarity.divergence = {0, 1, 4, 2, 0, 5, 4, 6, 0};
  similarity.swapped = {1, 9, 3, 9, 1, 9, 3, 9, 1};
  similarity.combine = "max";
  return similarity;
}

RatedPairs read(std::string_view text, const formats::Similarity& similarity) {
  core::TsvReader reader(core::memory_source(core::as_bytes(text.data(), text.size()), "ratings.tsv"));
  return read_ratings(reader, similarity);
}

}  // namespace

TEST_CASE("rated pairs are scored in the orientation in which they are closer", "[redundancy]") {
  const auto rated = read("a\tb\t3\t5\nb\ta\t-\t1\na\tc\t2\nc\tc\t4\t\nx\ta\t1\n", three_relations());
  CHECK(rated.score == std::vector<double>{-2, -2, -3, 0});
  CHECK(rated.mean == std::vector<double>{4, 1, 2, 4});
  CHECK(rated.raters == 2);
  CHECK(rated.unknown == 1);
  CHECK(std::isnan(rated.ratings[1][0]));
  CHECK(std::isnan(rated.ratings[2][1]));
}

TEST_CASE("a bad rating is refused by its line", "[redundancy]") {
  for (const std::string_view bad : {"a\tb\n", "a\tb\tmuch\n", "a\tb\t-\n", "a\tb\tinf\n"}) {
    CHECK_THROWS_AS(read(bad, three_relations()), Error);
  }
}

TEST_CASE("agreement of raters is each against the mean of the others", "[redundancy]") {
  RatedPairs rated;
  rated.raters = 2;
  for (int i = 0; i < 5; ++i) rated.ratings.push_back({1.0 * i, 2.0 * i});
  CHECK(agreement_of_raters(rated).pearson == Approx(1));
  rated.raters = 1;
  CHECK(std::isnan(agreement_of_raters(rated).pearson));
}

}  // namespace terse::relsim
