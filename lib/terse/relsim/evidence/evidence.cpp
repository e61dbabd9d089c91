#include "terse/relsim/evidence/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/evidence/fact_view.hpp"
#include "terse/relsim/evidence/shared_arguments.hpp"
#include "terse/relsim/evidence/shared_evidence.hpp"
#include "terse/relsim/evidence/view_comparison.hpp"
#include "terse/relsim/phrases/phrase_similarity.hpp"

namespace terse::relsim {
namespace {

// Differences that relations which people call the same do have: a standard deviation, beside the noise.
constexpr double kTolerance = 0.03;
// Log odds that a difference as large as the tolerance takes off beside what the parts say of it.
constexpr double kDistanceWeight = 0.3;
// Log odds that sharing all facts adds to them, in a knowledge base where what says the same shares facts.
constexpr double kShareWeight = 8;
constexpr double kLargestPrior = 0.1;
constexpr const char* kArgumentNames = "argument names";
constexpr int kRounds = 3;  // of weighing again, with those found to say the same no longer among the others

Contrast empty_contrast(std::string name, std::size_t relations, double tolerance) {
  Contrast contrast{.name = std::move(name), .difference = {}, .noise = {}, .unrelated = 0, .tolerance = tolerance};
  for (const int s : {0, 1}) {
    contrast.difference[s].resize(relations * relations);
    contrast.noise[s].resize(relations * relations);
  }
  return contrast;
}

using MakeView = std::unique_ptr<FactView> (*)(const ViewedFacts&, std::size_t rank);

/// How far apart the view puts what is the same: each relation's facts are dealt to two names at random, the view is
/// learnt anew from them, and the two are compared. What they differ by beyond the noise is the view's own error: it
/// has learnt from the very facts that it describes.
double error_of_view(MakeView make, std::size_t rank, const ViewedFacts& facts) {
  std::vector<Triple> dealt(facts.triples.begin(), facts.triples.end());
  for (std::size_t f = 0; f < dealt.size(); ++f) {
    const auto block = core::random_block({.seed = 1, .stream = core::stream_of("dealt facts"), .step = 0}, f);
    if (block[0] & 1) dealt[f].relation += facts.relations;
  }
  const ViewedFacts as_dealt{dealt, facts.edges, facts.entities, 2 * facts.relations};
  const ViewComparison view(*make(as_dealt, rank), dealt, 2 * facts.relations, false);
  const auto half = static_cast<std::size_t>(facts.relations);
  double sum = 0, weight = 0;
  for (std::size_t r = 0; r < half; ++r) {
    if (std::min(view.facts(r), view.facts(half + r)) < 5) continue;
    const double d = view.difference(r, half + r, false), noise = view.noise(r, half + r, false);
    const double w = 1 / (noise * noise + kTolerance * kTolerance);
    sum += w * (d * d - noise * noise);
    weight += w;
  }
  return weight > 0 ? std::sqrt(std::max(sum / weight, 0.0)) : 0;
}

/// @param error  of the view itself, beside the noise
Contrast by_view(std::string name, MakeView make, std::size_t rank, const ViewedFacts& facts, double error) {
  const auto relations = static_cast<std::size_t>(facts.relations);
  const ViewComparison view(*make(facts, rank), facts.triples, facts.relations);
  auto contrast = empty_contrast(std::move(name), relations, std::max(kTolerance, error));
  for (std::size_t a = 0; a < relations; ++a) {
    for (std::size_t b = 0; b < relations; ++b) {
      for (const int s : {0, 1}) {
        contrast.difference[s][a * relations + b] = static_cast<float>(view.difference(a, b, s == 1));
        contrast.noise[s][a * relations + b] = static_cast<float>(view.noise(a, b, s == 1));
      }
    }
  }
  return contrast;
}

/// By the entities that recur as heads, or as tails.
Contrast by_arguments(const SharedArguments& arguments, bool tails) {
  const std::size_t relations = arguments.queries() / 2;
  auto contrast = empty_contrast(tails ? "tails" : "heads", relations, kTolerance);
  for (std::size_t a = 0; a < relations; ++a) {
    for (std::size_t b = 0; b < relations; ++b) {
      for (const int s : {0, 1}) {
        const std::size_t p = tails ? relations + a : a, q = tails != (s == 1) ? relations + b : b,
                          at = a * relations + b;
        contrast.difference[s][at] = static_cast<float>(arguments.difference(p, q));
        // A relation turned round compares heads with tails in both contrasts: counted once.
        contrast.noise[s][at] = a == b && tails ? 1e6f : static_cast<float>(arguments.noise(p, q));
      }
    }
  }
  return contrast;
}

/// Leaves out what speaks for pairs.
void only_against(EvidencePart& part) {
  for (auto& ratios : part.ratio) {
    for (auto& ratio : ratios) ratio = std::min(ratio, 0.0f);
  }
}

/// By the words of their names. A name says nothing of the orientation.
Contrast by_names(const std::vector<std::string>& names) {
  // People name the same by other words about as often as by the same ones, and by half of the words more seldom.
  constexpr double kUnrelated = 0.5, kWords = 0.3;
  const std::size_t relations = names.size();
  const PhraseSimilarity similarity(names);
  auto contrast = empty_contrast("names", relations, kWords);
  contrast.unrelated = kUnrelated;
  core::parallel_for(relations, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t a = begin; a < end; ++a) {
      for (std::size_t b = 0; b < relations; ++b) {
        const auto difference = a == b ? 1.0f : static_cast<float>(1 - similarity(a, b));
        contrast.difference[0][a * relations + b] = contrast.difference[1][a * relations + b] = difference;
      }
    }
  });
  return contrast;
}

