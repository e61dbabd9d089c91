#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/divergence/exact_divergence.hpp"
#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// How relations are compared. The last three are no divergences but 1 - similarity, which divergences are set against.
enum class Method {
  Exact,     ///< exact_divergence.hpp; of counts count_divergence.hpp
  Adaptive,  ///< adaptive_divergence.hpp
  Sample,    ///< sampled_divergence.hpp
  Jaccard,   ///< overlap.hpp: pairs of entities in common
  Profile,   ///< overlap.hpp: cosine of how often entities are heads and tails
  Cosine,    ///< vector_distances.hpp: of the relations' vectors in an embedding
};

/// "exact", "adaptive" …
std::string_view to_string(Method method);

/// The method of that name. @throws Error::Usage for another word
Method method_called(std::string_view name);

/// Whether the method yields divergences in nats.
bool is_divergence(Method method);

struct ComparisonOptions {
  Method method = Method::Exact;
  Precision precision = Precision::Auto;
  bool swapped = true;                     ///< compare with heads and tails of the second relation swapped, too
  double heads = 0;                        ///< Adaptive: heads per relation; 0: by tolerance and seconds
  double tolerance = 0.05;                 ///< Adaptive
  double seconds = 0;                      ///< Adaptive; 0: no limit
  std::int64_t draws = 20;                 ///< Sample: facts per relation
  std::uint64_t seed = 1;                  ///< of Adaptive and Sample
  std::string combine = "max";             ///< how a pair's two directions become one: "max", "min", "mean"
  double temperature = 1;                  ///< τ of the score exp(-divergence/τ)
  std::int64_t least_facts = kLeastFacts;  ///< relations with fewer are marked as thin
  HeadProgress on_progress;                ///< of each trained model
};

/// A model whose relations are compared, as its artifact holds it.
struct ComparedModel {
  std::string name;  ///< of the file, for messages
  std::string digest;
  std::uint64_t seed = 0;
  formats::Facts facts;  ///< of an embedding names and counts only
  std::optional<EmbeddingModel> embedding;
};

/// Reads what the method compares: an embedding (model artifact) for Method::Cosine, else facts.
/// @throws Error::BadInput for an artifact of another kind, or one that is not sound
ComparedModel read_compared(const std::string& path, Method method);

/// Compares the relations of models of one knowledge base: means over models, and their spread where there are several.
/// @throws Error::BadInput where the models' relations are not the same, or a model lacks what the method compares;
///         Error::Usage for a sampling method on counts
formats::Similarity compare_models(const std::vector<ComparedModel>& models, const ComparisonOptions& options);

/// All of a similarity but the matrices: names, counts, thin relations, and how scores are made.
formats::Similarity frame_of(const formats::Facts& facts, const ComparisonOptions& options);

/// What a trained model's divergences leave out: the counts that its predictions mix in. The mixture is no exponential
/// family, so that its divergences do not follow from a head's mean tail, which is what makes them cheap.
struct MixedShares {
  double heads = 0, tails = 0;  ///< share of P(h|r) and of P(t|h,r) that is counts, mean over facts
  bool mostly_counts = false;   ///< the model has learned little
};

/// @param name  of the artifact, for messages
/// @return      nothing for a model that mixes no counts in
std::optional<MixedShares> mixed_shares(const formats::Facts& facts, const std::string& name);

}  // namespace terse::relsim
