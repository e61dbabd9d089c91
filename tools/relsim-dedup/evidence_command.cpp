#include "relsim-dedup/evidence_command.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "relsim-dedup/merging_options.hpp"

namespace terse::tools::relsim_dedup {

void define_evidence(CLI::App& command, SharedOptions& shared, EvidenceOptions& options) {
  add_examples(command, {"relsim-dedup evidence kb.similarity --facts kb.facts",
                         "relsim-dedup evidence kb.similarity --facts kb.facts --false-merges 0.01"});
  add_input(command, "similarity", options.similarity, "A similarity artifact of `relsim-score similarity -o`");
  add_facts(command, options.facts);
  add_heading(command, "Merging");
  auto& merging = options.merging;
  add_linkage(command, options.linkage);
  add_evidence(command, merging);
  add_count(command, merging.count);
  add_merge_thin(command, merging.merge_thin);
  add_no_inverse(command, merging.inverses);
  define_clusters_output(command, shared, options.output);
  define_old_output(command, options.output);
}

int run_evidence(const SharedOptions& shared, const EvidenceOptions& options) {
  auto sinks = open_outputs(shared, options.output, options.similarity, options.facts);
  const auto similarity = formats::read_similarity(core::open_source(options.similarity));
  auto merging = options.merging;
  merging.linkage = relsim::linkage_called(options.linkage);
  const auto merged = relsim::merge_by_evidence(similarity.content, relsim::read_stored_facts(options.facts), merging);
  write_clusters_output(shared, options.output, std::move(sinks),
                        header_of(shared, similarity.header.seed, similarity.digest), merged);
  return 0;
}

}  // namespace terse::tools::relsim_dedup
