#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-dedup/judge_command.hpp"
#include "relsim-dedup/rewrite_command.hpp"
#include "terse/formats/artifact/artifact.hpp"
#include "terse/relsim/merging/merged_relations.hpp"

namespace terse::tools::relsim_dedup {

/// Where merged relations go.
struct ClustersOutput {
  std::string artifact;    ///< clusters artifact; empty: nowhere
  std::string ranking;     ///< similarity artifact of the distances that were merged by; empty: nowhere
  std::string dendrogram;  ///< SVG of the merges; empty: nowhere
  // Old spellings: print rewritten triples or scores in place of the table.
  RewriteOptions rewrite;
  JudgeOptions judge;

  bool prints(const SharedOptions& shared) const;
};

void define_clusters_output(CLI::App& command, SharedOptions& shared, ClustersOutput& output);

/// --triples and --gold with what goes with them, which the commands rewrite and judge have taken over.
void define_old_output(CLI::App& command, ClustersOutput& output);

/// The artifacts, open before the work begins so that what cannot be written is known at once.
struct ClustersSinks {
  std::unique_ptr<core::ByteSink> artifact, ranking;
};

/// @throws Error::Usage where inputs and outputs get into each other's way
ClustersSinks open_outputs(const SharedOptions& shared, const ClustersOutput& output, const std::string& similarity,
                           const std::string& facts);

/// The header of artifacts made from one that has this seed and digest.
formats::Header header_of(const SharedOptions& shared, std::uint64_t seed, const std::string& digest);

/// Says how many clusters there are, and writes and prints them as asked.
void write_clusters_output(const SharedOptions& shared, const ClustersOutput& output, ClustersSinks sinks,
                           const formats::Header& header, const relsim::MergedRelations& merged);

}  // namespace terse::tools::relsim_dedup
