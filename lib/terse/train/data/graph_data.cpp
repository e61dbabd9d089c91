#include <charconv>
#include <filesystem>
#include <functional>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/core/tsv_reader.hpp"
#include "terse/train/data/digest.hpp"
#include "terse/train/data/readers.hpp"
#include "terse/train/data/tensor_data_set.hpp"

namespace terse::train {

namespace {

using Fields = std::vector<std::string_view>;

template <class Number>
Number parse(const core::TsvReader& reader, std::string_view text, const char* what) {
  Number value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || !(value >= 0)) {
    throw reader.error("'" + std::string(text) + "' is no " + what);
  }
  return value;
}

std::int64_t parse_node(const core::TsvReader& reader, std::string_view text, std::int64_t nodes) {
  const auto node = parse<std::int64_t>(reader, text, "node number");
  if (node >= nodes) throw reader.error("node " + std::string(text) + " has no features");
  return node;
}

void each_record(const std::string& folder, const char* name, ContentDigest& digest,
                 const std::function<void(const core::TsvReader&, const Fields&)>& use) {
  core::TsvReader reader(core::open_source((std::filesystem::path(folder) / name).string()));
  Fields fields;
  while (reader.next(fields)) {
    for (const auto field : fields) digest.add(field);
    use(reader, fields);
  }
}

void expect_two(const core::TsvReader& reader, const Fields& fields) {
  if (fields.size() != 2) throw reader.error("expected 2 fields, found " + std::to_string(fields.size()));
}

/// Features [v, f] with rows of sum 1.
at::Tensor read_features(const std::string& folder, ContentDigest& digest) {
  struct Entry {
    std::int64_t node, feature;
    float value;
  };
  std::vector<Entry> entries;
  std::int64_t nodes = 0, features = 0;
  each_record(folder, "features.tsv", digest, [&](const core::TsvReader& reader, const Fields& fields) {
    if (parse<std::int64_t>(reader, fields[0], "node number") != nodes) {
      throw reader.error("expected node " + std::to_string(nodes) + ": nodes are numbered from 0 in order");
    }
    for (std::size_t i = 1; i < fields.size(); ++i) {
      const auto colon = fields[i].find(':');
      if (colon == std::string_view::npos) throw reader.error("'" + std::string(fields[i]) + "' is no index:value");
      const auto feature = parse<std::int64_t>(reader, fields[i].substr(0, colon), "feature number");
      if (feature >= 1 << 24) throw reader.error("feature number " + std::to_string(feature) + " is too large");
      entries.push_back({nodes, feature, parse<float>(reader, fields[i].substr(colon + 1), "feature value")});
      features = std::max(features, feature + 1);
    }
    ++nodes;
  });
  if (features == 0) throw Error(Error::BadInput, folder + "/features.tsv: no features");
  // A row is as long as the largest number in any of them.
  constexpr std::uint64_t kBytesOfEntry = 4;  // of text: a tab, a digit, a colon and a digit at least
  const auto dense = core::checked_multiply(sizeof(float) * static_cast<std::uint64_t>(features),
                                            static_cast<std::uint64_t>(nodes), folder + "/features.tsv");
  core::require_within_limit(dense, kBytesOfEntry * entries.size(), folder + "/features.tsv: a table of its features");
  const auto x = at::zeros({nodes, features});
  auto* const values = x.mutable_data_ptr<float>();
  for (const auto& entry : entries) values[entry.node * features + entry.feature] = entry.value;
  return x / x.sum(1, true).clamp_min(1e-12);
}

/// Edges [2, e], both directions of each.
at::Tensor read_edges(const std::string& folder, std::int64_t nodes, ContentDigest& digest) {
  std::vector<std::int64_t> from, to;
  each_record(folder, "edges.tsv", digest, [&](const core::TsvReader& reader, const Fields& fields) {
    expect_two(reader, fields);
    const auto a = parse_node(reader, fields[0], nodes), b = parse_node(reader, fields[1], nodes);
    if (a == b) return;  // a model adds the node itself where it wants it
    for (const auto& [source, target] : {std::pair(a, b), std::pair(b, a)}) {
      from.push_back(source);
      to.push_back(target);
    }
  });
  return at::stack({at::tensor(from, at::kLong), at::tensor(to, at::kLong)});
}

class GraphDataSet : public DataSet {
 public:
  GraphDataSet(at::Tensor features, at::Tensor edges, at::Tensor labels)
      : batch_{{std::move(features), std::move(edges)}, std::move(labels)} {}
  std::int64_t size() const override { return 1; }
  Batch batch(std::span<const std::int64_t>) const override { return batch_; }

 private:
  Batch batch_;
};

}  // namespace

Data read_graph(SpecReader& spec, const std::string& folder) {
  const auto evaluate = spec.choice("evaluate", "test", {"test", "valid"});
  spec.finish(/*takes_argument=*/true);
  ContentDigest digest;
  const auto features = read_features(folder, digest);
  const auto nodes = features.size(0);
  const auto edges = read_edges(folder, nodes, digest);

  std::vector<std::int64_t> labels(static_cast<std::size_t>(nodes), -1);
  each_record(folder, "labels.tsv", digest, [&](const core::TsvReader& reader, const Fields& fields) {
    expect_two(reader, fields);
    labels[parse_node(reader, fields[0], nodes)] = parse<std::int64_t>(reader, fields[1], "label");
  });
  std::vector<std::int64_t> train(labels.size(), kIgnoredLabel), evaluation = train;
  each_record(folder, "splits.tsv", digest, [&](const core::TsvReader& reader, const Fields& fields) {
    expect_two(reader, fields);
    const auto node = parse_node(reader, fields[0], nodes);
    if (labels[node] < 0) throw reader.error("node " + std::string(fields[0]) + " has no label");
    if (fields[1] == "train") train[node] = labels[node];
    if (fields[1] == evaluate) evaluation[node] = labels[node];
  });
  if (std::all_of(train.begin(), train.end(), [](auto label) { return label == kIgnoredLabel; })) {
    throw Error(Error::BadInput, folder + "/splits.tsv: no node to train on");
  }
  Data data;
  data.shape = {.kind = DataShape::Kind::Graph,
                .classes = *std::max_element(labels.begin(), labels.end()) + 1,
                .extents = {features.size(1)}};
  if (data.shape.classes < 2) throw Error(Error::BadInput, folder + "/labels.tsv: fewer than two classes");
  data.digest = digest.finish();
  data.train = std::make_unique<GraphDataSet>(features, edges, at::tensor(train, at::kLong));
  if (std::any_of(evaluation.begin(), evaluation.end(), [](auto label) { return label != kIgnoredLabel; })) {
    data.evaluation = std::make_unique<GraphDataSet>(features, edges, at::tensor(evaluation, at::kLong));
  }
  return data;
}

}  // namespace terse::train
