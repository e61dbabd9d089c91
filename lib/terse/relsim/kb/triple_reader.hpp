#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terse/core/tsv_reader.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Appends the facts of one TSV file, `head<TAB>relation<TAB>tail` a line; fields after the third are ignored.
/// @throws Error::BadInput as `file:line: …` for fewer than three fields or an empty one
void read_triples(core::TsvReader& reader, KnowledgeBase& kb);

/// Whether an input as read_input takes it is TSV, a file or `-`.
bool is_tsv(const std::string& input);

/// @throws Error::BadInput as `file:line: …` where the record has fewer than three fields or an empty one among them
void require_triple(const core::TsvReader& reader, const std::vector<std::string_view>& fields);

/// Appends the facts of one input as a command line names it: `-` or a TSV file, or what another reader takes, told by
/// the file's name (*.nt, *.json.gz) or a prefix (nt:FILE, openke:DIR).
/// @throws Error::BadInput for malformed input, Error::NoInput for files that cannot be opened
void read_input(const std::string& input, KnowledgeBase& kb);

/// Reads inputs into one knowledge base. Facts that come twice are kept once, in sorted order.
/// @throws Error as read_input does, Error::BadInput where there are no facts at all
KnowledgeBase read_knowledge_base(const std::vector<std::string>& inputs);

/// The facts of one input whose names `kb` knows, distinct and sorted, and how many others there were.
std::pair<std::vector<Triple>, std::uint64_t> read_known_facts(const std::string& input, const KnowledgeBase& kb);

}  // namespace terse::relsim
