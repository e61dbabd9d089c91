#include "terse/formats/kinds/similarity.hpp"

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

void write_matrix(ArtifactWriter& writer, const char* name, const std::vector<double>& values, std::size_t relations) {
  const auto extent = static_cast<std::int64_t>(relations);
  if (!values.empty()) write_column(writer, name, values, {extent, extent});
}

void check(const ArtifactReader& reader, const Similarity& s) {
  const std::size_t count = s.relations.size();
  const std::uint64_t pairs = core::checked_multiply(count, count, reader.source_name() + ": number of relations");
  require_length(reader, "counts", s.counts, count);
  require_length(reader, "divergence", s.divergence, pairs);
  const auto optional_matrix = [&](const char* name, const std::vector<double>& values) {
    if (!values.empty()) require_length(reader, name, values, pairs);
  };
  optional_matrix("swapped", s.swapped);
  optional_matrix("divergence_error", s.divergence_error);
  optional_matrix("swapped_error", s.swapped_error);
  optional_matrix("divergence_spread", s.divergence_spread);
  optional_matrix("swapped_spread", s.swapped_spread);
  if (!s.thin.empty()) require_length(reader, "thin", s.thin, count);
}

}  // namespace

std::string write_similarity(core::ByteSink& sink, Header header, const Similarity& s) {
  ArtifactWriter writer(sink, header_for(Kind::Similarity, std::move(header)));
  writer.document(
      "similarity",
      Value::Map{{"method", s.method}, {"combine", s.combine}, {"temperature", s.temperature}, {"details", s.details}});
  const std::size_t count = s.relations.size();
  writer.strings("relations", s.relations);
  write_column(writer, "counts", s.counts, {static_cast<std::int64_t>(s.counts.size())});
  if (!s.thin.empty()) write_column(writer, "thin", s.thin, {static_cast<std::int64_t>(s.thin.size())});
  write_matrix(writer, "divergence", s.divergence, count);
  write_matrix(writer, "swapped", s.swapped, count);
  write_matrix(writer, "divergence_error", s.divergence_error, count);
  write_matrix(writer, "swapped_error", s.swapped_error, count);
  write_matrix(writer, "divergence_spread", s.divergence_spread, count);
  write_matrix(writer, "swapped_spread", s.swapped_spread, count);
  return writer.finish();
}

Loaded<Similarity> read_similarity(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Similarity> loaded{reader.expect(Kind::Similarity), {}, {}};
  Similarity& s = loaded.content;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "similarity") {
      const Document document(reader, *item);
      s.method = document.text("method");
      s.combine = document.text("combine");
      s.temperature = document.number("temperature");
      s.details = document.map("details");
      found = true;
    } else if (item->name == "similarity_part") {
      throw Error(Error::BadInput,
                  reader.source_name() + ": is a part of a similarity: join all parts by `relsim-score merge` first");
    } else if (item->name == "relations") {
      s.relations = read_strings(reader, *item);
    } else if (item->name == "counts") {
      s.counts = read_column<std::int64_t>(reader, *item);
    } else if (item->name == "thin") {
      s.thin = read_column<std::uint8_t>(reader, *item);
    } else if (item->name == "divergence") {
      s.divergence = read_column<double>(reader, *item);
    } else if (item->name == "swapped") {
      s.swapped = read_column<double>(reader, *item);
    } else if (item->name == "divergence_error") {
      s.divergence_error = read_column<double>(reader, *item);
    } else if (item->name == "swapped_error") {
      s.swapped_error = read_column<double>(reader, *item);
    } else if (item->name == "divergence_spread") {
      s.divergence_spread = read_column<double>(reader, *item);
    } else if (item->name == "swapped_spread") {
      s.swapped_spread = read_column<double>(reader, *item);
    }
  }
  require_item(reader, found, "similarity");
  check(reader, s);
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
