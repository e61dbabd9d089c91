#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terse::act {

/// Bits of a tensor that is kept as it is, whatever its type.
inline constexpr int kKeptBits = 32;

/// One way to store a saved tensor.
struct BitChoice {
  int bits = 0;             ///< for people and CompressionOptions::bits_of; kKeptBits keeps the tensor exact
  std::uint64_t bytes = 0;  ///< stored: payload, metadata and padding
  double variance = 0;      ///< what it adds to the gradient's variance: sensitivity x S(bits); ≥ 0
};

/// A saved tensor with the ways it can be stored, in any order; at least one.
struct BitLadder {
  std::string id;
  std::vector<BitChoice> choices;
};

/// A choice for every tensor.
struct BitAllocation {
  std::vector<std::size_t> choice;  ///< [tensors] index into the ladder's choices
  std::uint64_t bytes = 0;          ///< sum over the tensors
  double variance = 0;              ///< sum over the tensors
  double lower_bound = 0;           ///< no choice within the budget has less variance (linear relaxation)
  bool optimal = false;             ///< the search was complete: nothing within the budget has less variance than this
};

/// The choice of least total variance whose total bytes fit `budget`: a multiple-choice knapsack, solved by greedy
/// steps along each ladder's convex hull and then an exact search around the break, bounded by the relaxation
/// (Pisinger, EJOR 1995). The search keeps at most 2^14 states a ladder; where it needs more, `optimal` is false and
/// variance - lower_bound says how far from the optimum the result can be.
/// @param ladders  [tensors]
/// @param budget   bytes
/// @throws Error::OutOfMemory naming the smallest budget that could be met, where none of the choices fits
/// Deterministic: ties go to the tensor that comes first.
/// Source: GACT (ICML 2022) section 4.2 states the problem and solves it greedily; differs in counting real bytes and
/// in looking beyond the greedy solution.
BitAllocation allocate_bits(std::span<const BitLadder> ladders, std::uint64_t budget);

/// The choices of a ladder that some budget could want, from fewest to most bytes: none is beaten by another in both
/// bytes and variance; with `convex`, none lies above the line between its neighbours.
/// @return  indices into ladder.choices
std::vector<std::size_t> useful_choices(const BitLadder& ladder, bool convex);

}  // namespace terse::act
