#include "terse/formats/kinds/facts.hpp"

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

void check_table(const ArtifactReader& reader, const Facts& facts, const char* name, std::size_t rows) {
  const auto found = std::ranges::find_if(facts.weights, [&](const Tensor& t) { return t.info.name == name; });
  const std::string item = std::string("weight/") + name;
  require_item(reader, found != facts.weights.end(), item);
  if (found->info.shape.size() != 2 || found->info.shape[0] != static_cast<std::int64_t>(rows))
    refuse_item(reader, item, "has not one row for each of " + std::to_string(rows) + " names");
}

void check(const ArtifactReader& reader, const Facts& facts) {
  for (const Tensor& tensor : facts.weights)
    if (tensor.info.dtype != core::DType::Float32)
      refuse_item(reader, "weight/" + tensor.info.name, "is not of type float32");
  if (!facts.weights.empty()) {
    check_table(reader, facts, "entity", facts.entities.size());
    check_table(reader, facts, "relation", facts.relations.size());
  }
  require_length(reader, "counts", facts.counts, facts.relations.size());
  if (facts.triples.size() % 3 != 0) refuse_item(reader, "triples", "is not of shape [n, 3]");
  for (std::size_t i = 0; i < facts.triples.size(); ++i) {
    const std::size_t bound = i % 3 == 1 ? facts.relations.size() : facts.entities.size();
    if (facts.triples[i] < 0 || static_cast<std::size_t>(facts.triples[i]) >= bound)
      refuse_item(reader, "triples", "row " + std::to_string(i / 3) + " holds an id out of range");
  }
}

}  // namespace

const Tensor& Facts::weight(std::string_view name) const {
  const auto found = std::ranges::find_if(weights, [&](const Tensor& t) { return t.info.name == name; });
  if (found == weights.end()) throw Error(Error::BadInput, "no weight '" + std::string(name) + "' in the fact model");
  return *found;
}

std::string write_facts(core::ByteSink& sink, Header header, const Facts& facts) {
  ArtifactWriter writer(sink, header_for(Kind::Facts, std::move(header)));
  writer.document("facts", Value::Map{{"hyperparameters", facts.hyperparameters}, {"metrics", facts.metrics}});
  writer.strings("entities", facts.entities);
  writer.strings("relations", facts.relations);
  write_column(writer, "counts", facts.counts, {static_cast<std::int64_t>(facts.counts.size())});
  write_group(writer, "weight", views(facts.weights));
  if (!facts.triples.empty())
    write_column(writer, "triples", facts.triples, {static_cast<std::int64_t>(facts.triples.size() / 3), 3});
  return writer.finish();
}

Loaded<Facts> read_facts(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Facts> loaded{reader.expect(Kind::Facts), {}, {}};
  Facts& facts = loaded.content;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "facts") {
      const Document document(reader, *item);
      facts.hyperparameters = document.map("hyperparameters");
      facts.metrics = document.map("metrics");
      found = true;
    } else if (item->name == "entities") {
      facts.entities = read_strings(reader, *item);
    } else if (item->name == "relations") {
      facts.relations = read_strings(reader, *item);
    } else if (item->name == "counts") {
      facts.counts = read_column<std::int64_t>(reader, *item);
    } else if (within(item->name, "weight")) {
      facts.weights.push_back(read_grouped(reader, *item, "weight"));
    } else if (item->name == "triples") {
      facts.triples = read_column<std::int32_t>(reader, *item);
    }
  }
  require_item(reader, found, "facts");
  check(reader, facts);
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
