#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/phrases/phrase_kinds.hpp"
#include "terse/relsim/phrases/phrase_linkage.hpp"

namespace terse::relsim {

/// How alike phrases are as several groupings have it. Nobody can tell without labels how much of the
/// likeness what phrases are made of should be and how much the kinds of their tails, and one grouping hangs
/// on that: a single merge of two large groups decides it. So phrases are grouped at `groupings` shares that
/// are spread evenly over 0 to 1, each time as long as groups are more alike than two phrases at random. The
/// likeness of two phrases then is the share of these groupings that have them together; the likeness at
/// equal shares counts as one grouping more, so that where groupings agree the more alike ones come first.
/// @param counts, thin  as cluster_phrases() takes them
/// Source of the idea: evidence accumulation (Fred & Jain, IEEE PAMI 2005).
PhraseKinds agreed_kinds(const PhraseKinds& kinds, const std::vector<std::string>& phrases,
                         const std::vector<std::int64_t>& counts, const std::vector<std::uint8_t>& thin,
                         bool merge_thin, std::size_t groupings);

/// 1 - likeness up to which phrases are merged that several groupings have together: as the most of them have
/// it.
inline constexpr double kMostAgree = 0.5;

/// Of each merge, what each part of `kinds` adds to the mean likeness of the members that it joins.
/// @param merges  of phrases, as cluster_phrases() numbers them
std::vector<PhraseClusters::Parts> parts_of_merges(const PhraseKinds& kinds, const std::vector<formats::Merge>& merges);

}  // namespace terse::relsim
