#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/kb/ntriples_reader.hpp"
#include "terse/relsim/kb/openke_reader.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// A folder that goes with its files.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "terse-readers-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string message_of(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    CHECK(error.code() == Error::BadInput);
    return error.what();
  }
  return "";
}

KnowledgeBase ntriples(const std::string& text) {
  KnowledgeBase kb;
  read_ntriples(core::memory_source(core::as_bytes(text.data(), text.size()), "kb.nt"), kb);
  return kb;
}

TEST_CASE("N-Triples' IRIs, blank nodes and literals are names", "[kb]") {
  const auto kb = ntriples(
      "<http://a> <http://knows> <http://b> .\n"
      "# a comment\n\n"
      "_:x <http://knows> <http://a> .\n"
      "<http://a> <http://name> \"K\\u00F6ln \\\"am\\\" Rhein\"@de .\n"
      "<http://a> <http://age> \"7\"^^<http://int> . # the end");
  CHECK(kb.relations.names() == std::vector<std::string>{"http://knows", "http://name", "http://age"});
  CHECK(kb.entities.names() ==
        std::vector<std::string>{"http://a", "http://b", "_:x", "\"Köln \"am\" Rhein\"@de", "\"7\"^^<http://int>"});
  CHECK(kb.triples == std::vector<Triple>{{0, 0, 1}, {2, 0, 0}, {0, 1, 3}, {0, 2, 4}});
}

TEST_CASE("what is not N-Triples is named by file and line", "[kb]") {
  CHECK(message_of([] {
          ntriples("<http://a> <http://b> <http://c> .\n<http://a> nonsense\n");
        }).starts_with("kb.nt:2:"));
  CHECK(message_of([] { ntriples("<http://a> <http://b> <http://c>"); }).starts_with("kb.nt:1:"));
  CHECK(message_of([] { ntriples("<http://a> \"literal\" <http://c> .\n"); }).starts_with("kb.nt:1:"));
}

TEST_CASE("OpenKE's files give the facts that their ids stand for", "[kb]") {
  const Folder folder;
  folder.file("entity2id.txt", "3\n/m/one\t0\nNew York\t2\n/m/two\t1\n");
  folder.file("relation2id.txt", "2\r\nlies in\t1\r\nnear\t0\r\n");
  folder.file("train2id.txt", "2\n0 2 1\n1 0 0\n");
  const auto valid = folder.file("valid2id.txt", "1\n2\t0\t0\n");
  const auto kb = read_knowledge_base({"openke:" + folder.path()});
  CHECK(kb.entities.names() == std::vector<std::string>{"/m/one", "New York", "/m/two"});
  CHECK(kb.relations.names() == std::vector<std::string>{"lies in", "near"});
  CHECK(kb.triples == std::vector<Triple>{{0, 0, 1}, {2, 1, 0}});
  const auto [held_out, unknown] = read_known_facts("openke:" + valid, kb);
  CHECK(held_out == std::vector<Triple>{{1, 1, 0}});
  CHECK(unknown == 0);
}

TEST_CASE("what is wrong with OpenKE's files is named by file and line", "[kb]") {
  const Folder folder;
  folder.file("entity2id.txt", "2\na\t0\nb\t3\n");
  folder.file("relation2id.txt", "1\nr\t0\n");
  const auto facts = [&](const std::string& content) {
    folder.file("train2id.txt", content);
    return message_of([&] { read_knowledge_base({"openke:" + folder.path()}); });
  };
  CHECK(facts("1\n0 3 0\n") == "");
  folder.file("entity2id.txt", "3\na\t0\nb\t3\nfar\t1000000000000\n");  // memory follows lines, not ids
  CHECK(facts("1\n0 1000000000000 0\n") == "");
  CHECK_THAT(facts("1\n0 1 0\n"), Catch::Matchers::ContainsSubstring("train2id.txt:2: id 1 has no name"));
  CHECK_THAT(facts("1\n0 9 0\n"), Catch::Matchers::ContainsSubstring("train2id.txt:2: id 9 has no name"));
  CHECK_THAT(facts("1\n0 -1 0\n"), Catch::Matchers::ContainsSubstring("train2id.txt:2: '-1' is no number from 0 to"));
  CHECK_THAT(facts("2\n0 3 0\n"), Catch::Matchers::ContainsSubstring("holds 1 line, not 2"));
  CHECK_THAT(facts("1\n0 3 0\n3 0 0\n"), Catch::Matchers::ContainsSubstring("train2id.txt:3: more lines"));
  CHECK_THAT(facts("1\n0 3\n"), Catch::Matchers::ContainsSubstring("train2id.txt:2: expected the ids"));
  folder.file("relation2id.txt", "2\nr\t0\ns\t0\n");
  CHECK_THAT(facts("1\n0 3 0\n"), Catch::Matchers::ContainsSubstring("relation2id.txt:3: id 0 comes twice"));
  folder.file("relation2id.txt", "1\nr\n");
  CHECK_THAT(facts("1\n0 3 0\n"), Catch::Matchers::ContainsSubstring("relation2id.txt:2: expected a name and its id"));
}

