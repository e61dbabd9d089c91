#include "terse/relsim/extraction/sentence_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "terse/core/decompress.hpp"
#include "terse/core/error.hpp"
#include "terse/core/json-inl.hpp"
#include "terse/core/limits.hpp"
#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestFile = std::uint64_t{4} << 30;
constexpr std::size_t kLongestSentence = 1u << 16;

std::string joined(const std::vector<std::string>& tokens, const Span& span) {
  std::string text;
  for (auto i = span.begin; i < span.end; ++i)
    text += (i > span.begin ? " " : "") + tokens[static_cast<std::size_t>(i)];
  return text;
}

/// What is wrong with a sentence; empty where nothing is.
std::string fault_of(const Sentence& s) {
  const auto length = s.tokens.size();
  if (length == 0 || length > kLongestSentence) return "a sentence must have 1 to 65536 tokens";
  for (const auto* span : {&s.head, &s.tail}) {
    if (span->begin < 0 || span->end <= span->begin || static_cast<std::size_t>(span->end) > length) {
      return "an entity's tokens lie outside the sentence";
    }
  }
  for (const auto* labels : {&s.tags, &s.entities}) {
    if (!labels->empty() && labels->size() != length) return "there is not one label for each token";
  }
  return "";
}

std::uint64_t bytes_of(const std::vector<std::string>& words) {
  std::uint64_t bytes = words.size() * sizeof(std::string);
  for (const auto& word : words) bytes += word.size();
  return bytes;
}

/// Where sentences go, which must not take more memory than the file explains.
class Collector {
 public:
  Collector(std::string name, std::uint64_t received, SentenceSet& set)
      : name_(std::move(name)), received_(received), set_(set) {}

  const std::string& name() const { return name_; }

  void add(Sentence sentence, const std::string& relation) {
    sentence.relation = set_.relations.intern(relation);
    if (sentence.head_name.empty()) sentence.head_name = joined(sentence.tokens, sentence.head);
    if (sentence.tail_name.empty()) sentence.tail_name = joined(sentence.tokens, sentence.tail);
    held_ += sizeof sentence + bytes_of(sentence.tokens) + bytes_of(sentence.tags) + bytes_of(sentence.entities) +
             sentence.head_name.size() + sentence.tail_name.size();
    core::require_within_limit(held_, received_, name_ + ": its sentences");
    set_.sentences.push_back(std::move(sentence));
  }

 private:
  std::string name_;
  std::uint64_t received_, held_ = 0;
  SentenceSet& set_;
};

/// A token's place; -1, which lies in no sentence, where the value is no whole number or one beyond all places.
std::int32_t place(const Json& value) {
  if (!value.is_number_integer()) return -1;
  const auto number = value.get<std::int64_t>();
  return number >= 0 && number < std::numeric_limits<std::int32_t>::max() ? static_cast<std::int32_t>(number) : -1;
}

/// The first mention of an entity of FewRel: [name, id, [[places], …]].
Span first_mention(const Json& entity, std::string& name) {
  name = entity.at(1).get<std::string>();
  if (name.empty()) name = entity.at(0).get<std::string>();
  std::vector<std::int32_t> places;
  for (const Json& value : entity.at(2).at(0)) places.push_back(place(value));
  if (places.empty()) return {};
  const auto [least, most] = std::minmax_element(places.begin(), places.end());
  return {*least, *most + 1};
}

Sentence fewrel_sentence(const Json& record) {
  Sentence s;
  s.tokens = record.at("tokens").get<std::vector<std::string>>();
  s.head = first_mention(record.at("h"), s.head_name);
  s.tail = first_mention(record.at("t"), s.tail_name);
  return s;
}

Sentence tacred_sentence(const Json& record) {
  Sentence s;
  s.tokens = record.at("token").get<std::vector<std::string>>();
  const auto span = [&](const char* begin, const char* end) {
    return Span{place(record.at(begin)), place(record.at(end)) + 1};
  };
  s.head = span("subj_start", "subj_end");
  s.tail = span("obj_start", "obj_end");
  if (record.contains("stanford_pos")) s.tags = record.at("stanford_pos").get<std::vector<std::string>>();
  if (record.contains("stanford_ner")) s.entities = record.at("stanford_ner").get<std::vector<std::string>>();
  return s;
}

/// FewRel's lists of sentences, or TACRED's list of records, record by record.
class JsonRecords {
 public:
  explicit JsonRecords(Collector& into) : into_(into) {}

  /// @param list  the member of the document that is called `relation`
  void take_fewrel(const std::string& relation, const Json& list, const Json& record) {
    if (!list.is_array()) refuse_relation(relation);
    if (relation != relation_) number_ = 0;
    relation_ = relation;
    add("relation '" + relation + "', sentence", relation, record, fewrel_sentence);
  }

