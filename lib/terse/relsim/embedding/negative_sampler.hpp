#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/relsim/embedding/alias_table.hpp"
#include "terse/relsim/kb/pair_index.hpp"

namespace terse::relsim {

/// What a false fact has in place of the true one's.
enum class Corrupt { Relations, Entities, Both };

/// How it is drawn. Uniform; Bernoulli: uniform, but head rather than tail where a tail has more heads than a head has
/// tails (Wang et al., AAAI 2014); Similarity: relations in proportion to exp(-divergence/τ) from the true one.
enum class Draw { Uniform, Bernoulli, Similarity };

struct NegativeOptions {
  Corrupt corrupt = Corrupt::Relations;
  Draw draw = Draw::Uniform;
  std::int64_t count = 1;  ///< of each fact; with Both, each is one or the other by chance
};

/// Draws false facts: never one that holds. What a fact gets depends on the key and the fact's number alone.
class NegativeSampler {
 public:
  /// @param facts        the true ones
  /// @param divergences  [R, R] for Draw::Similarity, from the row's relation; else empty
  /// @throws Error::Usage for options that make no sense together
  NegativeSampler(std::span<const Triple> facts, std::int32_t entities, std::int32_t relations,
                  const NegativeOptions& options, std::vector<double> divergences = {});

  /// τ from now on, in the divergences' unit; once before the first draw with Draw::Similarity.
  void set_temperature(double tau);

  /// Appends the negatives of one fact; fewer where draw after draw holds.
  /// @param key     of an epoch
  /// @param number  of the fact within it
  void draw(const Triple& fact, const core::StreamWords& key, std::uint64_t number, std::vector<Triple>& into) const;

  const PairIndex& known() const { return known_; }

 private:
  class Words;
  Triple candidate(const Triple& fact, Words& words) const;

  std::int32_t entities_, relations_;
  NegativeOptions options_;
  PairIndex known_;
  std::vector<double> divergences_;
  std::vector<AliasTable> similar_;        // [R]
  std::vector<std::uint64_t> head_share_;  // [R] of 2^32: how often the head is replaced
};

}  // namespace terse::relsim
