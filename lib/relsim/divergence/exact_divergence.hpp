#pragma once

#include <cstdint>
#include <functional>

#include "terse/relsim/divergence/divergences.hpp"
#include "terse/relsim/model/fact_model.hpp"

namespace terse::relsim {

/// How to compute. Auto takes Double where that costs seconds at most.
enum class Precision { Auto, Single, Double };

struct ExactOptions {
  Precision precision = Precision::Auto;
  /// Called now and then with heads done and heads in all, from one thread at a time; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
};

/// Kullback–Leibler divergences of the model's joint distributions, exact over all heads and tails.
///
/// KL(a‖b) = KL(P(h|a)‖P(h|b)) + Σ_h P(h|a) KL(P(t|h,a)‖P(t|h,b)), and each conditional is an exponential family in the
/// entity table: with u its natural parameter and ē its mean, KL(1‖2) = (u1 - u2)·ē1 - log Z1 + log Z2. So one head costs
/// one partition function a query, and all pairs one product. Sums over heads are kept in float64.
/// Work: O(E² · R · dim); memory: a few blocks of heads. The same bytes for any number of threads.
/// Source: identity of exponential families; the model is ACL 2019's (arXiv 1907.08937), which samples instead.
Divergences exact_divergences(const FactModel& model, const ExactOptions& options = {});

}  // namespace terse::relsim
