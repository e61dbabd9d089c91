#pragma once

#include <string>
#include <vector>

#include "terse/formats/kinds/model.hpp"
#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// An embedding with its knowledge base: what a model artifact of `relsim-train embed` holds (formats/model.md).
struct StoredEmbedding {
  EmbeddingModel model;
  std::vector<std::string> entities, relations;
  std::vector<Triple> triples;  ///< training facts, distinct and sorted
};

formats::Model store_embedding(const EmbeddingModel& model, const KnowledgeBase& kb);

/// @param name  of the artifact, for messages
/// @throws Error::BadInput where the model is no embedding, or its tables do not fit
StoredEmbedding load_embedding(const formats::Model& stored, const std::string& name);

}  // namespace terse::relsim
