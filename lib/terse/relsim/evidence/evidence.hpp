#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/evidence/contrast.hpp"
#include "terse/relsim/evidence/divergence_limit.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// The cap on the log odds that two relations say the same: by the upper bound of their divergence's 95 % interval, by
/// its estimate, or none.
enum class LimitedBy { UpperBound, Estimate, Nothing };

/// Whether pairs of relations say the same, from their facts, without labels.
struct Evidence {
  std::size_t relations = 0;
  /// "shared facts", "argument types", "neighbourhoods", "heads", "tails", then "argument names" where entities' names
  /// are known, which speaks only against pairs, and "names" if asked for
  std::vector<EvidencePart> parts;
  double prior_log_odds = 0;  ///< of a pair that nothing is known of
  /// [R, R] each: what the differences seen in the views take off, less what facts that both state add, so that of two
  /// pairs that both are as good as certain the closer one is the surer.
  std::vector<float> distance[2];
  /// What the divergences of a fact model allow; empty without them.
  DivergenceLimit limit = {};

  /// Log odds that a and b say the same: the sum of the parts and the prior, at most kMostCertain, less the distance,
  /// and at most what `limited` allows. No guaranteed rate of errors: the parts look at the same facts and are not
  /// independent, and relations that are related without saying the same may look alike in all of them.
  double log_odds(std::size_t a, std::size_t b, bool swapped, LimitedBy limited = LimitedBy::UpperBound) const;
};

/// Log odds beyond which more evidence of the same kind makes nothing surer: 1 in 400 is wrong.
inline constexpr double kMostCertain = 6;

struct EvidenceOptions {
  bool names = false;                              ///< relations' names are phrases that mean something
  std::span<const std::string> entity_names = {};  ///< [E], or empty: not known
  /// Divergences of these relations by a model that does not merely count the facts: an upper limit of what the facts
  /// tell, of which the upper bounds of intervals count. Null: none.
  const formats::Similarity* divergences = nullptr;
};

/// Weighs the facts. A view that cannot tell relations apart, because there are too few facts or entities are too much
/// alike, yields nothing. Beforehand a relation is expected to have one other that says the same, so that in a large
/// knowledge base each pair has to bring more evidence. The same bytes for any number of threads. O(R²) memory.
/// @param triples    distinct facts
/// @param relations  names, [R]
Evidence weigh_evidence(std::span<const Triple> triples, std::int32_t entities,
                        const std::vector<std::string>& relations, const EvidenceOptions& options = {});

/// The evidence as a similarity: the "divergence" of two relations is -log P(they say the same), so that
/// exp(-divergence) is that probability. Names, counts and thin relations are those of `original`.
formats::Similarity to_similarity(const Evidence& evidence, const formats::Similarity& original,
                                  LimitedBy limited = LimitedBy::UpperBound);

}  // namespace terse::relsim
