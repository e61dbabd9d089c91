#include "terse/formats/kinds/similarity_part.hpp"

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

void check(const ArtifactReader& reader, const SimilarityPart& part) {
  const std::uint64_t relations = part.frame.relations.size();
  const auto queries = static_cast<std::uint64_t>(part.queries);
  const auto pairs = core::checked_multiply(relations, queries, reader.source_name() + ": number of relations");
  require_length(reader, "counts", part.frame.counts, relations);
  if (!part.frame.thin.empty()) require_length(reader, "thin", part.frame.thin, relations);
  require_length(reader, "heads", part.heads, pairs);
  const bool sound = relations > 0 && (queries == relations || queries == 2 * relations) && part.first_lane >= 0 &&
                     part.shard <= part.shards && (part.shard > 0 || part.shards == 0) && !part.sums.empty() &&
                     part.sums.size() % pairs == 0 &&
                     part.first_lane + static_cast<std::int64_t>(part.sums.size() / pairs) <= part.lanes;
  if (!sound) throw Error(Error::BadInput, reader.source_name() + ": sizes of the similarity part do not fit together");
}

}  // namespace

std::int64_t SimilarityPart::lanes_here() const {
  const auto lane = static_cast<std::int64_t>(frame.relations.size()) * queries;
  return lane > 0 ? static_cast<std::int64_t>(sums.size()) / lane : 0;
}

std::string SimilarityPart::description() const {
  if (shards > 0) return "part " + std::to_string(shard) + "/" + std::to_string(shards);
  return "lanes " + std::to_string(first_lane + 1) + " to " + std::to_string(first_lane + lanes_here()) + " of " +
         std::to_string(lanes);
}

std::string write_similarity_part(core::ByteSink& sink, Header header, const SimilarityPart& part) {
  ArtifactWriter writer(sink, header_for(Kind::Similarity, std::move(header)));
  const auto& s = part.frame;
  writer.document("similarity_part", Value::Map{{"method", s.method},
                                                {"combine", s.combine},
                                                {"temperature", s.temperature},
                                                {"details", s.details},
                                                {"first_lane", part.first_lane},
                                                {"lanes", part.lanes},
                                                {"queries", part.queries},
                                                {"shard", part.shard},
                                                {"shards", part.shards}});
  const auto relations = static_cast<std::int64_t>(s.relations.size());
  writer.strings("relations", s.relations);
  write_column(writer, "counts", s.counts, {relations});
  if (!s.thin.empty()) write_column(writer, "thin", s.thin, {relations});
  write_column(writer, "heads", part.heads, {relations, part.queries});
  write_column(writer, "sums", part.sums, {part.lanes_here(), relations, part.queries});
  return writer.finish();
}

Loaded<SimilarityPart> read_similarity_part(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<SimilarityPart> loaded{reader.expect(Kind::Similarity), {}, {}};
  auto& part = loaded.content;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "similarity_part") {
      const Document document(reader, *item);
      part.frame.method = document.text("method");
      part.frame.combine = document.text("combine");
      part.frame.temperature = document.number("temperature");
      part.frame.details = document.map("details");
      part.first_lane = document.small_count("first_lane");
      part.lanes = document.small_count("lanes");
      part.queries = document.small_count("queries");
      if (document.has("shards")) {
        part.shard = document.small_count("shard");
        part.shards = document.small_count("shards");
      }
      found = true;
    } else if (item->name == "similarity") {
      throw Error(Error::BadInput, reader.source_name() + ": is a whole similarity, not a part of one");
    } else if (item->name == "relations") {
      part.frame.relations = read_strings(reader, *item);
    } else if (item->name == "counts") {
      part.frame.counts = read_column<std::int64_t>(reader, *item);
    } else if (item->name == "thin") {
      part.frame.thin = read_column<std::uint8_t>(reader, *item);
    } else if (item->name == "heads") {
      part.heads = read_column<double>(reader, *item);
    } else if (item->name == "sums") {
      part.sums = read_column<double>(reader, *item);
    }
  }
  require_item(reader, found, "similarity_part");
  check(reader, part);
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
