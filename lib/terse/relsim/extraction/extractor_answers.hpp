#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/extraction/extractor.hpp"

namespace terse::relsim {

/// Logits of each sentence, [n, relations], dropout off. Any number of threads gives the same.
std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                  std::span<const Sentence> sentences);

/// The relation with the highest logit of each row.
std::vector<std::int32_t> answers_of(std::span<const float> logits, std::size_t relations);

}  // namespace terse::relsim
