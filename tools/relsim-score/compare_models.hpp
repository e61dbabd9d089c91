#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/similarity_command.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/formats/kinds/similarity_part.hpp"
#include "terse/relsim/embedding/embedding_model.hpp"

namespace terse::tools {

/// A model whose relations are compared, as its artifact holds it.
struct ComparedModel {
  std::string name;  ///< of the file, for messages
  std::string digest;
  std::uint64_t seed = 0;
  formats::Facts facts;  ///< of an embedding names and counts only
  std::optional<relsim::EmbeddingModel> embedding;
};

/// Reads what --method compares: an embedding (model artifact) with "cosine", else facts.
/// @throws Error::BadInput for another kind, or one that is not sound
ComparedModel read_compared(const std::string& path, const SimilarityOptions& options);

/// All but the matrices: names, counts, thin relations, and how scores are made.
formats::Similarity frame_of(const formats::Facts& facts, const SimilarityOptions& options);

/// Compares the relations of models of one knowledge base: means over models, and their spread where there are several.
/// @throws Error::BadInput where the models' relations are not the same
formats::Similarity compare_models(const std::vector<ComparedModel>& models, const SharedOptions& shared,
                                   const SimilarityOptions& options);

/// One shard of the exact comparison. `shard` counts from 0. @param name  of the model's file, for messages
formats::SimilarityPart compare_shard(const formats::Facts& facts, const std::string& name, const SharedOptions& shared,
                                      const SimilarityOptions& options, std::int64_t shard, std::int64_t shards);

/// A part of a comparison, and the file that it came from.
struct NamedPart {
  std::string name;
  formats::SimilarityPart part;
};

/// The comparison that all shards together are. @param parts  each once, in any order
/// @throws Error::BadInput where they are not all parts of one comparison, naming files and parts
formats::Similarity merge_parts(std::vector<NamedPart> parts);

}  // namespace terse::tools
