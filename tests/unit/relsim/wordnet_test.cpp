#include "terse/relsim/kb/wordnet_reader.hpp"

#include <filesystem>
#include <fstream>
#include <set>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// A folder with a WordNet of a few synsets.
class WordNetFolder {
 public:
  WordNetFolder() : path_(std::filesystem::temp_directory_path() / ("terse-wordnet-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
    write("noun",
          "  1 a licence line\n"
          "00000010 03 n 02 entity 0 thing 1 001 ~ 00000020 n 0000 | what is  \n"
          "00000020 05 n 01 dog 0 003 @ 00000010 n 0000 #m 00000030 n 0000 + 00000010 a 0101 | barks  \n"
          "00000030 14 n 01 pack 0 001 %m 00000020 n 0000 | dogs  \n");
    write("verb", "00000010 29 v 01 bark 0 000 01 + 02 00 | to bark  \n");
    write("adj",
          "00000010 00 a 01 doggy 0 002 + 00000020 n 0101 & 00000020 s 0000 | like a dog  \n"
          "00000020 00 s 01 canine 0 001 \\ 00000020 n 0101 | of dogs  \n");
    write("adv", "00000010 02 r 01 doggedly 0 001 \\ 00000010 a 0101 | so  \n");
  }
  ~WordNetFolder() { std::filesystem::remove_all(path_); }
  void write(const std::string& pos, const std::string& text) { std::ofstream(path_ / ("data." + pos)) << text; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string message_of(const WordNetFolder& folder) {
  KnowledgeBase kb;
  try {
    read_wordnet(folder.path(), kb);
  } catch (const Error& error) {
    CHECK(error.code() == Error::BadInput);
    return error.what();
  }
  return "";
}

TEST_CASE("WordNet's pointers become facts with relation names", "[kb]") {
  const WordNetFolder folder;
  KnowledgeBase kb;
  read_wordnet(folder.path(), kb);
  CHECK(kb.entities.size() == 7);
  std::set<std::string> facts;
  for (const auto& t : kb.triples) {
    facts.insert(kb.entities.name(t.head) + " " + kb.relations.name(t.relation) + " " + kb.entities.name(t.tail));
  }
  CHECK(facts == std::set<std::string>{
                     "entity.n.00000010 hyponym dog.n.00000020",
                     "dog.n.00000020 hypernym entity.n.00000010",
                     "dog.n.00000020 member_holonym pack.n.00000030",
                     "dog.n.00000020 derivationally_related_form doggy.a.00000010",
                     "pack.n.00000030 member_meronym dog.n.00000020",
                     "doggy.a.00000010 derivationally_related_form dog.n.00000020",
                     "doggy.a.00000010 similar_to canine.a.00000020",
                     "canine.a.00000020 pertainym dog.n.00000020",
                     "doggedly.r.00000010 derived_from_adjective doggy.a.00000010",
                 });
}

TEST_CASE("a malformed WordNet is named by file and line", "[kb]") {
  WordNetFolder folder;
  folder.write("verb", "00000010 29 v 01 bark 0 001 ? 00000020 n 0000 | x  \n");
  CHECK(message_of(folder) == folder.path() + "/data.verb:1: '?' is no pointer symbol");
  folder.write("verb", "00000010 29 v 01 bark 0 002 @ 00000010 n 0000\n");
  CHECK(message_of(folder) == folder.path() + "/data.verb:1: the line ends before its pointer symbol");
  folder.write("verb", "00000010 29 v zz bark\n");
  CHECK(message_of(folder) == folder.path() + "/data.verb:1: 'zz' is no word count");
  folder.write("verb", "00000010 29 v 01 bark 0 001 @ 99999999 n 0000 | x  \n");
  CHECK(message_of(folder) ==
        folder.path() + ": synset bark.v.00000010 points to offset 99999999, where there is none");
  std::filesystem::remove(folder.path() + "/data.verb");
  KnowledgeBase kb;
  CHECK_THROWS_AS(read_wordnet(folder.path(), kb), Error);
}

TEST_CASE("Debian's WordNet has its 117,659 synsets", "[kb]") {
  if (!std::filesystem::exists(std::string(kDebianWordNet) + "/data.noun")) return;
  KnowledgeBase kb;
  read_wordnet(kDebianWordNet, kb);
  CHECK(kb.entities.size() == 117'659);
  CHECK(kb.relations.size() == 27);
}

}  // namespace
}  // namespace terse::relsim
