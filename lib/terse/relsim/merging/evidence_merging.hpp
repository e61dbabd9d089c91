#pragma once

#include <cstdint>
#include <optional>

#include "terse/relsim/evidence/evidence.hpp"
#include "terse/relsim/kb/stored_facts.hpp"
#include "terse/relsim/merging/merged_relations.hpp"

namespace terse::relsim {

/// How relations are merged by the evidence in their facts.
struct EvidenceMerging {
  Linkage linkage = Linkage::Average;
  double false_merges = 0.05;              ///< the largest chance of being wrong that a merge may have
  std::optional<double> threshold = {};    ///< in place of false_merges: the largest -log(chance to be right)
  std::optional<std::int64_t> count = {};  ///< stop at so many clusters, whatever the chance
  bool merge_thin = false;
  bool names = false;    ///< relations' names are phrases that mean something: count them as evidence
  bool inverses = true;  ///< compare relations with heads and tails swapped, too

  /// The largest -log(chance to be right) at which two relations are merged.
  double merge_threshold() const;
};

/// @throws Error::BadInput where the facts are not those that the similarity was computed from
void require_facts_of(const formats::Similarity& similarity, const StoredFacts& facts);

/// What the facts say of the relations. Divergences of a trained model limit it (EvidenceOptions::divergences); those
/// of counts tell nothing that the facts do not.
/// @throws Error::BadInput where the facts are not the similarity's
Evidence weigh_stored_facts(const formats::Similarity& similarity, const StoredFacts& facts, bool names = false);

/// Merges relations by the chance that they say the same. Each merge's reason are the parts of the evidence that speak
/// for it, strongest first, averaged over the members that it joins.
/// @throws Error::BadInput where the facts are not the similarity's, Error::Usage for a number of clusters that cannot
///         be reached
MergedRelations merge_by_evidence(const formats::Similarity& similarity, const StoredFacts& facts,
                                  const EvidenceMerging& options = {});

}  // namespace terse::relsim
