#include "terse/relsim/kb/cesi_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

using Json = nlohmann::json;

/// Member `place` of the record's list `key`; empty where there is none.
std::string name_in(const Json& record, const char* key, std::size_t place, const core::LineReader& reader) {
  const auto found = record.find(key);
  if (found == record.end()) return {};
  const auto is_text = [](const Json& value) { return value.is_string(); };
  if (!found->is_array() || found->size() != 3 || !std::all_of(found->begin(), found->end(), is_text)) {
    throw reader.error(std::string("'") + key + "' is no list of three texts");
  }
  return (*found)[place].get<std::string>();
}

std::string name_of(const Json& record, std::size_t place, const core::LineReader& reader) {
  auto name = name_in(record, "triple_norm", place, reader);
  if (name.empty()) name = name_in(record, "triple", place, reader);
  if (name.empty()) {
    constexpr const char* kParts[] = {"subject", "relation", "object"};
    throw reader.error(std::string("neither 'triple_norm' nor 'triple' names the ") + kParts[place]);
  }
  return name;
}

}  // namespace

void read_cesi(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb) {
  core::LineReader reader(std::move(source));
  std::string_view line;
  while (reader.next(line)) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const auto record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object()) throw reader.error("expected a JSON object, with the list 'triple'");
    const auto head = kb.entities.intern(name_of(record, 0, reader));
    const auto relation = kb.relations.intern(name_of(record, 1, reader));
    kb.triples.push_back({head, relation, kb.entities.intern(name_of(record, 2, reader))});
  }
}

}  // namespace terse::relsim
