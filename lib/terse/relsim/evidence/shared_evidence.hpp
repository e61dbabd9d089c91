#pragma once

#include <span>
#include <vector>

#include "terse/relsim/evidence/contrast.hpp"
#include "terse/relsim/evidence/shared_facts.hpp"

namespace terse::relsim {

/// What sharing facts says of pairs, and how usual it is.
struct SharedEvidence {
  EvidencePart part;
  double usual = 0;  ///< mean share of the larger relation's facts that both state, over pairs that say the same
};

/// What sharing facts says of pairs of relations: of two that say the same a certain share of the facts is stated by
/// both, and hardly any of others. How large these shares are depends on the knowledge base (one that states each fact
/// once shares none, one that copied two sources nearly all), so both distributions are learnt from its pairs: mixtures
/// over shares of the larger relation's facts, from none beyond chance to nearly all, of Poisson counts; by expectation
/// maximisation, from flat beginnings worth a few pairs.
/// @param pairs  those that share any
/// @param facts  [R] facts of each relation
/// @param same   [R, R] each: the chance that each pair says the same, as far as known; the rest are the others
SharedEvidence weigh_shared_facts(std::span<const SharedFacts> pairs, std::span<const double> facts,
                                  const std::vector<float> (&same)[2]);

}  // namespace terse::relsim
