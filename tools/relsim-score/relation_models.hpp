#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::tools {

/// A model that predicts relations, as its artifact holds it.
struct RelationModel {
  std::string name;  ///< what the command line calls it
  std::vector<std::string> entities, relations;
  std::vector<relsim::Triple> triples;             ///< training facts
  std::shared_ptr<relsim::RelationScorer> scorer;  ///< owns all that it needs
};

/// Reads an embedding (model artifact of `relsim-train embed`) or a fact model (facts artifact).
/// @throws Error::BadInput for another kind, or one that is not sound
RelationModel read_relation_model(const std::string& path);

}  // namespace terse::tools
