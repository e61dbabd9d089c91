#include "terse/relsim/linkage/gold.hpp"

#include <cmath>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

Gold parse(const std::string& text, const std::vector<std::string>& relations) {
  core::TsvReader reader(core::memory_source(core::as_bytes(text.data(), text.size()), "gold.tsv"), true);
  return read_gold(reader, relations);
}

double average_precision_of(const formats::Similarity& similarity, const Gold& gold) {
  return average_precision(precision_recall_curve(similarity, gold));
}

const std::vector<std::string> kNames = {"a", "b", "c", "d", "e"};

formats::Similarity similarity_of(const std::vector<std::string>& names, double far) {
  formats::Similarity similarity;
  similarity.relations = names;
  similarity.counts.assign(names.size(), 9);
  similarity.divergence.assign(names.size() * names.size(), far);
  return similarity;
}

void set_pair(std::vector<double>& matrix, std::size_t n, std::size_t a, std::size_t b, double value) {
  matrix[a * n + b] = matrix[b * n + a] = value;
}

TEST_CASE("confidence is judged by the pairs that merges bring together", "[redundancy]") {
  // a is b turned round, in one class with c as it stands; d is of another, e of none.
  const auto gold = parse("a\tx\tinverse\nb\tx\tsame\nc\tx\tsame\nd\ty\tsame\n", kNames);
  formats::Clusters clusters;
  clusters.relations = kNames;
  clusters.cluster = {0, 0, 0, 0, 0};
  clusters.swapped = {1, 0, 1, 0, 0};
  clusters.merges = {{.a = 0, .b = 1, .height = 0, .confidence = 1, .swapped = true, .reason = ""},
                     {.a = 2, .b = 5, .height = 0, .confidence = 0.92, .swapped = true, .reason = ""},
                     {.a = 3, .b = 4, .height = 0, .confidence = 0.9, .swapped = false, .reason = ""},
                     {.a = 6, .b = 7, .height = 0, .confidence = 0.35, .swapped = false, .reason = ""}};
  const auto reliability = score_confidence(clusters, gold);
  // Of the three pairs above 0.9 a and b are right; c is put the wrong way round beside both.
  REQUIRE(reliability.size() == 2);
  CHECK(reliability[0].pairs == 3);
  CHECK(reliability[0].confidence == Approx((1 + 2 * 0.92) / 3));
  CHECK(reliability[0].right == Approx(1.0 / 3));
  CHECK(reliability[1].pairs == 3);
  CHECK(reliability[1].right == 0);
  CHECK(reliability[1].confidence == Approx(0.35));
  CHECK(calibration_error(reliability) == Approx(((1 + 2 * 0.92) / 3 - 1.0 / 3 + 0.35) / 2));
  CHECK(std::isnan(calibration_error({})));
}

TEST_CASE("clusters are scored by the definitions, over labelled relations only", "[redundancy]") {
  const auto gold = parse("#relation\tclass\na\tx\nb\tx\nc\tx\nd\ty\nelsewhere\ty\n", kNames);
  CHECK(gold.unknown == 1);
  CHECK(gold.label == std::vector<std::int32_t>{0, 0, 0, 1, -1});
  formats::Clusters clusters;
  clusters.relations = kNames;
  clusters.cluster = {0, 0, 1, 1, 1};  // {a b} {c d e}; e is not labelled
  clusters.swapped.assign(5, 0);
  const auto scores = score_clusters(clusters, gold);
  CHECK(scores.relations == 4);
  CHECK(scores.positive_pairs == 3);
  CHECK(scores.macro.precision == 0.5);          // {a b} is pure, {c d} is not
  CHECK(scores.macro.recall == 0.5);             // y is in one cluster, x in two
  CHECK(scores.micro.precision == 0.75);         // 2 of 2 and 1 of 2
  CHECK(scores.micro.recall == 0.75);            // 2 of 3 and 1 of 1
  CHECK(scores.pair.precision == 0.5);           // ab right, cd wrong
  CHECK(scores.pair.recall == Approx(1.0 / 3));  // ab of ab, ac, bc
  CHECK(scores.pair.f1() == Approx(0.4));
}

TEST_CASE("average precision counts ties together", "[redundancy]") {
  const auto gold = parse("a\tx\nb\tx\nc\ty\nd\ty\n", {"a", "b", "c", "d"});
  auto similarity = similarity_of({"a", "b", "c", "d"}, 9);
  set_pair(similarity.divergence, 4, 0, 1, 1);  // right
  set_pair(similarity.divergence, 4, 0, 2, 2);  // wrong, as near as the next
  set_pair(similarity.divergence, 4, 2, 3, 2);  // right
  CHECK(average_precision_of(similarity, gold) == Approx((1 + 2.0 / 3) / 2));
  const auto curve = precision_recall_curve(similarity, gold);
  REQUIRE(curve.size() == 2);
  CHECK((curve[0].recall == 0.5 && curve[0].precision == 1 && curve[0].divergence == 1));
  CHECK((curve[1].recall == 1 && curve[1].precision == Approx(2.0 / 3) && curve[1].divergence == 2));
  set_pair(similarity.divergence, 4, 2, 3, 1.5);
  CHECK(average_precision_of(similarity, gold) == 1);
  CHECK(std::isnan(average_precision_of(similarity, parse("a\tx\nb\ty\n", {"a", "b", "c", "d"}))));
}

TEST_CASE("an oriented gold asks for the orientation and for symmetric relations", "[redundancy]") {
  const std::vector<std::string> names = {"up", "down", "beside"};
  const auto gold = parse("up\tx\tsame\ndown\tx\tinverse\nbeside\ty\tsymmetric\n", names);
  REQUIRE(gold.oriented);
  auto similarity = similarity_of(names, 9);
  similarity.swapped.assign(9, 9);
  set_pair(similarity.divergence, 3, 0, 1, 1);  // near, but not as inverses
  set_pair(similarity.swapped, 3, 2, 2, 2);
  CHECK(average_precision_of(similarity, gold) == Approx(0.5 / 2));
  set_pair(similarity.swapped, 3, 0, 1, 0.5);
  CHECK(average_precision_of(similarity, gold) == 1);

  formats::Clusters clusters;
  clusters.relations = names;
  clusters.cluster = {0, 0, 1};
  clusters.swapped = {0, 0, 0};
  CHECK(score_clusters(clusters, gold).pair.recall == 0);
  clusters.swapped = {0, 1, 0};
  CHECK(score_clusters(clusters, gold).pair.recall == 1);
}

TEST_CASE("gold of another form is refused by line", "[redundancy]") {
  for (const std::string bad : {"a\tx\nb\n", "a\tx\na\ty\n", "a\tx\nb\tx\tupside\n", "a\tx\nb\tx\tsame\tmore\n"}) {
    try {
      parse(bad, kNames);
      FAIL("accepted: " + bad);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).starts_with("gold.tsv:2: "));
    }
  }
  CHECK_THROWS_AS(parse("other\tx\n", kNames), Error);
}

}  // namespace
}  // namespace terse::relsim
