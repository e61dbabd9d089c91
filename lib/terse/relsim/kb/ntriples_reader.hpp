#pragma once

#include <memory>

#include "terse/core/bytes.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Appends the statements of an N-Triples document, plain, .gz or .zst. Names are what the document has between angle
/// brackets; blank nodes are _:name, literals "text", "text"@language or "text"^^<datatype>, which are entities like
/// any other. An entity that is a blank node is the same only within one file.
/// @throws Error::BadInput as `file:line:column: …` where it is not N-Triples
/// Source: https://www.w3.org/TR/n-triples/, parsed by serd.
void read_ntriples(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb);

}  // namespace terse::relsim
