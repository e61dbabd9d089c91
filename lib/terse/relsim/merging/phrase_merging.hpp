#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "terse/relsim/kb/stored_facts.hpp"
#include "terse/relsim/merging/merged_relations.hpp"

namespace terse::relsim {

/// How phrases of Open IE are grouped by kind.
struct PhraseMerging {
  Linkage linkage = Linkage::Average;  ///< only Average can be computed
  /// Largest 1 - share of groupings, or with one grouping 1 - likeness; unset: half of the groupings, or the likeness
  /// of two phrases taken at random.
  std::optional<double> threshold = {};
  std::optional<std::int64_t> count = {};     ///< stop at so many clusters, whatever the likeness
  std::optional<double> false_merges = {};    ///< the largest chance of being wrong that a merge may have; unset: any
  std::optional<std::size_t> groupings = {};  ///< how many vote; unset: 16, or 1 beyond 20,000 phrases
  bool merge_negated = false;                 ///< let phrases that deny be merged with those that do not
  bool merge_thin = false;
  bool turn_passive = true;  ///< let passive phrases be turned round
  bool rank = false;         ///< fill MergedRelations::ranking's distances, O(R²) memory
};

/// What the confidence of a merge of phrases is.
enum class PhraseConfidence {
  Chance,  ///< to be right, learnt without labels (phrase_chances.hpp)
  ShareOfGroupings,
  Likeness,
};

/// Why a confidence is no chance.
inline constexpr std::string_view kNoChances =
    "too few phrases are the same but for adverbs, auxiliaries and articles, and about the same heads, to learn "
    "chances from";

struct MergedPhrases : MergedRelations {
  PhraseConfidence confidence = PhraseConfidence::Chance;
};

/// Names and counts of the relations that facts are of, with no distances: what merge_phrases() needs of a similarity.
formats::Similarity relations_of(const StoredFacts& facts);

/// Groups phrases that are alike in their words and arguments: what most of several groupings have together, or a
/// single grouping as long as groups are more alike than two phrases taken at random. Each merge's reason are the parts
/// of the likeness of what it joins, largest first, in percent of it.
/// @param relations  names, counts and thin relations; its distances are not looked at
/// @throws Error::BadInput where the facts are of other relations, or false_merges is given and chances cannot be
///         learnt; Error::Usage for another linkage, or a number of clusters that cannot be reached
MergedPhrases merge_phrases(const formats::Similarity& relations, const StoredFacts& facts,
                            const PhraseMerging& options = {});

}  // namespace terse::relsim
