#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/phrases/phrase_features.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {

/// How alike the phrases of Open IE are, where most have one fact or two: what a knowledge base would call one relation
/// is said in many words of arguments of one kind.
///
/// Half of the likeness is the cosine of what two phrases are made of: stems of their words, function words, adverbs
/// and negations left out, their heads, tails and facts, each weighted by its inverse document frequency. The other
/// half is that of the kinds of their tails: characters of the tails' names, three to five in a row with all digits
/// alike, and what else is said of the tails: by which words, with which heads, after which preposition. Of more than
/// 20,000 phrases, what more than 2,000 have in common is left out, so that comparing takes a time that grows with
/// their number only.
///
/// Passive phrases are turned round, so that "was founded by" is compared with its heads as tails. "Is not in" is as
/// like to "is in" as any two phrases: both are of one kind; see negated().
class PhraseKinds {
 public:
  /// @param triples       distinct facts, at least one
  /// @param entities      names, [E]
  /// @param phrases       names of relations, [R]
  /// @param turn_passive  turn passive phrases round where their arguments do not speak against it
  /// Memory: features of phrases. The same bytes for any number of threads.
  PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
              const std::vector<std::string>& phrases, bool turn_passive = true);

  static constexpr auto& kParts = PhraseFeatures::kParts;

  std::size_t phrases() const { return phrases_; }
  /// 0 to 1; 1 with itself. O(features).
  double likeness(std::size_t a, std::size_t b) const;
  /// [R] which phrases are compared with heads and tails exchanged.
  const std::vector<std::uint8_t>& turned() const { return turned_; }
  /// [R] which phrases deny what they say, and must not be merged with those that do not.
  const std::vector<std::uint8_t>& negated() const { return negated_; }
  /// Mean over all pairs of two different phrases.
  double at_random() const { return at_random_; }
  /// Of each phrase, weighted: the likeness of two phrases is the scalar product of their rows.
  const SparseMatrix& features() const { return features_; }
  /// Which of kParts a feature belongs to.
  std::size_t part_of(std::int32_t feature) const;

  /// The same phrases where what they are made of is `share` of the likeness, 0 to 1, and the kinds of their tails the
  /// rest.
  PhraseKinds weighed(double share) const;
  /// The same phrases where none counts as one that denies.
  PhraseKinds undenied() const;
  /// The same phrases by other features, of which each row has a length of 1 at most; they belong to no part.
  PhraseKinds by(SparseMatrix features) const;

 private:
  void find_at_random();

  std::size_t phrases_;
  SparseMatrix features_;
  std::array<std::int32_t, kParts.size()> part_end_{};
  std::vector<std::uint8_t> turned_, negated_;
  double at_random_ = 0;
};

/// The likeness as a similarity: "divergence" is 1 - likeness, so that average linkage averages likeness; of two
/// phrases of which one is turned round that is the swapped one, and the other is 1, as are both where one is negated.
/// Names, counts and thin relations are those of `original`. O(R²) memory.
formats::Similarity to_similarity(const PhraseKinds& kinds, const formats::Similarity& original);

}  // namespace terse::relsim
