#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace terse::relsim {

struct ClassScores {
  std::int64_t right = 0, wrong = 0, truths = 0;  ///< answers that are right, that are not, and sentences of the class
  double precision = 0, recall = 0, f1 = 0;       ///< 0 where there is nothing to divide by
};

struct Classification {
  std::vector<ClassScores> classes;  ///< [R]
  ClassScores micro, macro;          ///< macro: means over the classes that have sentences
  double accuracy = 0;               ///< over all sentences, no class excluded
};

/// @param excluded  TACRED's convention: this class ("no_relation") neither counts as an answer nor as a truth
Classification score_classification(std::span<const std::int32_t> truths, std::span<const std::int32_t> answers,
                                    std::int32_t relations, std::optional<std::int32_t> excluded);

}  // namespace terse::relsim
