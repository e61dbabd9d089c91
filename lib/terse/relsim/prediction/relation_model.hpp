#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// A model that predicts relations, as its artifact holds it.
struct RelationModel {
  std::string name;  ///< of the file
  std::vector<std::string> entities, relations;
  std::vector<Triple> triples;             ///< training facts
  std::shared_ptr<RelationScorer> scorer;  ///< owns all that it needs
};

/// Reads an embedding (model artifact of `relsim-train embed`) or a fact model (facts artifact).
/// @throws Error::BadInput for another kind, or one that is not sound
RelationModel read_relation_model(const std::string& path);

}  // namespace terse::relsim
