#include "relsim-dedup/cluster_command.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "common/messages.hpp"
#include "relsim-dedup/merging_options.hpp"
#include "terse/relsim/ranking/upper_bound.hpp"

namespace terse::tools::relsim_dedup {

void define_cluster(CLI::App& command, SharedOptions& shared, ClusterOptions& options) {
  add_examples(command, {"relsim-dedup cluster kb.similarity --threshold 1.2",
                         "relsim-dedup kb.similarity --count 20 --dendrogram tree.svg -o kb.clusters"});
  add_input(command, "similarity", options.similarity, "A similarity artifact of `relsim-score similarity -o`");
  add_heading(command, "Merging");
  auto& merging = options.merging;
  add_linkage(command, options.linkage);
  command.add_option("--threshold", merging.clustering.threshold, "Merge groups up to this divergence")
      ->type_name("NATS");
  add_count(command, merging.clustering.count);
  add_merge_thin(command, merging.clustering.merge_thin);
  command.add_flag("--cautious", merging.upper_bounds,
                   "Take each divergence at the upper bound of its 95 % interval, where the similarity has intervals: "
                   "what merges would do so wherever in the interval the divergence is");
  add_no_inverse(command, merging.inverses);
  define_clusters_output(command, shared, options.output);
  define_old_output(command, options.output);
}

int run_cluster(const SharedOptions& shared, const ClusterOptions& options) {
  auto sinks = open_outputs(shared, options.output, options.similarity, "");
  auto similarity = formats::read_similarity(core::open_source(options.similarity));
  if (options.merging.upper_bounds && !relsim::has_intervals(similarity.content)) {
    say_note("the similarity has no intervals: it is exact, and of one model");
  }
  auto merging = options.merging;
  merging.clustering.linkage = relsim::linkage_called(options.linkage);
  const auto header = header_of(shared, similarity.header.seed, similarity.digest);
  const auto merged = relsim::merge_by_divergence(std::move(similarity.content), merging);
  write_clusters_output(shared, options.output, std::move(sinks), header, merged);
  return 0;
}

}  // namespace terse::tools::relsim_dedup
