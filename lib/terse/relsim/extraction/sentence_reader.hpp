#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::relsim {

/// Tokens begin … end - 1 of a sentence.
struct Span {
  std::int32_t begin = 0, end = 0;
};

/// A sentence that says which relation holds between two entities named in it.
struct Sentence {
  std::vector<std::string> tokens;
  std::vector<std::string> tags;      ///< part of speech of each token; empty where not known
  std::vector<std::string> entities;  ///< type of named entity of each token; empty where not known
  Span head, tail;
  std::string head_name, tail_name;  ///< identifiers where the file has them, else the tokens
  std::int32_t relation = 0;
};

struct SentenceSet {
  Vocabulary relations;
  std::vector<Sentence> sentences;
};

/// Appends the sentences of a file, plain, .gz or .zst, or of standard input, in one of three forms:
/// FewRel's JSON, an object of lists {tokens, h: [name, id, [[places], …]], t: …} by relation; TACRED's JSON, a list of
/// {token, relation, subj_start, subj_end, obj_start, obj_end, stanford_pos, stanford_ner}, ends included; TSV:
/// relation, head's begin and end, tail's begin and end, tokens separated by blanks. Places count from 0; ends in TSV
/// are one past the last token.
/// @throws Error::BadInput naming file and line (TSV, JSON that does not parse), or file and record
void read_sentences(const std::string& path, SentenceSet& set);
void read_sentences(std::unique_ptr<core::ByteSource> source, SentenceSet& set);

}  // namespace terse::relsim
