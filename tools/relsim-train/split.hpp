#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace CLI {
class App;
}

namespace terse::tools {

/// Training facts and held-out ones.
struct Split {
  relsim::KnowledgeBase kb;  ///< triples: the training facts
  std::vector<relsim::Triple> held_out;
};

/// The inputs of a training command, in every form that triples come in.
void add_triples(CLI::App& command, std::vector<std::string>& inputs);

/// Reads `inputs`; holds out the facts in the file `valid`, those that name what is not known left out with a warning,
/// or, where it is empty, a random `share` of the inputs.
Split read_split(const std::vector<std::string>& inputs, const std::string& valid, double share, std::uint64_t seed);

}  // namespace terse::tools
