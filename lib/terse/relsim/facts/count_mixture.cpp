#include "terse/relsim/facts/count_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace terse::relsim {
namespace {

constexpr double kDrawnBy = 20;  // facts that a query's share is drawn towards the common one by

/// One conditional of a held-out fact, as both see it.
struct Witness {
  std::int32_t query = 0;
  double log_model = 0, log_counts = 0;
};

/// What one fact adds to the slope of the log likelihood in the share w. No ratio of probabilities overflows.
double slope(const Witness& fact, double w) {
  const double x = fact.log_model - fact.log_counts;
  // (e^x - 1) / (w e^x + 1 - w), by e^-x where x is large.
  return x > 0 ? -std::expm1(-x) / (w + (1 - w) * std::exp(-x)) : std::expm1(x) / (w * std::exp(x) + 1 - w);
}

/// The share with the largest likelihood, with `weight` facts' worth of belief in `prior`. Concave: found by bisection.
double best_share(std::span<const Witness> facts, double prior, double weight) {
  double low = 0, high = 1;
  for (int i = 0; i < 40; ++i) {
    const double w = (low + high) / 2;
    double sum = weight * (prior / w - (1 - prior) / (1 - w));
    for (const auto& fact : facts) sum += slope(fact, w);
    (sum > 0 ? low : high) = w;
  }
  const double w = (low + high) / 2;
  // An end of the range is only ever approached.
  return w < 1e-9 ? 0 : w > 1 - 1e-9 ? 1 : w;
}

double nats_of(const Witness& fact, double w) {
  const double model = w > 0 ? std::log(w) + fact.log_model : -std::numeric_limits<double>::infinity();
  const double counts = w < 1 ? std::log1p(-w) + fact.log_counts : -std::numeric_limits<double>::infinity();
  const double high = std::max(model, counts);
  return -(high + std::log1p(std::exp(std::min(model, counts) - high)));
}

/// Shares of queries; `own` says whether each has one of its own.
std::vector<double> shares_of(std::vector<Witness> facts, std::int32_t queries, bool own) {
  const double common = best_share(facts, 0, 0);
  std::vector<double> shares(static_cast<std::size_t>(queries), common);
  if (!own) return shares;
  std::stable_sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.query < b.query; });
  for (std::size_t begin = 0, end = 0; begin < facts.size(); begin = end) {
    while (end < facts.size() && facts[end].query == facts[begin].query) ++end;
    shares[static_cast<std::size_t>(facts[begin].query)] =
        best_share(std::span(facts).subspan(begin, end - begin), common, kDrawnBy);
  }
  return shares;
}

/// Nats of all facts, each half with the shares that the other asks for.
double cross_fitted_nats(std::span<const Witness> facts, std::int32_t queries, bool own) {
  double nats = 0;
  for (const std::size_t half : {0u, 1u}) {
    std::vector<Witness> others;
    for (std::size_t i = 1 - half; i < facts.size(); i += 2) others.push_back(facts[i]);
    const auto shares = shares_of(others, queries, own);
    for (std::size_t i = half; i < facts.size(); i += 2)
      nats += nats_of(facts[i], shares[static_cast<std::size_t>(facts[i].query)]);
  }
  return nats;
}

/// Adds the shares of the queries that `facts` are of to `shares`. @return nats of all facts
double fit(const std::vector<Witness>& facts, std::vector<float>& shares) {
  const auto queries = static_cast<std::int32_t>(shares.size());
  double counts = 0;
  for (const auto& fact : facts) counts -= fact.log_counts;
  const double common = cross_fitted_nats(facts, queries, false), own = cross_fitted_nats(facts, queries, true);
  if (counts <= std::min(common, own)) return counts;
  const auto chosen = shares_of(facts, queries, own < common);
  std::copy(chosen.begin(), chosen.end(), shares.begin());
  return std::min(common, own);
}

}  // namespace

FittedMixture mix_with_counts(std::span<const FactLogs> logs, std::span<const Triple> held_out,
                              const RoleCounts& counts, double smoothing) {
  const auto relations = counts.relations();
  const auto facts = held_out.size();
  FittedMixture fitted;
  fitted.mixture.smoothing = smoothing;
  for (auto* shares : {&fitted.mixture.head, &fitted.mixture.tail})
    shares->assign(2 * static_cast<std::size_t>(relations), 0);
  for (const bool inverse : {false, true}) {
    std::vector<Witness> heads, tails;
    for (std::size_t i = 0; i < facts; ++i) {
      const auto& fact = held_out[i];
      const auto& log = logs[inverse ? facts + i : i];
      const auto query = inverse ? relations + fact.relation : fact.relation,
                 turned = inverse ? fact.relation : relations + fact.relation;
      const auto head = inverse ? fact.tail : fact.head, tail = inverse ? fact.head : fact.tail;
      heads.push_back({fact.relation, log.head, std::log(counts.probability(query, head, smoothing))});
      tails.push_back({fact.relation, log.tail, std::log(counts.probability(turned, tail, smoothing))});
    }
    double nats = 0;
    for (const auto& [part, shares] :
         {std::pair{&heads, &fitted.mixture.head}, std::pair{&tails, &fitted.mixture.tail}}) {
      std::vector<float> own(static_cast<std::size_t>(relations));
      nats += fit(*part, own);
      std::copy(own.begin(), own.end(), shares->begin() + (inverse ? relations : 0));
    }
    (inverse ? fitted.inverse_nats : fitted.nats) = nats / static_cast<double>(facts);
  }
  return fitted;
}

}  // namespace terse::relsim
