#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/relsim/divergence/head_design.hpp"
#include "terse/relsim/divergence/head_sample.hpp"

namespace terse::relsim {

/// Estimates Σ_h P(h|a) V_h(a,q) for all pairs of one quantity V, in rounds: heads are drawn as relations ask for them
/// (head_design.hpp) and weighed as a ratio estimator does (head_sample.hpp). Heads visited in earlier rounds count
/// exactly in later ones, so that given these a round's estimate is right on average, and rounds do not correlate: each
/// pair's estimate is the rounds' mean, weighed by how sure each is by its design (HeadSample::precision).
class HeadSurvey {
 public:
  /// V at some heads, [heads, R, Q] float64; called on several threads.
  using Values = std::function<at::Tensor(std::span<const std::int64_t> heads)>;
  /// Called with heads done and heads of the round, from one thread at a time; may be empty.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  /// @param mass    [R, E] P(h|a); not copied
  /// @param stream  names the random numbers: surveys of different streams are drawn independently
  HeadSurvey(std::span<const double> mass, std::size_t relations, std::size_t queries, std::uint64_t seed,
             std::string stream, HeadSharing sharing, Values values);

  /// Distinct heads that `requests` [R] are expected to cost.
  double cost(std::span<const double> requests) const;
  /// Draws and visits heads, and adds what they say of the relations that ask. The same for any number of threads.
  void draw(const std::vector<double>& requests, const Progress& progress);

  /// Σ P V of a pair, i = a·Q + q.
  HeadSample::Estimate estimate(std::size_t i) const { return {value_[i], variance_[i], freedom_[i / queries_]}; }
  /// What each relation has asked for in all rounds, [R].
  const std::vector<double>& requested() const { return requested_; }
  std::size_t visited() const { return count_; }
  bool is_complete() const { return count_ == visited_.size(); }
  double seconds_a_head() const { return seconds_a_head_; }  ///< in the last round

 private:
  HeadSums visit(const HeadSample& sample, const Progress& progress) const;
  void add_round(std::size_t relation, bool is_guess, const HeadSample& sample, const HeadSums& sums);

  std::span<const double> mass_;
  std::size_t relations_, queries_;
  std::uint64_t seed_;
  std::string stream_;
  Values values_;
  HeadDesign design_;
  HeadSharing sharing_;
  std::uint32_t rounds_ = 0;
  std::vector<std::uint8_t> visited_;  // [E]
  std::size_t count_ = 0;
  std::vector<double> known_;                // [R, Q] over heads visited
  std::vector<double> value_, variance_;     // [R, Q]
  std::vector<double> precision_, squares_;  // [R] Σ and Σ precision²/freedom over rounds
  std::vector<double> freedom_, requested_;  // [R]
  double seconds_a_head_ = 0;
};

}  // namespace terse::relsim
