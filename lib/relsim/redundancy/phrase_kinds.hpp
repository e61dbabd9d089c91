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
/// the tails: by which words, with which heads, after which preposition.
class PhraseKinds {
 public:
  /// @param triples   distinct facts, at least one
  /// @param entities  names, [E]
  /// @param phrases   names of relations, [R]
  /// O(R²) memory. The same bytes for any number of threads.
  PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
              const std::vector<std::string>& phrases);

  static constexpr std::array<const char*, 6> kParts = {"words",        "heads",          "tails",
                                                        "shared facts", "names of tails", "contexts of tails"};

  std::size_t phrases() const { return phrases_; }
  /// 0 to 1; 1 with itself.
  double likeness(std::size_t a, std::size_t b) const { return static_cast<double>(likeness_[a * phrases_ + b]); }
  /// Mean over all pairs of two different phrases.
  double at_random() const { return at_random_; }
  /// What each part adds to the mean likeness of the members of two groups.
  std::array<double, kParts.size()> parts(std::span<const std::int32_t> a, std::span<const std::int32_t> b) const;

 private:
  void compare();

  std::size_t phrases_;
  std::vector<SparseMatrix> rows_;  // one a part; their products add up to the likeness
  std::vector<float> likeness_;     // [R, R]
  double at_random_ = 0;
};

/// The likeness as a similarity: "divergence" is 1 - likeness, so that average linkage averages likeness. Phrases are
/// compared as they stand, never turned round. Names, counts and thin relations are those of `original`.
formats::Similarity to_similarity(const PhraseKinds& kinds, const formats::Similarity& original);

}  // namespace terse::relsim
