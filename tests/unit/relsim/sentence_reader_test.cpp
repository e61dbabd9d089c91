#include "terse/relsim/extraction/sentence_reader.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// A file that goes with the test.
class TestFile {
 public:
  explicit TestFile(const std::string& text)
      : path_((std::filesystem::temp_directory_path() / "terse-sentences-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    REQUIRE(descriptor >= 0);
    std::fclose(fdopen(descriptor, "w"));
    std::ofstream(path_) << text;
  }
  ~TestFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

SentenceSet read(const std::string& text) {
  const TestFile file(text);
  SentenceSet set;
  read_sentences(file.path(), set);
  return set;
}

TEST_CASE("three forms of sentences say the same", "[relsim]") {
  const auto fewrel = read(
      R"({"P1": [{"tokens": ["Bern", "is", "in", "Old", "Europe"], "h": ["bern", "Q70", [[0]]], "t": ["old europe", "Q46", [[3, 4], [9]]]}]})");
  const auto tacred =
      read(R"([{"token": ["Bern", "is", "in", "Old", "Europe"], "relation": "P1", "subj_start": 0, "subj_end": 0,
    "obj_start": 3, "obj_end": 4, "stanford_pos": ["N", "V", "P", "J", "N"], "stanford_ner": ["L", "O", "O", "L", "L"]}])");
  const auto tsv = read("P1\t0\t1\t3\t5\tBern is in Old Europe\n");
  for (const auto* set : {&fewrel, &tacred, &tsv}) {
    REQUIRE(set->sentences.size() == 1);
    const auto& s = set->sentences[0];
    CHECK(set->relations.name(s.relation) == "P1");
    CHECK(s.tokens == std::vector<std::string>{"Bern", "is", "in", "Old", "Europe"});
    CHECK(s.head.begin == 0);
    CHECK(s.head.end == 1);
    CHECK(s.tail.begin == 3);
    CHECK(s.tail.end == 5);
  }
  CHECK(fewrel.sentences[0].tail_name == "Q46");
  CHECK(tsv.sentences[0].tail_name == "Old Europe");
  CHECK(tacred.sentences[0].tags[3] == "J");
  CHECK(tacred.sentences[0].entities[0] == "L");
}

TEST_CASE("sentences that make no sense are refused where they stand", "[relsim]") {
  const auto refused = [](const std::string& text, const std::string& why) {
    INFO(text);
    CHECK_THROWS_WITH(read(text), Catch::Contains(why));
  };
  refused("P1\t0\t1\t3\t5\tBern is in Old Europe\nP1\t0\t1\n", ":2: expected relation, four places");
  refused("P1\t0\t1\t3\tx\tBern is in Old Europe\n", ":1: 'x' is no place");
  refused("P1\t0\t1\t3\t6\tBern is in Old Europe\n", ":1: an entity's tokens lie outside");
  refused("\t0\t1\t3\t5\tBern is in Old Europe\n", ":1: the relation is empty");
  refused("{\"P1\": [\n{\"tokens\": [}]}", ":2:");
  refused(R"({"P1": 3})", "'P1' has no list");
  refused(R"({"P1": [{"tokens": ["a", "b"], "h": ["a", "", [[0]]], "t": ["b", "", [[2]]]}]})",
          "sentence 1: an entity's tokens lie outside");
  refused(R"({"P1": [{"tokens": ["a", "b"], "h": ["a", "", [[]]], "t": ["b", "", [[1]]]}]})", "outside");
  refused(R"({"P1": [{"tokens": "a b"}]})", "sentence 1");
  for (const std::string place : {"4e109", "2.5", "2147483647", "4294967296", "18446744073709551615", "-1", "\"1\""}) {
    refused(R"([{"token": ["a", "b"], "relation": "r", "subj_start": 0, "subj_end": 0, "obj_start": 1, "obj_end": )" +
                place + "}]",
            "record 1: an entity's tokens lie outside");
    refused(R"({"P1": [{"tokens": ["a", "b"], "h": ["a", "", [[0]]], "t": ["b", "", [[)" + place + "]]]}]}",
            "sentence 1: an entity's tokens lie outside");
  }
  refused(R"([{"token": ["a"]}])", "record 1: names no relation");
  refused(
      R"([{"token": ["a", "b"], "relation": "r", "subj_start": 0, "subj_end": 0, "obj_start": 1, "obj_end": 1, "stanford_pos": ["N"]}])",
      "one label for each token");
}

TEST_CASE("a million random bytes crash no reader of sentences", "[relsim]") {
  core::RandomSequence random({5, 1, 0});
  for (const std::string start : {"", "{\"P1\": [", "[{\"token\": [\"", "r\t0\t1\t1\t2\t"}) {
    std::string text = start;
    for (int i = 0; i < 1'000'000; ++i) text += static_cast<char>(random.word());
    CHECK_THROWS_AS(read(text), Error);
  }
}

}  // namespace
}  // namespace terse::relsim
