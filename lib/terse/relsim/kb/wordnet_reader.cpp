#include "terse/relsim/kb/wordnet_reader.hpp"

#include <charconv>
#include <string>
#include <unordered_map>
#include <vector>

#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

/// A synset's address: satellites (s) live among the adjectives (a).
std::uint64_t address(char pos, std::uint32_t offset) {
  return static_cast<std::uint64_t>(pos == 's' ? 'a' : pos) << 32 | offset;
}

/// Takes a data line apart, field by field.
class Fields {
 public:
  Fields(std::string_view line, const core::LineReader& reader) : rest_(line), reader_(reader) {}

  std::string_view text(const char* what) {
    const auto begin = rest_.find_first_not_of(' ');
    if (begin == std::string_view::npos) throw reader_.error(std::string("the line ends before its ") + what);
    rest_.remove_prefix(begin);
    const auto field = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(field.size());
    return field;
  }

  std::uint32_t number(const char* what, int base) {
    const auto field = text(what);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (error != std::errc() || end != field.data() + field.size()) {
      throw reader_.error("'" + std::string(field) + "' is no " + what);
    }
    return value;
  }

  char pos(const char* what) {
    const auto field = text(what);
    if (field.size() != 1 || std::string_view("nvasr").find(field[0]) == std::string_view::npos) {
      throw reader_.error("'" + std::string(field) + "' is no part of speech");
    }
    return field[0];
  }

 private:
  std::string_view rest_;
  const core::LineReader& reader_;
};

struct Pointer {
  std::uint64_t source, target;
  std::int32_t relation;
};

class Reader {
 public:
  explicit Reader(KnowledgeBase& kb) : kb_(kb) {}

  void read_file(std::unique_ptr<core::ByteSource> source) {
    core::LineReader reader(std::move(source));
    std::string_view line;
    while (reader.next(line)) {
      if (line.empty() || line.starts_with("  ")) continue;  // the licence
      read_synset(line, reader);
    }
  }

  /// Pointers lead forwards too, so facts can be made only once every synset has its name.
  void finish(const std::string& folder) {
    for (const auto& pointer : pointers_) {
      const auto target = synsets_.find(pointer.target);
      if (target == synsets_.end()) {
        throw Error(Error::BadInput, folder + ": synset " + kb_.entities.name(synsets_.at(pointer.source)) +
                                         " points to offset " + std::to_string(pointer.target & 0xffffffffu) +
                                         ", where there is none");
      }
      kb_.triples.push_back({synsets_.at(pointer.source), pointer.relation, target->second});
    }
  }

 private:
  void read_synset(std::string_view line, const core::LineReader& reader) {
    Fields fields(line, reader);
    const auto digits = fields.text("offset");
    const auto offset = Fields(digits, reader).number("offset", 10);
    fields.number("lexicographer file", 10);
    const char pos = fields.pos("synset type");
    const auto words = fields.number("word count", 16);
    std::string name;
    for (std::uint32_t i = 0; i < words; ++i) {
      const auto word = fields.text("word");
      if (i == 0) name = word;
      fields.text("lexical id");
    }
    const auto source = address(pos, offset);
    name += std::string(".") + (pos == 's' ? 'a' : pos) + "." + std::string(digits);
    if (!synsets_.emplace(source, kb_.entities.intern(name)).second) throw reader.error("the offset comes twice");

    const auto pointers = fields.number("pointer count", 10);
    for (std::uint32_t i = 0; i < pointers; ++i) {
      const auto symbol = fields.text("pointer symbol");
      const auto relation = wordnet_relation(symbol, pos);
      if (relation.empty()) throw reader.error("'" + std::string(symbol) + "' is no pointer symbol");
      const auto target = fields.number("pointer's offset", 10);
      const char target_pos = fields.pos("pointer's part of speech");
      fields.number("pointer's words", 16);
      pointers_.push_back({source, address(target_pos, target), kb_.relations.intern(relation)});
    }
  }

  KnowledgeBase& kb_;
  std::unordered_map<std::uint64_t, std::int32_t> synsets_;
  std::vector<Pointer> pointers_;
};

}  // namespace

std::string_view wordnet_relation(std::string_view symbol, char source_pos) {
  struct Name {
    std::string_view symbol, relation;
  };
  static constexpr Name kNames[] = {
      {"!", "antonym"},
      {"@", "hypernym"},
      {"@i", "instance_hypernym"},
      {"~", "hyponym"},
      {"~i", "instance_hyponym"},
      {"#m", "member_holonym"},
      {"#s", "substance_holonym"},
      {"#p", "part_holonym"},
      {"%m", "member_meronym"},
      {"%s", "substance_meronym"},
      {"%p", "part_meronym"},
      {"=", "attribute"},
      {"+", "derivationally_related_form"},
      {";c", "domain_topic"},
      {"-c", "member_of_domain_topic"},
      {";r", "domain_region"},
      {"-r", "member_of_domain_region"},
      {";u", "domain_usage"},
      {"-u", "member_of_domain_usage"},
      {"*", "entailment"},
      {">", "cause"},
      {"^", "also_see"},
      {"$", "verb_group"},
      {"&", "similar_to"},
      {"<", "participle_of_verb"},
  };
  if (symbol == "\\") return source_pos == 'r' ? "derived_from_adjective" : "pertainym";
  for (const auto& name : kNames) {
    if (name.symbol == symbol) return name.relation;
  }
  return {};
}

void read_wordnet(std::vector<std::unique_ptr<core::ByteSource>> sources, const std::string& name, KnowledgeBase& kb) {
  Reader reader(kb);
  for (auto& source : sources) reader.read_file(std::move(source));
  reader.finish(name);
}

void read_wordnet(const std::string& folder, KnowledgeBase& kb) {
  std::vector<std::unique_ptr<core::ByteSource>> sources;
  for (const char* pos : {"noun", "verb", "adj", "adv"}) sources.push_back(core::open_source(folder + "/data." + pos));
  read_wordnet(std::move(sources), folder, kb);
}

}  // namespace terse::relsim
