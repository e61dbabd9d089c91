#include "terse/relsim/phrases/phrase_similarity.hpp"

#include <cmath>

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

TEST_CASE("names are taken apart and stemmed", "[redundancy]") {
  CHECK(stems_of("place_of_birth") == std::vector<std::string>{"place", "of", "birth"});
  CHECK(stems_of("bornIn") == std::vector<std::string>{"born", "in"});
  CHECK(stems_of("/film/Directors.42") == std::vector<std::string>{"film", "director", "42"});
  CHECK(stems_of("gr\xc3\xbc\xc3\x9f"
                 "e") == std::vector<std::string>{"gr\xc3\xbc\xc3\x9f"
                                                  "e"});
  CHECK(stems_of("-/.").empty());
}

TEST_CASE("phrases are as similar as the rare stems that they share", "[redundancy]") {
  const PhraseSimilarity similarity({"is born in", "was born in", "lives in", "in", "", "Hear-IN is"});
  CHECK(similarity(0, 0) == Approx(1));
  CHECK(similarity(0, 1) > similarity(0, 2));  // born is rarer than in
  CHECK(similarity(0, 4) == 0);
  CHECK(similarity(4, 4) == 0);
  // "is" in 2 of 6 phrases, "born" in 2, "in" in 5.
  const double is = std::log(1 + 6.0 / 2), born = std::log(1 + 6.0 / 2), in = std::log(1 + 6.0 / 5);
  CHECK(similarity(0, 3) == Approx(in / std::sqrt(is * is + born * born + in * in)));
  CHECK(similarity(1, 3) == similarity(3, 1));
}

}  // namespace
}  // namespace terse::relsim
