#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/core/tsv_reader.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// What to do with a name that the vocabularies do not hold yet.
enum class UnknownNames { Intern, Skip };

/// Appends the facts of one file, `head<TAB>relation<TAB>tail` a line, to `kb`; fields after the third are ignored.
/// @return how many facts were left out because of unknown names (0 with Intern)
/// @throws Error::BadInput as `file:line: …` for fewer than three fields or an empty one
std::uint64_t read_triples(core::TsvReader& reader, KnowledgeBase& kb, UnknownNames unknown = UnknownNames::Intern);

/// Reads knowledge bases given on a command line into one: each input is a TSV file, `-`, or `wordnet[:DIR]`
/// (wordnet_reader.hpp). Facts that come twice are kept once, in sorted order.
/// @throws Error::BadInput for malformed input or none at all, Error::NoInput for files that cannot be opened
KnowledgeBase read_knowledge_base(const std::vector<std::string>& inputs);

}  // namespace terse::relsim
