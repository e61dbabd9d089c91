#include "relsim-dedup/clusters_output.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/streams.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/linkage/dendrogram.hpp"

namespace terse::tools::relsim_dedup {
namespace {

using relsim::ExclusionReason;

void say_excluded(const relsim::MergedRelations& merged, ExclusionReason why, const std::string& words) {
  const auto count = static_cast<std::uint64_t>(std::ranges::count(merged.excluded, why));
  if (count == 0) return;
  say_note(plural(count, "relation", "relations") + " left alone for " + words);
  std::string names;
  for (std::size_t r = 0; r < merged.excluded.size(); ++r) {
    if (merged.excluded[r] == why) names += (names.empty() ? "" : ", ") + merged.clusters.relations[r];
  }
  say_detail("left alone: " + names);
}

void say_clusters(const relsim::MergedRelations& merged) {
  const auto count = merged.clusters.representatives.size();
  const auto& as_estimated = merged.clusters_as_estimated;
  say_note(plural(merged.clusters.relations.size(), "relation in ", "relations in ") +
           plural(count, "cluster", "clusters") +
           (as_estimated && *as_estimated != count
                ? ", " + std::to_string(*as_estimated) + " if divergences were exactly as estimated"
                : ""));
  say_excluded(merged, ExclusionReason::TooFewFacts, "having too few facts");
  say_excluded(merged, ExclusionReason::IntervalTooWide, "intervals that are too wide");
}

void print_clusters(const SharedOptions& shared, const relsim::MergedRelations& merged) {
  const auto& clusters = merged.clusters;
  // The merge that brought each relation into its cluster.
  std::vector<const formats::Merge*> entered(clusters.relations.size());
  for (const auto& merge : clusters.merges) {
    for (const auto node : {merge.a, merge.b}) {
      if (static_cast<std::size_t>(node) < entered.size()) entered[static_cast<std::size_t>(node)] = &merge;
    }
  }
  std::vector<std::int64_t> sizes(clusters.representatives.size());
  for (const auto cluster : clusters.cluster) ++sizes[static_cast<std::size_t>(cluster)];
  std::vector<std::size_t> order(clusters.relations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t r) { return clusters.cluster[r]; });
  const auto reason = [&](std::size_t r) {
    if (entered[r]) return core::Cell(entered[r]->reason);
    const auto why = merged.excluded[r];
    return why == ExclusionReason::None ? core::Cell() : core::Cell(std::string(to_string(why)));
  };
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"relation"},
                           {"cluster"},
                           {"size"},
                           {"representative"},
                           {"orientation"},
                           {"facts"},
                           {"confidence", 3},
                           {"reason"}});
  for (const auto r : order) {
    const auto cluster = static_cast<std::size_t>(clusters.cluster[r]);
    table.row({clusters.relations[r], static_cast<std::int64_t>(cluster), sizes[cluster],
               clusters.relations[static_cast<std::size_t>(clusters.representatives[cluster])],
               std::string(clusters.swapped[r] ? "inverse" : "same"), merged.ranking.counts[r],
               entered[r] ? core::Cell(entered[r]->confidence) : core::Cell(), reason(r)});
  }
  table.finish();
  sink->finish();
}

}  // namespace

bool ClustersOutput::prints(const SharedOptions& shared) const {
  return artifact.empty() || shared.json || !rewrite.triples.empty() || !judge.gold.empty();
}

void define_clusters_output(CLI::App& command, SharedOptions& shared, ClustersOutput& output) {
  add_heading(command, kOutputGroup);
  add_file(command, "-o,--output", output.artifact,
           "Write a clusters artifact to FILE, - is standard output; the table is then printed only with --json");
  add_json(command, shared);
  add_file(command, "--ranking", output.ranking,
           "Write the distances that pairs were merged by to FILE, as a similarity artifact");
  add_file(command, "--dendrogram", output.dendrogram, "Draw the merges as a tree to FILE, in SVG");
}

void define_old_output(CLI::App& command, ClustersOutput& output) {
  add_heading(command, kHiddenGroup);
  auto* triples = command.add_option("--triples", output.rewrite.triples)->type_name("FILE")->allow_extra_args(false);
  auto* gold = add_file(command, "--gold", output.judge.gold, "")->excludes(triples);
  add_file(command, "--curve", output.judge.curve, "")->needs(gold);
  add_file(command, "--reliability", output.judge.reliability, "")->needs(gold);
  command.add_flag("--keep-repeated", output.rewrite.keep_repeated)->needs(triples);
}

ClustersSinks open_outputs(const SharedOptions& shared, const ClustersOutput& output, const std::string& similarity,
                           const std::string& facts) {
  std::vector<NamedFile> inputs{{"the similarity", similarity}, {"--facts", facts}, {"--gold", output.judge.gold}};
  for (const auto& input : output.rewrite.triples) inputs.push_back({"--triples", input});
  require_separate(inputs, {{"the table", output.prints(shared) ? "-" : ""},
                            {"-o", output.artifact},
                            {"--ranking", output.ranking},
                            {"--dendrogram", output.dendrogram},
                            {"--curve", output.judge.curve},
                            {"--reliability", output.judge.reliability}});
  const auto open = [](const std::string& path) {
    return path.empty() ? nullptr : core::open_sink(path, core::Content::Binary);
  };
  return {open(output.artifact), open(output.ranking)};
}

formats::Header header_of(const SharedOptions& shared, std::uint64_t seed, const std::string& digest) {
  formats::Header header;
  header.producer = shared.producer;
  header.arguments = shared.arguments;
  header.seed = seed;
  header.parents = {digest};
  return header;
}

void write_clusters_output(const SharedOptions& shared, const ClustersOutput& output, ClustersSinks sinks,
                           const formats::Header& header, const relsim::MergedRelations& merged) {
  say_clusters(merged);
  if (sinks.artifact) {
    write_clusters(*sinks.artifact, header, merged.clusters);
    sinks.artifact->finish();
  }
  if (sinks.ranking) {
    write_similarity(*sinks.ranking, header, merged.ranking);
    sinks.ranking->finish();
  }
  if (!output.dendrogram.empty()) {
    const auto picture = core::open_sink(output.dendrogram, core::Content::Text);
    core::write_text(*picture, relsim::draw_dendrogram(merged.clusters));
    picture->finish();
  }
  if (!output.judge.gold.empty()) {
    judge_clusters(shared, merged.clusters, &merged.ranking, output.judge);
  } else if (!output.rewrite.triples.empty()) {
    rewrite_triples(merged.clusters, output.rewrite);
  } else if (output.prints(shared)) {
    print_clusters(shared, merged);
  }
}

}  // namespace terse::tools::relsim_dedup
