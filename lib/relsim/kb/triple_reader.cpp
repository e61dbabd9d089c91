#include "terse/relsim/kb/triple_reader.hpp"

#include "terse/relsim/kb/wordnet_reader.hpp"

namespace terse::relsim {

std::uint64_t read_triples(core::TsvReader& reader, KnowledgeBase& kb, UnknownNames unknown) {
  std::uint64_t skipped = 0;
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() < 3) {
      throw reader.error("expected head, relation and tail separated by tabs, found " +
                         std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields"));
    }
    for (int i = 0; i < 3; ++i) {
      if (fields[static_cast<std::size_t>(i)].empty()) throw reader.error("field " + std::to_string(i + 1) + " is empty");
    }
    if (unknown == UnknownNames::Intern) {
      const auto head = kb.entities.intern(fields[0]);
      const auto relation = kb.relations.intern(fields[1]);
      kb.triples.push_back({head, relation, kb.entities.intern(fields[2])});
      continue;
    }
    const auto head = kb.entities.find(fields[0]);
    const auto relation = kb.relations.find(fields[1]);
    const auto tail = kb.entities.find(fields[2]);
    if (head && relation && tail) {
      kb.triples.push_back({*head, *relation, *tail});
    } else {
      ++skipped;
    }
  }
  return skipped;
}

KnowledgeBase read_knowledge_base(const std::vector<std::string>& inputs) {
  KnowledgeBase kb;
  for (const auto& input : inputs) {
    if (input == "wordnet" || input.starts_with("wordnet:")) {
      read_wordnet(input == "wordnet" ? kDebianWordNet : input.substr(8), kb);
    } else {
      core::TsvReader reader(core::open_source(input));
      read_triples(reader, kb);
    }
  }
  if (kb.triples.empty()) throw Error(Error::BadInput, (inputs.empty() ? "input" : inputs.front()) + ": no facts");
  make_distinct(kb.triples);
  return kb;
}

}  // namespace terse::relsim
