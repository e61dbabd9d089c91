#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Where Debian's package wordnet-base keeps its files.
inline constexpr char kDebianWordNet[] = "/usr/share/wordnet";

/// The relation that a pointer symbol of WordNet stands for: "@" is "hypernym".
/// @param source_pos  part of speech of the synset that holds the pointer; "\" means two things
/// @return empty for a symbol that WordNet does not know
std::string_view wordnet_relation(std::string_view symbol, char source_pos);

/// Appends WordNet's pointers as facts over synsets. An entity is named by its first word, part of speech and offset,
/// "dog.n.02084071"; pointers between two words of synsets count between the synsets.
/// @param folder  holds data.noun, data.verb, data.adj and data.adv as wndb(5) describes them
/// @throws Error::NoInput where a file is missing, Error::BadInput as `file:line: …` where one is malformed, and where
///         a pointer leads to a synset that does not exist
void read_wordnet(const std::string& folder, KnowledgeBase& kb);

/// The same from the files' contents. @param name  what messages call them together
void read_wordnet(std::vector<std::unique_ptr<core::ByteSource>> sources, const std::string& name, KnowledgeBase& kb);

}  // namespace terse::relsim
