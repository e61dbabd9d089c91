#pragma once

#include <memory>
#include <string>

#include "terse/core/bytes.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Appends the facts of a knowledge base as OpenKE lays it out: entity2id.txt and relation2id.txt (a count, then a name
/// and its id a line, separated by a tab) and a file of facts (a count, then ids of head, tail and relation a line).
/// @param path  the file of facts beside the two others, or their folder, which stands for its train2id.txt
/// @throws Error::NoInput where a file is missing, Error::BadInput as `file:line: …` for a malformed line or an id
///         without a name, and where a file does not hold as many as it says
void read_openke(const std::string& path, KnowledgeBase& kb);

/// The same from the three files' contents.
struct OpenKeSources {
  std::unique_ptr<core::ByteSource> entities, relations, facts;
};
void read_openke(OpenKeSources sources, KnowledgeBase& kb);

}  // namespace terse::relsim
