#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/ranking/relation_ranks.hpp"

namespace terse::relsim {

/// The answer of several models together: log of the mean over models of softmax(logits).
/// @param models  at least one, [n, R] each
/// @return        [n, R]
std::vector<float> ensemble_logits(std::span<const std::span<const float>> models, std::size_t relations);

/// Where each sentence's true relation came among all relations, with RelationRank::above, not sorted. Raw and filtered
/// ranks are the same.
/// @param logits  [n, R]
/// @param truths  [n], at least one
std::vector<RelationRank> rank_answers(std::span<const float> logits, std::span<const std::int32_t> truths);

}  // namespace terse::relsim
