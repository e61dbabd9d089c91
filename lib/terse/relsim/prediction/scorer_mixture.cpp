#include "terse/relsim/prediction/scorer_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kCells = 1u << 25;  // of the table of scores
constexpr std::size_t kGrain = 256;       // facts whose sums are kept together
constexpr int kRounds = 30;

/// Scores [scorers][facts][R], less each row's largest: what softmax sees.
struct ScoreTable {
  std::vector<std::int32_t> truth;
  std::vector<std::span<const std::int32_t>> holds;  // relations of each fact's pair
  std::vector<std::vector<float>> scores;
  std::size_t relations = 0;
};

ScoreTable tabulate(const std::vector<const RelationScorer*>& scorers, std::span<const Triple> facts,
                    const PairIndex& known) {
  ScoreTable table;
  table.relations = static_cast<std::size_t>(scorers.front()->relations());
  const auto most = std::max<std::size_t>(1, kCells / (table.relations * scorers.size()));
  const auto count = std::min(facts.size(), most);
  std::vector<Triple> chosen(count);
  for (std::size_t i = 0; i < count; ++i) chosen[i] = facts[i * facts.size() / count];
  for (const auto& fact : chosen) {
    table.truth.push_back(fact.relation);
    table.holds.push_back(known.relations(fact.head, fact.tail));
  }
  // Facts come sorted by head; those of one head are scored together.
  std::vector<std::size_t> begin;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0 || chosen[i].head != chosen[i - 1].head) begin.push_back(i);
  }
  begin.push_back(count);
  for (const auto* scorer : scorers) {
    auto& into = table.scores.emplace_back(count * table.relations);
    core::parallel_for(begin.size() - 1, 16, [&](std::size_t first, std::size_t last) {
      std::vector<std::int32_t> tails;
      std::vector<double> row;
      for (auto n = first; n < last; ++n) {
        tails.clear();
        for (auto i = begin[n]; i < begin[n + 1]; ++i) tails.push_back(chosen[i].tail);
        row.resize(tails.size() * table.relations);
        scorer->score(chosen[begin[n]].head, tails, row);
        for (std::size_t i = 0; i < tails.size(); ++i) {
          const auto from = row.begin() + static_cast<std::ptrdiff_t>(i * table.relations);
          const double largest = *std::max_element(from, from + static_cast<std::ptrdiff_t>(table.relations));
          std::transform(from, from + static_cast<std::ptrdiff_t>(table.relations),
                         into.begin() + static_cast<std::ptrdiff_t>((begin[n] + i) * table.relations),
                         [&](double score) { return static_cast<float>(score - largest); });
        }
      }
    });
  }
  return table;
}

/// What Newton's method and iterative scaling need at some weights and biases.
struct MixtureMoments {
  double loss = 0;               // -Σ log P(truth)
  std::vector<double> gradient;  // [K] of the loss in the weights
  std::vector<double> hessian;   // [K, K]
  std::vector<double> expected;  // [R] Σ P(r)

  void add(const MixtureMoments& other) {
    loss += other.loss;
    const auto add = [](std::vector<double>& into, const std::vector<double>& from) {
      for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
    };
    add(gradient, other.gradient);
    add(hessian, other.hessian);
    add(expected, other.expected);
  }
};

MixtureMoments zero_moments(std::size_t k, std::size_t relations) {
  return {0, std::vector<double>(k), std::vector<double>(k * k), std::vector<double>(relations)};
}

void add_fact(const ScoreTable& table, std::size_t i, std::span<const double> weights, std::span<const double> biases,
              std::vector<double>& p, MixtureMoments& into) {
  const auto k = weights.size(), relations = table.relations;
  std::copy(biases.begin(), biases.end(), p.begin());
  for (std::size_t a = 0; a < k; ++a) {
    const float* scores = table.scores[a].data() + i * relations;
    for (std::size_t r = 0; r < relations; ++r) p[r] += weights[a] * static_cast<double>(scores[r]);
  }
  const auto truth = static_cast<std::size_t>(table.truth[i]);
  // What holds as well is no wrong answer: it takes no part.
  for (const auto r : table.holds[i]) {
    if (r != table.truth[i]) p[static_cast<std::size_t>(r)] = -INFINITY;
  }
  const double own = p[truth], largest = *std::max_element(p.begin(), p.end());
  double total = 0;
  for (auto& value : p) total += value = std::exp(value - largest);
  into.loss += std::log(total) + largest - own;
  for (std::size_t r = 0; r < relations; ++r) into.expected[r] += p[r] /= total;
  std::vector<double> mean(k);
  for (std::size_t a = 0; a < k; ++a) {
    const float* scores = table.scores[a].data() + i * relations;
    for (std::size_t r = 0; r < relations; ++r) mean[a] += p[r] * static_cast<double>(scores[r]);
    into.gradient[a] += mean[a] - static_cast<double>(scores[truth]);
  }
  for (std::size_t a = 0; a < k; ++a) {
    const float* x = table.scores[a].data() + i * relations;
    for (std::size_t b = 0; b <= a; ++b) {
      const float* y = table.scores[b].data() + i * relations;
      double product = 0;
      for (std::size_t r = 0; r < relations; ++r)
        product += p[r] * static_cast<double>(x[r]) * static_cast<double>(y[r]);
      into.hessian[a * k + b] += product - mean[a] * mean[b];
      if (a != b) into.hessian[b * k + a] += product - mean[a] * mean[b];
    }
  }
}

