#pragma once

#include <memory>

#include "terse/core/bytes.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Appends Open IE triples as CESI's data sets (ReVerb45K, Base, Ambiguous) have them: a JSON object a line, plain, .gz
/// or .zst. Names are those of "triple_norm", subject, relation and object, and where it is not there, or has an empty
/// one, of "triple". Other members (links, sentences, KBP's relations) are not read.
/// @throws Error::BadInput as `file:line: …`
/// Source: Vashishth, Jain and Talukdar, WWW 2018, https://github.com/malllabiisc/cesi.
void read_cesi(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb);

}  // namespace terse::relsim
