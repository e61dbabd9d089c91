#include "terse/formats/kinds/clusters.hpp"

#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

bool in_range(std::int32_t id, std::size_t count) { return id >= 0 && static_cast<std::size_t>(id) < count; }

void check_partition(const ArtifactReader& reader, const Clusters& c) {
  const std::size_t relations = c.relations.size(), clusters = c.representatives.size();
  require_length(reader, "cluster", c.cluster, relations);
  require_length(reader, "swapped", c.swapped, relations);
  for (const std::int32_t id : c.cluster)
    if (!in_range(id, clusters)) refuse_item(reader, "cluster", "holds an id out of range");
  for (std::size_t id = 0; id < clusters; ++id) {
    const std::int32_t relation = c.representatives[id];
    if (!in_range(relation, relations)) refuse_item(reader, "representatives", "holds an id out of range");
    const auto place = static_cast<std::size_t>(relation);
    if (c.cluster[place] != static_cast<std::int32_t>(id) || c.swapped[place] != 0)
      refuse_item(reader, "representatives",
                  "names relation " + std::to_string(relation) + " for a cluster that it does not belong to as it is");
  }
}

/// The merges as one column a field.
struct MergeColumns {
  std::vector<std::int32_t> nodes;
  std::vector<double> heights, confidences;
  std::vector<std::uint8_t> swapped;
  std::vector<std::string> reasons;
};

void write_merges(ArtifactWriter& writer, const std::vector<Merge>& merges) {
  MergeColumns columns;
  for (const Merge& merge : merges) {
    columns.nodes.insert(columns.nodes.end(), {merge.a, merge.b});
    columns.heights.push_back(merge.height);
    columns.confidences.push_back(merge.confidence);
    columns.swapped.push_back(merge.swapped ? 1 : 0);
    columns.reasons.push_back(merge.reason);
  }
  const auto count = static_cast<std::int64_t>(merges.size());
  write_column(writer, "merges/nodes", columns.nodes, {count, 2});
  write_column(writer, "merges/height", columns.heights, {count});
  write_column(writer, "merges/confidence", columns.confidences, {count});
  write_column(writer, "merges/swapped", columns.swapped, {count});
  writer.strings("merges/reason", columns.reasons);
}

void assemble_merges(const ArtifactReader& reader, MergeColumns& columns, Clusters& c) {
  const std::size_t count = columns.heights.size();
  require_length(reader, "merges/nodes", columns.nodes, 2 * count);
  require_length(reader, "merges/confidence", columns.confidences, count);
  require_length(reader, "merges/swapped", columns.swapped, count);
  require_length(reader, "merges/reason", columns.reasons, count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::int32_t a = columns.nodes[2 * k], b = columns.nodes[2 * k + 1];
    const std::size_t nodes = c.relations.size() + k;  // the leaves and what earlier merges made
    if (!in_range(a, nodes) || !in_range(b, nodes) || a >= b)
      refuse_item(reader, "merges/nodes", "row " + std::to_string(k) + " joins nodes that are not there");
    c.merges.push_back(
        {a, b, columns.heights[k], columns.confidences[k], columns.swapped[k] != 0, std::move(columns.reasons[k])});
  }
}

}  // namespace

std::string write_clusters(core::ByteSink& sink, Header header, const Clusters& c) {
  ArtifactWriter writer(sink, header_for(Kind::Clusters, std::move(header)));
  writer.document("clusters", Value::Map{{"linkage", c.linkage}, {"threshold", c.threshold}});
  writer.strings("relations", c.relations);
  write_column(writer, "cluster", c.cluster, {static_cast<std::int64_t>(c.cluster.size())});
  write_column(writer, "swapped", c.swapped, {static_cast<std::int64_t>(c.swapped.size())});
  write_column(writer, "representatives", c.representatives, {static_cast<std::int64_t>(c.representatives.size())});
  write_merges(writer, c.merges);
  return writer.finish();
}

Loaded<Clusters> read_clusters(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Clusters> loaded{reader.expect(Kind::Clusters), {}, {}};
  Clusters& c = loaded.content;
  MergeColumns merges;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "clusters") {
      const Document document(reader, *item);
      c.linkage = document.text("linkage");
      c.threshold = document.number("threshold");
      found = true;
    } else if (item->name == "relations") {
      c.relations = read_strings(reader, *item);
    } else if (item->name == "cluster") {
      c.cluster = read_column<std::int32_t>(reader, *item);
    } else if (item->name == "swapped") {
      c.swapped = read_column<std::uint8_t>(reader, *item);
    } else if (item->name == "representatives") {
      c.representatives = read_column<std::int32_t>(reader, *item);
    } else if (item->name == "merges/nodes") {
      merges.nodes = read_column<std::int32_t>(reader, *item);
    } else if (item->name == "merges/height") {
      merges.heights = read_column<double>(reader, *item);
    } else if (item->name == "merges/confidence") {
      merges.confidences = read_column<double>(reader, *item);
    } else if (item->name == "merges/swapped") {
      merges.swapped = read_column<std::uint8_t>(reader, *item);
    } else if (item->name == "merges/reason") {
      merges.reasons = read_strings(reader, *item);
    }
  }
  require_item(reader, found, "clusters");
  check_partition(reader, c);
  assemble_merges(reader, merges, c);
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
