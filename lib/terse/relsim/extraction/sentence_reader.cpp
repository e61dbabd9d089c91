#include "terse/relsim/extraction/sentence_reader.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "terse/core/bytes.hpp"
#include "terse/core/decompress.hpp"
#include "terse/core/error.hpp"
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

void add(Sentence sentence, const std::string& relation, SentenceSet& set) {
  sentence.relation = set.relations.intern(relation);
  if (sentence.head_name.empty()) sentence.head_name = joined(sentence.tokens, sentence.head);
  if (sentence.tail_name.empty()) sentence.tail_name = joined(sentence.tokens, sentence.tail);
  set.sentences.push_back(std::move(sentence));
}

/// The first mention of an entity of FewRel: [name, id, [[places], …]].
Span first_mention(const Json& entity, std::string& name) {
  name = entity.at(1).get<std::string>();
  if (name.empty()) name = entity.at(0).get<std::string>();
  const auto places = entity.at(2).at(0).get<std::vector<std::int32_t>>();
  if (places.empty()) return {};
  const auto [least, most] = std::minmax_element(places.begin(), places.end());
  return {*least, *most < INT32_MAX ? *most + 1 : 0};
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
    const auto last = record.at(end).get<std::int32_t>();
    return Span{record.at(begin).get<std::int32_t>(), last < INT32_MAX ? last + 1 : 0};
  };
  s.head = span("subj_start", "subj_end");
  s.tail = span("obj_start", "obj_end");
  if (record.contains("stanford_pos")) s.tags = record.at("stanford_pos").get<std::vector<std::string>>();
  if (record.contains("stanford_ner")) s.entities = record.at("stanford_ner").get<std::vector<std::string>>();
  return s;
}

/// Adds record `number` (from 1) of `what`, read by `read`.
void add_record(const Json& record, const std::string& name, const std::string& what, std::size_t number,
                const std::string& relation, SentenceSet& set, Sentence (*read)(const Json&)) {
  std::string fault;
  try {
    auto sentence = read(record);
    fault = fault_of(sentence);
    if (fault.empty()) {
      add(std::move(sentence), relation, set);
      return;
    }
  } catch (const Json::exception& error) {
    fault = error.what();
  }
  throw Error(Error::BadInput, name + ": " + what + " " + std::to_string(number) + ": " + fault);
}

void read_json(const core::Bytes& bytes, const std::string& name, SentenceSet& set) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  Json document;
  try {
    document = Json::parse(text, text + bytes.size());
  } catch (const Json::parse_error& error) {
    const auto line = 1 + std::count(text, text + std::min<std::size_t>(error.byte, bytes.size()), '\n');
    throw Error(Error::BadInput, name + ":" + std::to_string(line) + ": " + error.what());
  } catch (const Json::exception& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
  if (document.is_object()) {
    for (auto item = document.begin(); item != document.end(); ++item) {
      const auto& relation = item.key();
      const auto& records = item.value();
      if (!records.is_array())
        throw Error(Error::BadInput, name + ": relation '" + relation + "' has no list of sentences");
      std::size_t number = 0;
      for (const auto& record : records) {
        add_record(record, name, "relation '" + relation + "', sentence", ++number, relation, set, fewrel_sentence);
      }
    }
    return;
  }
  std::size_t number = 0;
  for (const auto& record : document) {
    ++number;
    const auto relation = record.is_object() && record.contains("relation") && record["relation"].is_string()
                              ? record["relation"].get<std::string>()
                              : std::string();
    if (relation.empty()) {
      throw Error(Error::BadInput, name + ": record " + std::to_string(number) + ": names no relation");
    }
    add_record(record, name, "record", number, relation, set, tacred_sentence);
  }
}

void read_tsv(const core::Bytes& bytes, const std::string& name, SentenceSet& set) {
  core::TsvReader reader(core::memory_source(bytes, name));
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
    add(std::move(s), std::string(fields[0]), set);
  }
}

}  // namespace

void read_sentences(const std::string& path, SentenceSet& set) {
  const auto source = core::decompressing_source(core::open_source(path));
  const auto bytes = core::read_all(*source, kLargestFile);
  const auto name = source->name();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto* first = std::find_if_not(text, text + bytes.size(),
                                       [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const bool json = first != text + bytes.size() && (*first == '{' || *first == '[');
  json ? read_json(bytes, name, set) : read_tsv(bytes, name, set);
}

}  // namespace terse::relsim
