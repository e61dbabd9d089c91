#include "terse/relsim/kb/cesi_reader.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "terse/core/json-inl.hpp"
#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

using Json = nlohmann::json;

using Names = std::array<std::string, 3>;  // subject, relation, object

/// Null where the line is not JSON.
Json parse(std::string_view line, const core::LineReader& reader) {
  try {
    return core::parse_json(line, "");
  } catch (const Json::exception&) {
    return nullptr;
  } catch (const Error& error) {
    throw reader.error(error.what());
  }
}

/// The record's list `key`; empty names where there is none.
Names names_in(const Json& record, const char* key, const core::LineReader& reader) {
  const auto found = record.find(key);
  if (found == record.end()) return {};
  const auto is_text = [](const Json& value) { return value.is_string(); };
  if (!found->is_array() || found->size() != 3 || !std::ranges::all_of(*found, is_text)) {
    throw reader.error(std::string("'") + key + "' is no list of three texts");
  }
  return found->get<Names>();
}

/// The normalised names, and for those that are empty the names as they were found.
Names names_of(const Json& record, const core::LineReader& reader) {
  auto names = names_in(record, "triple_norm", reader);
  if (std::ranges::count(names, "") == 0) return names;
  const auto found = names_in(record, "triple", reader);
  for (std::size_t place = 0; place < names.size(); ++place) {
    if (names[place].empty()) names[place] = found[place];
    if (names[place].empty()) {
      constexpr const char* kParts[] = {"subject", "relation", "object"};
      throw reader.error(std::string("neither 'triple_norm' nor 'triple' names the ") + kParts[place]);
    }
  }
  return names;
}

}  // namespace

void read_cesi(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb) {
  core::LineReader reader(std::move(source));
  std::string_view line;
  while (reader.next(line)) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const Json record = parse(line, reader);
    if (!record.is_object()) throw reader.error("expected a JSON object, with the list 'triple'");
    const auto names = names_of(record, reader);
    const auto head = kb.entities.intern(names[0]), tail = kb.entities.intern(names[2]);
    kb.triples.push_back({head, kb.relations.intern(names[1]), tail});
  }
}

}  // namespace terse::relsim