  void take_tacred(const Json& record) {
    const auto relation = record.is_object() && record.contains("relation") && record["relation"].is_string()
                              ? record["relation"].get<std::string>()
                              : std::string();
    if (relation.empty()) {
      throw Error(Error::BadInput, into_.name() + ": record " + std::to_string(number_ + 1) + ": names no relation");
    }
    add("record", relation, record, tacred_sentence);
  }

  [[noreturn]] void refuse_relation(const std::string& relation) const {
    throw Error(Error::BadInput, into_.name() + ": relation '" + relation + "' has no list of sentences");
  }

 private:
  void add(const std::string& what, const std::string& relation, const Json& record, Sentence (*read)(const Json&)) {
    ++number_;
    std::string fault;
    try {
      auto sentence = read(record);
      fault = fault_of(sentence);
      if (fault.empty()) return into_.add(std::move(sentence), relation);
    } catch (const Json::exception& error) {
      fault = error.what();
    }
    throw Error(Error::BadInput, into_.name() + ": " + what + " " + std::to_string(number_) + ": " + fault);
  }

  Collector& into_;
  std::string relation_;
  std::size_t number_ = 0;  // of the record
};

/// @param by_relation  FewRel's form
void read_json(const core::Bytes& bytes, bool by_relation, Collector& into) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  JsonRecords records(into);
  core::JsonRules rules;
  rules.taken_at = by_relation ? 2 : 1;
  rules.take = [&](const std::vector<std::string>& keys, const Json& parent, Json&& record) {
    by_relation ? records.take_fewrel(keys.front(), parent, record) : records.take_tacred(record);
  };
  try {
    const Json rest = core::parse_json(text, into.name(), rules);
    for (const auto& [relation, list] : rest.items()) {
      if (!list.is_array()) records.refuse_relation(relation);
    }
  } catch (const Json::parse_error& error) {
    const auto* const end = text.data() + std::min<std::size_t>(error.byte, text.size());
    const auto line = 1 + std::count(text.data(), end, '\n');
    throw Error(Error::BadInput, into.name() + ":" + std::to_string(line) + ": " + error.what());
  } catch (const Json::exception& error) {
    throw Error(Error::BadInput, into.name() + ": " + error.what());
  }
}

void read_tsv(const core::Bytes& bytes, Collector& into) {
  core::TsvReader reader(core::memory_source(bytes, into.name()));
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() != 6)
      throw reader.error("expected relation, four places and tokens separated by tabs, found " +
                         std::to_string(fields.size()) + " fields");
    if (fields[0].empty()) throw reader.error("the relation is empty");
    std::int32_t places[4];
    for (std::size_t i = 0; i < 4; ++i) {
      const auto& field = fields[i + 1];
      const auto parsed = std::from_chars(field.data(), field.data() + field.size(), places[i]);
      if (parsed.ec != std::errc() || parsed.ptr != field.data() + field.size()) {
        throw reader.error("'" + std::string(field) + "' is no place in a sentence");
      }
    }
    Sentence s;
    s.head = {places[0], places[1]};
    s.tail = {places[2], places[3]};
    for (auto rest = fields[5]; !rest.empty();) {
      const auto blank = std::min(rest.find(' '), rest.size());
      if (blank > 0) s.tokens.emplace_back(rest.substr(0, blank));
      rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
    const auto fault = fault_of(s);
    if (!fault.empty()) throw reader.error(fault);
    into.add(std::move(s), std::string(fields[0]));
  }
}

}  // namespace

void read_sentences(std::unique_ptr<core::ByteSource> stored, SentenceSet& set) {
  const auto stored_bytes = stored->size();
  const auto source = core::decompressing_source(std::move(stored));
  const auto bytes = core::read_all(*source, kLargestFile);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto* first = std::find_if_not(text, text + bytes.size(),
                                       [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const bool json = first != text + bytes.size() && (*first == '{' || *first == '[');
  SentenceSet found;
  Collector into(source->name(), stored_bytes.value_or(bytes.size()), found);
  json ? read_json(bytes, *first == '{', into) : read_tsv(bytes, into);
  // An object has no order: its relations come sorted by their names.
  if (json && *first == '{') {
    const auto relation = [&](const Sentence& s) -> const std::string& { return found.relations.name(s.relation); };
    std::ranges::stable_sort(found.sentences, {}, relation);
  }
  for (Sentence& sentence : found.sentences) {
    sentence.relation = set.relations.intern(found.relations.name(sentence.relation));
    set.sentences.push_back(std::move(sentence));
  }
}

void read_sentences(const std::string& path, SentenceSet& set) { read_sentences(core::open_source(path), set); }

}  // namespace terse::relsim
