#include <cstring>
#include <filesystem>
#include <set>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

core::TsvReader reader_of(const std::string& text) {
  return core::TsvReader(core::memory_source(core::as_bytes(text.data(), text.size()), "kb.tsv"));
}

std::string message_of(const std::string& text) {
  KnowledgeBase kb;
  auto reader = reader_of(text);
  try {
    read_triples(reader, kb);
  } catch (const Error& error) {
    CHECK(error.code() == Error::BadInput);
    return error.what();
  }
  return "";
}

TEST_CASE("triples are interned once, in order of appearance", "[kb]") {
  const std::string text = "a\tlikes\tb\r\n\nb\tlikes\ta\textra\nc\tknows\ta\n";
  KnowledgeBase kb;
  auto reader = reader_of(text);
  read_triples(reader, kb);
  CHECK(kb.entities.names() == std::vector<std::string>{"a", "b", "c"});
  CHECK(kb.relations.names() == std::vector<std::string>{"likes", "knows"});
  CHECK(kb.triples == std::vector<Triple>{{0, 0, 1}, {1, 0, 0}, {2, 1, 0}});
  CHECK(kb.relation_counts() == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("bad triples are named by file and line", "[kb]") {
  CHECK(message_of("a\tr\tb\na\tr\n").starts_with("kb.tsv:2: "));
  CHECK(message_of("a\tr\tb\n\n\na b c\n").starts_with("kb.tsv:4: "));
  CHECK(message_of("a\t\tb\n") == "kb.tsv:1: field 2 is empty");
}

TEST_CASE("the held-out part is about the share asked for and leaves every relation a fact", "[kb]") {
  std::vector<Triple> triples;
  for (std::int32_t i = 0; i < 4000; ++i) triples.push_back({i, i % 2, i + 1});
  for (std::int32_t r = 2; r < 50; ++r) triples.push_back({0, r, 1});
  const auto [kept, held] = hold_out(triples, 0.25, 3);
  CHECK(kept.size() + held.size() == triples.size());
  const double sigma = std::sqrt(4000 * 0.25 * 0.75);
  CHECK(std::abs(static_cast<double>(held.size()) - 1000) < 4 * sigma);
  std::set<std::int32_t> relations;
  for (const auto& t : kept) relations.insert(t.relation);
  CHECK(relations.size() == 50);
  CHECK(hold_out(triples, 0.25, 3).second == held);
  CHECK(hold_out(triples, 0.25, 4).second != held);
  CHECK_THROWS_AS(hold_out(triples, 1, 3), Error);
}

TEST_CASE("facts that come twice count once", "[kb]") {
  std::vector<Triple> triples{{2, 0, 1}, {0, 0, 1}, {2, 0, 1}};
  CHECK(make_distinct(triples) == 1);
  CHECK(triples == std::vector<Triple>{{0, 0, 1}, {2, 0, 1}});
}

}  // namespace
}  // namespace terse::relsim
