#include "terse/relsim/counts/count_divergence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

/// Divergence of two smoothed sparse distributions over one base: on the union of their supports by terms, elsewhere
/// both are the base times a constant.
double sparse_divergence(const CountModel& model, const SparseCounts& a, const SparseCounts& b) {
  const double k = model.smoothing();
  double sum = 0, rest = 1;
  std::size_t i = 0, j = 0;
  while (i < a.entity.size() || j < b.entity.size()) {
    const bool take_a = j == b.entity.size() || (i < a.entity.size() && a.entity[i] <= b.entity[j]);
    const bool take_b = i == a.entity.size() || (j < b.entity.size() && b.entity[j] <= a.entity[i]);
    const double base = model.base(take_a ? a.entity[i] : b.entity[j]);
    const double p = ((take_a ? a.count[i] : 0) + k * base) / (a.total + k);
    const double q = ((take_b ? b.count[j] : 0) + k * base) / (b.total + k);
    sum += p * std::log(p / q);
    rest -= base;
    i += take_a;
    j += take_b;
  }
  return sum + std::max(rest, 0.0) * k / (a.total + k) * std::log((b.total + k) / (a.total + k));
}

/// P(t|q) of one query for any t: counts laid out densely, cleared by the list that filled them.
class DenseTails {
 public:
  explicit DenseTails(const CountModel& model) : model_(model), count_(static_cast<std::size_t>(model.entities())) {}

  void show(std::int32_t q) {
    if (shown_) {
      for (const auto e : shown_->entity) count_[static_cast<std::size_t>(e)] = 0;
    }
    shown_ = &model_.tails(q);
    for (std::size_t i = 0; i < shown_->entity.size(); ++i) {
      count_[static_cast<std::size_t>(shown_->entity[i])] = shown_->count[i];
    }
  }
  double operator()(std::int32_t t) const {
    const double k = model_.smoothing();
    return (count_[static_cast<std::size_t>(t)] + k * model_.base(t)) / (shown_->total + k);
  }

 private:
  const CountModel& model_;
  const SparseCounts* shown_ = nullptr;
  std::vector<double> count_;
};

/// Divergences from one relation to every query.
class Row {
 public:
  Row(const CountModel& model, std::int32_t a) : model_(model), a_(a), tails_a_(model), tails_b_(model) {
    tails_a_.show(a);
  }

  double divergence(std::int32_t b) {
    tails_b_.show(b);
    const auto &heads_a = model_.heads(a_), &heads_b = model_.heads(b);
    const double marginal = sparse_divergence(model_, model_.tails(a_), model_.tails(b));
    // A head that neither has facts with has the marginal's divergence; the others are put right one by one.
    double sum = sparse_divergence(model_, heads_a, heads_b) + marginal;
    const double k = model_.smoothing();
    std::size_t i = 0, j = 0;
    while (i < heads_a.entity.size() || j < heads_b.entity.size()) {
      const bool in_a =
          j == heads_b.entity.size() || (i < heads_a.entity.size() && heads_a.entity[i] <= heads_b.entity[j]);
      const bool in_b =
          i == heads_a.entity.size() || (j < heads_b.entity.size() && heads_b.entity[j] <= heads_a.entity[i]);
      const auto head = in_a ? heads_a.entity[i] : heads_b.entity[j];
      const double mass = ((in_a ? heads_a.count[i] : 0) + k * model_.base(head)) / (heads_a.total + k);
      const auto facts_a = in_a ? model_.tails_of(a_, i) : std::span<const std::int32_t>();
      const auto facts_b = in_b ? model_.tails_of(b, j) : std::span<const std::int32_t>();
      sum += mass * (at_head(facts_a, facts_b, marginal) - marginal);
      i += in_a;
      j += in_b;
    }
    return sum;
  }

 private:
  /// Divergence of P(t|h,a) from P(t|h,b) where the facts of h are these.
  double at_head(std::span<const std::int32_t> a, std::span<const std::int32_t> b, double marginal) const {
    const double k = model_.smoothing();
    const double total_a = static_cast<double>(a.size()) + k, total_b = static_cast<double>(b.size()) + k;
    const double constant = std::log(total_b / total_a);
    double sum = k / total_a * (marginal + constant);  // as if there were no facts, then those exchanged
    std::size_t i = 0, j = 0;
    while (i < a.size() || j < b.size()) {
      const bool in_a = j == b.size() || (i < a.size() && a[i] <= b[j]);
      const bool in_b = i == a.size() || (j < b.size() && b[j] <= a[i]);
      const auto t = in_a ? a[i] : b[j];
      const double p = k * tails_a_(t), q = k * tails_b_(t);
      const double seen_p = (in_a + p) / total_a, seen_q = (in_b + q) / total_b;
      sum += seen_p * std::log(seen_p / seen_q) - p / total_a * (std::log(p / q) + constant);
      i += in_a;
      j += in_b;
    }
    return sum;
  }

  const CountModel& model_;
  std::int32_t a_;
  DenseTails tails_a_, tails_b_;
};

}  // namespace

Divergences count_divergences(const CountModel& model) {
  const auto relations = static_cast<std::size_t>(model.relations());
  Divergences result;
  result.same.resize(relations * relations);
  result.swapped.resize(relations * relations);
  core::parallel_for(relations, 1, [&](std::size_t begin, std::size_t end) {
    for (auto a = begin; a < end; ++a) {
      Row row(model, static_cast<std::int32_t>(a));
      for (std::size_t q = 0; q < 2 * relations; ++q) {
        auto& into = q < relations ? result.same[a * relations + q] : result.swapped[a * relations + q - relations];
        // Rounding may leave a hair below zero.
        into = q == a ? 0 : std::max(row.divergence(static_cast<std::int32_t>(q)), 0.0);
      }
    }
  });
  return result;
}

}  // namespace terse::relsim
