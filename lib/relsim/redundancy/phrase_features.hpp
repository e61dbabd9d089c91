#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/redundancy/sparse_matrix.hpp"

namespace terse::relsim {

/// What phrases are made of, weighted, a row each; PhraseKinds says what it is good for.
struct PhraseFeatures {
  static constexpr std::array<const char*, 6> kParts = {"words",        "heads",          "tails",
                                                        "shared facts", "names of tails", "contexts of tails"};

  SparseMatrix rows;
  std::array<std::int32_t, kParts.size()> part_end{};  // columns of a part end where the next one's begin
};

/// @param triples   distinct facts; relations are rows
/// @param entities  names, [E]
/// @param stems     of each phrase's words, in order
PhraseFeatures features_of(std::span<const Triple> triples, const std::vector<std::string>& entities,
                           const std::vector<std::vector<std::string>>& stems);

}  // namespace terse::relsim
