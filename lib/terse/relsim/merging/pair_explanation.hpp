#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "terse/relsim/evidence/explain.hpp"
#include "terse/relsim/merging/evidence_merging.hpp"

namespace terse::relsim {

/// What merge_by_evidence() would do with two relations, and why.
enum class PairVerdict {
  Merged,           ///< unless what else they are merged with speaks against it
  TooFewFacts,      ///< one has too few facts, and EvidenceMerging::merge_thin is not set
  IntervalTooWide,  ///< the chance would suffice if divergences were exactly as estimated
  OthersAsClose,    ///< it would suffice by the facts alone, but the model has too many other relations as close
  Unlikely,
};

struct PairExplanation {
  std::int32_t a = 0, b = 0;
  bool swapped = false;  ///< compared with heads and tails of b swapped; always where a = b
  PairVerdict verdict = PairVerdict::Unlikely;
  double log_odds = 0;             ///< that they say the same
  double chance = 0;               ///< the same as a chance
  double chance_as_estimated = 0;  ///< were divergences exactly as estimated
  double chance_by_facts = 0;      ///< were there no divergences
  double needed = 0;               ///< the chance from which on they are merged
  std::vector<std::int32_t> thin;  ///< which of the two have too few facts

  /// What one kind of evidence says, in one orientation.
  struct Part {
    std::string name;
    bool swapped = false;
    std::optional<double> log_ratio;  ///< none: no limit
  };
  std::vector<Part> parts;
  FactComparison facts;
};

/// @param evidence  weigh_stored_facts(similarity, facts)
/// @param a, b      names of relations
/// @throws Error::Usage for a name that the similarity does not have
PairExplanation explain_pair(const Evidence& evidence, const formats::Similarity& similarity, const StoredFacts& facts,
                             std::string_view a, std::string_view b, const EvidenceMerging& options);

}  // namespace terse::relsim