TEST_CASE("an input's kind follows from its name; facts of unknown names are counted", "[kb]") {
  const Folder folder;
  const auto tsv = folder.file("kb.tsv", "a\tr\tb\n");
  const auto nt = folder.file("kb.nt", "<a:a> <a:r> <a:b> .\n");
  const auto held = folder.file("held.tsv", "b\tr\ta\nb\tr\tc\na\ts\tb\nb\tr\ta\n");
  const auto kb = read_knowledge_base({tsv, nt});
  CHECK(kb.entities.size() == 4);
  CHECK(kb.triples.size() == 2);
  CHECK(read_knowledge_base({"nt:" + nt}).relations.names() == std::vector<std::string>{"a:r"});
  const auto [known, unknown] = read_known_facts(held, kb);
  CHECK(known == std::vector<Triple>{{1, 0, 0}});
  CHECK(unknown == 2);
}

TEST_CASE("CESI's lines give normalised names, and raw ones where there are none", "[kb]") {
  const Folder folder;
  const std::string first = R"({"_id": 36952, "triple": ["Frederick", "had reached", "Alessandria"], )"
                            R"("triple_norm": ["frederick", "have reach", "alessandria"], "kbp_info": [], )"
                            R"("true_link": {"subject": "/m/09w_9", "object": "/m/02bb_4"}})";
  const std::string second = R"({"triple": ["K\u00f6ln", "lies on", "Rhine"], "triple_norm": ["köln", "lie on", ""]})";
  const std::string third = R"({"triple": ["alessandria", "have reach", "Rhine"]})";
  const auto lines = folder.file("reverb45k_test", first + "\n\n" + second + "\r\n" + third);
  const auto kb = read_knowledge_base({"cesi:" + lines});
  CHECK(kb.entities.names() == std::vector<std::string>{"frederick", "alessandria", "köln", "Rhine"});
  CHECK(kb.relations.names() == std::vector<std::string>{"have reach", "lie on"});
  CHECK(kb.triples == std::vector<Triple>{{0, 0, 1}, {1, 0, 3}, {2, 1, 3}});
  CHECK(read_knowledge_base({folder.file("three.jsonl", third)}).triples.size() == 1);
}

TEST_CASE("what is no line of CESI's is named by file and line", "[kb]") {
  const Folder folder;
  const auto message = [&](const std::string& line) {
    const auto file = folder.file("kb.json", R"({"triple": ["a", "r", "b"]})"
                                             "\n" +
                                                 line + "\n");
    return message_of([&] { read_knowledge_base({file}); });
  };
  for (const std::string line : {"a\tr\tb", R"(["a", "r", "b"])", R"({"triple": ["a", "r"]})",
                                 R"({"triple": ["a", 1, "b"]})", R"({"triple": {"a": "r"}})",
                                 R"({"triple": ["a", "", "b"]})", R"({"other": 1})", R"({"triple": ["a", "r", "b"])"}) {
    INFO(line);
    CHECK_THAT(message(line), Catch::Matchers::ContainsSubstring("kb.json:2: "));
  }
  CHECK_THAT(message(R"({"triple": ["a", "", "b"]})"), Catch::Matchers::ContainsSubstring("names the relation"));
}

TEST_CASE("a million random bytes are refused by every reader, or read", "[kb]") {
  const Folder folder;
  for (const std::uint32_t alphabet : {256u, 24u}) {
    // Every byte, and then only what facts are written with, which gets further.
    const std::string_view letters = "<>\"_:.\\u0a \t\n#^@-19xE+r\r";
    core::RandomSequence random({alphabet, 0, 0});
    std::string bytes(1'000'000, '\0');
    for (auto& byte : bytes) {
      const auto word = random.word() % alphabet;
      byte = alphabet == 256 ? static_cast<char>(word) : letters[word];
    }
    const auto file = folder.file("random", bytes);
    folder.file("entity2id.txt", "1\na\t0\n");
    folder.file("relation2id.txt", "1\nr\t0\n");
    for (const std::string kind : {"", "nt:", "cesi:", "openke:"}) {
      try {
        const auto kb = read_knowledge_base({kind + file});
        CHECK(!kb.triples.empty());
      } catch (const Error& error) {
        CHECK(error.code() == Error::BadInput);
        CHECK_THAT(std::string(error.what()), Catch::Matchers::ContainsSubstring("random"));
      }
    }
    folder.file("entity2id.txt", bytes);
    CHECK_THROWS_AS(read_knowledge_base({"openke:" + folder.path() + "/random"}), Error);
  }
}

}  // namespace
}  // namespace terse::relsim
