#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"

namespace terse::tools {

/// Command line of relsim-dedup.
struct DedupOptions {
  SharedOptions shared;
  std::string similarity;  ///< a similarity artifact
  std::string artifact;    ///< where the clusters artifact goes; empty: nowhere
  std::string linkage = "average";
  std::optional<double> threshold;  ///< unset: 0.5, or with `automatic` by false_merges
  std::optional<std::int64_t> count;
  bool merge_thin = false;
  bool cautious = false;             ///< take divergences at the upper ends of their intervals
  bool no_inverse = false;           ///< compare relations as they stand only
  std::string dendrogram;            ///< where an SVG of the merges goes; empty: nowhere
  std::vector<std::string> triples;  ///< inputs to rewrite, as relsim::read_input takes them; empty: print clusters
  bool keep_repeated = false;
  std::string facts;                   ///< a facts artifact, for automatic merging; empty: none
  bool automatic = false;              ///< weigh the facts' evidence and choose the threshold by it
  std::optional<double> false_merges;  ///< with `automatic`: chance of being wrong that a merge may have; unset: 0.05,
                                       ///< or with `phrases` any
  bool names = false;                  ///< relations' names are phrases: count them as evidence
  bool phrases = false;                ///< with `automatic`: relations are phrases of Open IE, to be grouped by kind
  std::optional<std::size_t> groupings;  ///< with `phrases`: so many that are to agree; unset: by the number of phrases
  bool merge_negated = false;            ///< with `phrases`: let what denies be merged with what does not
  std::vector<std::string> explain;      ///< two relations to tell about; empty: none
  std::size_t top = 5;                   ///< facts shown of each kind
  std::string curve;                     ///< with `gold`: where the ranking's precision and recall go; empty: nowhere
  std::string reliability;  ///< with `gold`: where the shares of right merges by confidence go; empty: nowhere
  std::string gold;         ///< classes of relations to judge the clusters by; empty: do not
};

void define(CLI::App& app, DedupOptions& options);

/// Clusters relations; prints relation → cluster or rewritten triples, and writes the artifact, as asked.
int run(const DedupOptions& options);

}  // namespace terse::tools
