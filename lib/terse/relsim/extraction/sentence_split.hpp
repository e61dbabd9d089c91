#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/relsim/extraction/sentence_reader.hpp"

namespace terse::relsim {

/// Training sentences and held-out ones.
struct SentenceSplit {
  Vocabulary relations;  ///< of the training sentences, where held-out ones come from a file of their own
  std::vector<Sentence> train, held_out;
  std::uint64_t skipped = 0;  ///< held-out sentences left out because no training sentence has their relation
};

/// Reads the sentences of `inputs`, each "-" or a file as read_sentences() takes it.
/// @param valid  a file of held-out sentences; empty: a random `share` of the inputs, by `seed`
/// @throws Error::Usage where standard input is given twice, Error::BadInput where no sentences are left to train on
SentenceSplit read_sentence_split(const std::vector<std::string>& inputs, const std::string& valid, double share,
                                  std::uint64_t seed);

}  // namespace terse::relsim
