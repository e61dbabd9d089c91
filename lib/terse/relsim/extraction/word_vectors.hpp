#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::relsim {

/// Copies vectors from a text file, `word value value …` a line separated by blanks, plain, .gz or .zst, into the rows
/// of the words that `vocabulary` knows, numbered from 2. A first line of two numbers (word2vec's) is passed over.
/// @param table  [words + 2, dim] float32, contiguous
/// @return how many words were found
/// @throws Error::BadInput as `file:line: …` where a line has not `dim` numbers
std::int64_t read_word_vectors(const std::string& path, const Vocabulary& vocabulary, const at::Tensor& table);

}  // namespace terse::relsim
