#pragma once

#include "relsim-dedup/dedup.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/evidence/evidence.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::tools {

/// Facts, as their artifact holds them.
struct LoadedFacts {
  std::string digest;
  std::uint64_t seed = 0;
  formats::Facts facts;
  std::vector<relsim::Triple> triples;
};

/// Reads options.facts. @throws Error::BadInput where there are none
LoadedFacts load_facts(const DedupOptions& options);

/// The facts that a similarity was computed from. @throws Error::BadInput where options.facts are not these
LoadedFacts load_facts(const formats::Similarity& similarity, const DedupOptions& options);

/// Facts with what they say of the relations.
struct WeighedFacts : LoadedFacts {
  relsim::Evidence evidence;
};

/// Reads options.facts and weighs them. @throws Error::BadInput where they are not the similarity's facts
WeighedFacts weigh_facts(const formats::Similarity& similarity, const DedupOptions& options);

/// Words each merge's reason: the parts of the evidence that speak for it, strongest first, averaged over the members
/// that it joins.
void give_reasons(formats::Clusters& clusters, const relsim::Evidence& evidence);

/// Prints what the evidence says of two relations, whether they would be merged, and the facts that they share and do
/// not share.
/// @param threshold  largest -log(chance) at which two relations are merged
void explain(const WeighedFacts& weighed, const formats::Similarity& similarity, double threshold,
             const DedupOptions& options);

}  // namespace terse::tools