/// The chance of each pair to say the same, by all parts.
void find_chances(const Evidence& evidence, std::vector<float> (&same)[2]) {
  const std::size_t n = evidence.relations;
  for (const int s : {0, 1}) {
    core::parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin * n; i < end * n; ++i) {
        same[s][i] = static_cast<float>(1 / (1 + std::exp(-evidence.log_odds(i / n, i % n, s == 1))));
      }
    });
  }
}

}  // namespace

double Evidence::log_odds(std::size_t a, std::size_t b, bool swapped, Limited limited) const {
  double sum = prior_log_odds;
  for (const auto& part : parts) sum += static_cast<double>(part.ratio[swapped][a * relations + b]);
  const double odds = std::min(sum, kMostCertain) - static_cast<double>(distance[swapped][a * relations + b]);
  if (limited == Limited::Not || limit.far[swapped].empty()) return odds;
  const auto& most = limited == Limited::ByEstimate && limit.has_intervals() ? limit.near : limit.far;
  return std::min(odds, static_cast<double>(most[swapped][a * relations + b]));
}

Evidence weigh_evidence(std::span<const Triple> triples, std::int32_t entities,
                        const std::vector<std::string>& relations, const EvidenceOptions& options) {
  const auto count = relations.size();
  const FactEdges edges(triples);
  const ViewedFacts facts{triples, edges, entities, static_cast<std::int32_t>(count), options.entity_names};
  // As many components as entities can fill: beyond their square root they hold noise.
  const auto root = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(std::max(entities, 1)))));
  // Comparing costs R² components²: at most about a minute's work.
  const auto affordable = static_cast<std::size_t>(2e5 / static_cast<double>(std::max<std::size_t>(count, 1)));
  const auto rank = [&](std::size_t most) { return std::max<std::size_t>(2, std::min({most, root, affordable})); };
  // Of the smoothing only what CountModel asks for; counts themselves are used.
  const CountModel counts(triples, entities, facts.relations, 1);
  const SharedArguments arguments(counts);
  constexpr std::size_t kViews = 2;  // the first ones
  std::vector<Contrast> contrasts;
  const auto learnt = [&](std::string name, MakeView make, std::size_t components) {
    return by_view(std::move(name), make, components, facts, error_of_view(make, components, facts));
  };
  contrasts.push_back(learnt("argument types", argument_types, rank(30)));
  contrasts.push_back(learnt("neighbourhoods", neighbourhoods, rank(100)));
  contrasts.push_back(by_arguments(arguments, false));
  contrasts.push_back(by_arguments(arguments, true));
  // Names are no facts to be learnt from.
  if (!options.entity_names.empty()) contrasts.push_back(by_view(kArgumentNames, argument_names, rank(30), facts, 0));
  if (options.names) contrasts.push_back(by_names(relations));
  const auto shared = shared_facts(triples, edges, counts);
  std::vector<double> sizes;
  for (std::int32_t r = 0; r < facts.relations; ++r) sizes.push_back(counts.heads(r).total);

  Evidence evidence{.relations = count, .parts = {}, .prior_log_odds = 0, .distance = {}, .limit = {}};
  for (const int s : {0, 1}) {
    evidence.distance[s].assign(count * count, 0);
    for (std::size_t view = 0; view < kViews; ++view) {
      const auto& contrast = contrasts[view];
      const double variance = contrast.tolerance * contrast.tolerance;
      for (std::size_t i = 0; i < count * count; ++i) {
        const auto difference = static_cast<double>(contrast.difference[s][i]),
                   noise = static_cast<double>(contrast.noise[s][i]);
        const double known = variance / (variance + noise * noise);  // a difference lost in noise takes nothing off
        evidence.distance[s][i] += static_cast<float>(kDistanceWeight * known * difference / contrast.tolerance);
      }
    }
  }
  const double prior = std::min(kLargestPrior, 1 / static_cast<double>(std::max<std::size_t>(count, 1)));
  // Either orientation may be the one.
  evidence.prior_log_odds = std::log(prior / (1 - prior)) - std::log(2.0);
  std::vector<float> same[2];
  for (auto& chance : same) chance.resize(count * count);
  double usual = 0;
  for (int round = 0; round <= kRounds; ++round) {
    auto by_sharing = weigh_shared_facts(shared, sizes, same);
    usual = by_sharing.usual;
    evidence.parts = {std::move(by_sharing.part)};
    for (const auto& contrast : contrasts) evidence.parts.push_back(weigh(contrast, count, same));
    for (auto& part : evidence.parts) {
      if (part.name == kArgumentNames) only_against(part);
    }
    find_chances(evidence, same);
  }
  // What both state is seen, not inferred: it adds to what all views together can make certain.
  for (const auto& pair : shared) {
    const auto a = static_cast<std::size_t>(pair.a), b = static_cast<std::size_t>(pair.b);
    const double share = static_cast<double>(pair.shared) / (a == b ? sizes[a] / 2 : std::max(sizes[a], sizes[b]));
    const auto closer = static_cast<float>(kShareWeight * usual * share);
    auto& distance = evidence.distance[pair.swapped];
    distance[a * count + b] -= closer;
    if (a != b) distance[b * count + a] -= closer;
  }
  if (options.divergences) evidence.limit = limit_by_divergences(*options.divergences, same);
  return evidence;
}

formats::Similarity to_similarity(const Evidence& evidence, const formats::Similarity& original, Limited limited) {
  const std::size_t n = evidence.relations;
  formats::Similarity similarity;
  similarity.relations = original.relations;
  similarity.counts = original.counts;
  similarity.thin = original.thin;
  similarity.method = "evidence";
  similarity.divergence.assign(n * n, 0);
  similarity.swapped.assign(n * n, 0);
  core::parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t a = begin; a < end; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        // log(1 + exp(-x)) without overflow.
        const auto surprise = [&](bool swapped) {
          const double x = evidence.log_odds(a, b, swapped, limited);
          return x > 0 ? std::log1p(std::exp(-x)) : -x + std::log1p(std::exp(x));
        };
        if (a != b) similarity.divergence[a * n + b] = surprise(false);
        similarity.swapped[a * n + b] = surprise(true);
      }
    }
  });
  return similarity;
}

}  // namespace terse::relsim
