#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/relsim/extraction/sentence_reader.hpp"

namespace terse::relsim {

/// Numbers for words, part-of-speech tags and entity types: 0 is padding, 1 what is not known.
struct FeatureVocabulary {
  Vocabulary words, tags, entities;  ///< id i has number i + 2
  std::int64_t length = 100;         ///< tokens a sentence is cut to, around its entities

  /// Words that occur at least `least` times, by falling frequency and then by name; all tags and types.
  static FeatureVocabulary of(std::span<const Sentence> sentences, std::int64_t least, std::int64_t length);
};

/// Distances to an entity are cut to ±kFarthest and numbered from 1; 0 is padding.
inline constexpr std::int64_t kFarthest = 50;
inline constexpr std::int64_t kDistances = 2 * kFarthest + 2;

/// A batch of sentences as numbers, [n, longest] int64 each.
struct SentenceBatch {
  at::Tensor words, tags, entities;  ///< tags and entities unset where the vocabulary has none
  at::Tensor head_distance, tail_distance;
  at::Tensor mask;       ///< float32, 1 for tokens and 0 for padding
  at::Tensor lengths;    ///< [n]
  at::Tensor relations;  ///< [n]
};

/// The sentences `set[chosen[i]]`.
SentenceBatch make_batch(const FeatureVocabulary& vocabulary, std::span<const Sentence> set,
                         std::span<const std::uint32_t> chosen);

}  // namespace terse::relsim