MixtureMoments moments(const ScoreTable& table, std::span<const double> weights, std::span<const double> biases) {
  const auto facts = table.truth.size();
  std::vector<MixtureMoments> parts((facts + kGrain - 1) / kGrain);
  core::parallel_for(parts.size(), 1, [&](std::size_t first, std::size_t last) {
    std::vector<double> p(table.relations);
    for (auto part = first; part < last; ++part) {
      parts[part] = zero_moments(weights.size(), table.relations);
      for (auto i = part * kGrain; i < std::min(facts, (part + 1) * kGrain); ++i) {
        add_fact(table, i, weights, biases, p, parts[part]);
      }
    }
  });
  auto sum = zero_moments(weights.size(), table.relations);
  for (const auto& part : parts) sum.add(part);
  return sum;
}

/// Solves (hessian + ridge) x = gradient by Cholesky's factorization.
std::vector<double> newton_step(const MixtureMoments& m, double ridge) {
  const auto k = m.gradient.size();
  auto l = m.hessian;
  for (std::size_t a = 0; a < k; ++a) l[a * k + a] += ridge * (1 + l[a * k + a]);
  for (std::size_t a = 0; a < k; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = l[a * k + b];
      for (std::size_t c = 0; c < b; ++c) sum -= l[a * k + c] * l[b * k + c];
      l[a * k + b] = a == b ? std::sqrt(std::max(sum, 1e-12)) : sum / l[b * k + b];
    }
  }
  auto x = m.gradient;
  for (std::size_t a = 0; a < k; ++a) {
    for (std::size_t c = 0; c < a; ++c) x[a] -= l[a * k + c] * x[c];
    x[a] /= l[a * k + a];
  }
  for (std::size_t a = k; a-- > 0;) {
    for (std::size_t c = a + 1; c < k; ++c) x[a] -= l[c * k + a] * x[c];
    x[a] /= l[a * k + a];
  }
  return x;
}

}  // namespace

ScorerMixture::ScorerMixture(std::vector<const RelationScorer*> scorers, std::vector<double> weights,
                             std::vector<double> biases)
    : scorers_(std::move(scorers)), weights_(std::move(weights)), biases_(std::move(biases)) {
  for (const auto* scorer : scorers_) {
    if (scorer->relations() != scorers_.front()->relations() ||
        biases_.size() != static_cast<std::size_t>(scorer->relations())) {
      throw Error(Error::Internal, "scorers of different relations cannot be mixed");
    }
  }
}

void ScorerMixture::score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const {
  const auto relations = biases_.size();
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = biases_[i % relations];
  std::vector<double> part(scores.size());
  for (std::size_t k = 0; k < scorers_.size(); ++k) {
    scorers_[k]->score(head, tails, part);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += weights_[k] * part[i];
  }
}

ScorerMixture learn_mixture(std::vector<const RelationScorer*> scorers, std::span<const Triple> facts,
                            const PairIndex& known, const MixtureOptions& options) {
  if (facts.empty()) throw Error(Error::Usage, "there are no facts to learn a mixture from");
  const auto table = tabulate(scorers, facts, known);
  const auto k = scorers.size();
  std::vector<double> weights(k, options.learn_weights ? 1 / static_cast<double>(k) : 1), biases(table.relations);
  std::vector<double> observed(table.relations);
  for (const auto r : table.truth) ++observed[static_cast<std::size_t>(r)];
  double loss = INFINITY, ridge = 1e-6;
  auto now = moments(table, weights, biases);
  for (int round = 0; round < kRounds; ++round) {
    auto next_weights = weights;
    auto next_biases = biases;
    if (options.learn_weights) {
      const auto step = newton_step(now, ridge);
      for (std::size_t a = 0; a < k; ++a) next_weights[a] -= step[a];
    }
    if (options.learn_biases) {
      for (std::size_t r = 0; r < biases.size(); ++r) {
        next_biases[r] += std::log((observed[r] + options.prior) / (now.expected[r] + options.prior));
      }
    }
    const auto next = moments(table, next_weights, next_biases);
    if (!(next.loss < now.loss)) {  // too far: shorter steps
      ridge = std::max(ridge * 100, 1e-4);
      if (ridge > 1e6) break;
      if (!options.learn_weights) break;
      continue;
    }
    weights = std::move(next_weights);
    biases = std::move(next_biases);
    now = next;
    if (loss - now.loss < 1e-6 * now.loss) break;
    loss = now.loss;
    ridge = std::max(ridge / 10, 1e-6);
  }
  return {std::move(scorers), std::move(weights), std::move(biases)};
}

}  // namespace terse::relsim
