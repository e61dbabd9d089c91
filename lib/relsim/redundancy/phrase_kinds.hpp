#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/formats/similarity.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/redundancy/sparse_matrix.hpp"

namespace terse::relsim {

/// How alike the phrases of Open IE are, where most have one fact or two: what a knowledge base would call one relation
/// is said in many words of arguments of one kind.
///
/// Half of the likeness is the cosine of what two phrases are made of: stems of their words, function words left out,
/// their heads, tails and facts, each weighted by its inverse document frequency. The other half is that of the kinds of
/// their tails: characters of the tails' names, three to five in a row with all digits alike, and what else is said of
/// the tails: by which words, with which heads, after which preposition. Of more than 20,000 phrases, what more than 2,000
/// have in common is left out, so that comparing takes a time that grows with their number only.
class PhraseKinds {
 public:
  /// @param triples   distinct facts, at least one
  /// @param entities  names, [E]
  /// @param phrases   names of relations, [R]
  /// Memory: features of phrases. The same bytes for any number of threads.
  PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
              const std::vector<std::string>& phrases);

  static constexpr std::array<const char*, 6> kParts = {"words",        "heads",          "tails",
                                                        "shared facts", "names of tails", "contexts of tails"};

  std::size_t phrases() const { return phrases_; }
  /// 0 to 1; 1 with itself. O(features).
  double likeness(std::size_t a, std::size_t b) const;
  /// Mean over all pairs of two different phrases.
  double at_random() const { return at_random_; }
  /// Of each phrase, weighted: the likeness of two phrases is the scalar product of their rows.
  const SparseMatrix& features() const { return features_; }
  /// Which of kParts a feature belongs to.
  std::size_t part_of(std::int32_t feature) const;

 private:
  std::size_t phrases_;
  SparseMatrix features_;
  std::array<std::int32_t, kParts.size()> part_end_{};  // features of a part end where the next one's begin
  double at_random_ = 0;
};

/// The likeness as a similarity: "divergence" is 1 - likeness, so that average linkage averages likeness. Phrases are
/// compared as they stand, never turned round. Names, counts and thin relations are those of `original`. O(R²) memory.
formats::Similarity to_similarity(const PhraseKinds& kinds, const formats::Similarity& original);

}  // namespace terse::relsim
