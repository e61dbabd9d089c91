#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {

/// A phrase's words as stems, in order.
struct PhraseStems {
  std::vector<std::string> all;
  std::vector<std::string> core;  ///< without negations and adverbs
};

/// What phrases are made of, weighted, a row each; PhraseKinds says what it is good for.
struct PhraseFeatures {
  static constexpr std::array<const char*, 6> kParts = {"words",        "heads",          "tails",
                                                        "shared facts", "names of tails", "contexts of tails"};
  static constexpr std::size_t kMadeOf =
      4;  ///< so many parts are what a phrase is made of, the rest the kinds of its tails

  SparseMatrix rows;
  std::array<std::int32_t, kParts.size()> part_end{};  // columns of a part end where the next one's begin
};

/// What a phrase says but for adverbs, negations, auxiliaries and articles: its other stems, in order, apart by blanks.
/// Empty where there are none but prepositions.
std::string gist_of(const std::string& phrase);

/// @param triples   distinct facts; relations are rows
/// @param entities  names, [E]
/// @param phrases   [R]
PhraseFeatures features_of(std::span<const Triple> triples, const std::vector<std::string>& entities,
                           const std::vector<PhraseStems>& phrases);

}  // namespace terse::relsim
