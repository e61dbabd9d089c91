#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/kinds/clusters.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/phrases/phrase_kinds.hpp"

namespace terse::relsim {

/// The chance that what each merge of phrases joins says the same, learnt without labels from how often their facts are
/// about the same head: a fact of one phrase and a fact of another have the same head more often where these say the
/// same. How often then is seen from phrases that are the same but for adverbs, auxiliaries and articles, and how often
/// by chance, from all pairs; a merge lies between the two, and its chance is where. Merges of a lower height are at
/// least as sure, so that their rates are made to fall (isotonic regression, each merge as heavy as the pairs that it
/// joins).
///
/// No guarantee: heads are part of what phrases are grouped by, which raises the chances, and phrases in the same words
/// have more heads in common than others that say the same, which lowers them.
/// @param alone   [R] phrases that take no part, or empty
/// @param merges  as cluster_phrases() numbers them
/// @return        of each merge, 0 to kSurest; empty where phrases in the same words are too few, or have no more heads
///                in common than others
/// O(facts) memory. Source of the regression: pool adjacent violators (Ayer et al., Ann. Math. Stat. 1955).
std::vector<double> chances_of_merges(std::span<const Triple> triples, const std::vector<std::string>& phrases,
                                      const PhraseKinds& kinds, const std::vector<std::uint8_t>& alone,
                                      const std::vector<formats::Merge>& merges);

/// No merge is surer: of those that are as sure as can be, one in five was wrong on labelled phrases.
inline constexpr double kSurest = 0.9;

}  // namespace terse::relsim
