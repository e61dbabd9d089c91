#include "terse/relsim/kb/triple_reader.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "terse/relsim/kb/cesi_reader.hpp"
#include "terse/relsim/kb/ntriples_reader.hpp"
#include "terse/relsim/kb/openke_reader.hpp"
#include "terse/relsim/kb/wordnet_reader.hpp"

namespace terse::relsim {

void require_triple(const core::TsvReader& reader, const std::vector<std::string_view>& fields) {
  if (fields.size() < 3) {
    throw reader.error("expected head, relation and tail separated by tabs, found " + std::to_string(fields.size()) +
                       (fields.size() == 1 ? " field" : " fields"));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (fields[i].empty()) throw reader.error("field " + std::to_string(i + 1) + " is empty");
  }
}

void read_triples(core::TsvReader& reader, KnowledgeBase& kb) {
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    require_triple(reader, fields);
    const auto head = kb.entities.intern(fields[0]);
    const auto relation = kb.relations.intern(fields[1]);
    kb.triples.push_back({head, relation, kb.entities.intern(fields[2])});
  }
}

namespace {

enum class Format { Tsv, NTriples, Cesi, OpenKe, WordNet };

/// Whether a path ends in one of `endings`, compressed or not.
bool is_named(std::string_view path, std::initializer_list<std::string_view> endings) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  }
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return path.ends_with(ending); });
}

/// An input's format, by a prefix or its name, and where it lies.
std::pair<Format, std::string> format_of(const std::string& input) {
  constexpr std::pair<std::string_view, Format> kPrefixes[] = {
      {"wordnet:", Format::WordNet}, {"openke:", Format::OpenKe}, {"nt:", Format::NTriples}, {"cesi:", Format::Cesi}};
  if (input == "wordnet") return {Format::WordNet, kDebianWordNet};
  for (const auto& [prefix, format] : kPrefixes) {
    if (input.starts_with(prefix)) return {format, input.substr(prefix.size())};
  }
  if (is_named(input, {".nt", ".ntriples"})) return {Format::NTriples, input};
  if (is_named(input, {".json", ".jsonl"})) return {Format::Cesi, input};
  return {Format::Tsv, input};
}

}  // namespace

bool is_tsv(const std::string& input) { return format_of(input).first == Format::Tsv; }

void read_input(const std::string& input, KnowledgeBase& kb) {
  const auto [format, path] = format_of(input);
  switch (format) {
    case Format::WordNet:
      return read_wordnet(path, kb);
    case Format::OpenKe:
      return read_openke(path, kb);
    case Format::NTriples:
      return read_ntriples(core::open_source(path), kb);
    case Format::Cesi:
      return read_cesi(core::open_source(path), kb);
    case Format::Tsv:
      break;
  }
  core::TsvReader reader(core::open_source(path));
  read_triples(reader, kb);
}

KnowledgeBase read_knowledge_base(const std::vector<std::string>& inputs) {
  KnowledgeBase kb;
  for (const auto& input : inputs) read_input(input, kb);
  if (kb.triples.empty())
    throw Error(Error::BadInput, (inputs.empty() ? "input" : core::source_name(inputs.front())) + ": no facts");
  make_distinct(kb.triples);
  return kb;
}

std::pair<std::vector<Triple>, std::uint64_t> read_known_facts(const std::string& input, const KnowledgeBase& kb) {
  KnowledgeBase other;
  read_input(input, other);
  const auto translate = [](const Vocabulary& from, const Vocabulary& to) {
    std::vector<std::optional<std::int32_t>> ids;
    for (std::int32_t i = 0; i < from.size(); ++i) ids.push_back(to.find(from.name(i)));
    return ids;
  };
  const auto entities = translate(other.entities, kb.entities), relations = translate(other.relations, kb.relations);
  std::pair<std::vector<Triple>, std::uint64_t> result;
  for (const auto& t : other.triples) {
    const auto head = entities[static_cast<std::size_t>(t.head)], tail = entities[static_cast<std::size_t>(t.tail)];
    const auto relation = relations[static_cast<std::size_t>(t.relation)];
    if (head && relation && tail) {
      result.first.push_back({*head, *relation, *tail});
    } else {
      ++result.second;
    }
  }
  make_distinct(result.first);
  return result;
}

}  // namespace terse::relsim
