#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/formats/kinds/facts.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// The training facts that an artifact holds; none where it holds only a model.
std::vector<Triple> triples_of(const formats::Facts& facts);

/// Whether the artifact's model is smoothed counts, not a trained network.
bool only_counts(const formats::Facts& facts);

/// A facts artifact and where it came from.
struct StoredFacts {
  std::string name;  ///< of the file, for messages
  std::string digest;
  std::uint64_t seed = 0;
  formats::Facts facts;
  std::vector<Triple> triples;
};

/// @throws Error::BadInput where `path` holds no sound facts artifact, or one without training facts
StoredFacts read_stored_facts(const std::string& path);

}  // namespace terse::relsim
