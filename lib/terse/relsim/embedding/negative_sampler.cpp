#include "terse/relsim/embedding/negative_sampler.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

constexpr int kAttempts = 32;                         // before a negative is given up
constexpr std::uint64_t kBlocksPerFact = 1ull << 20;  // of the random stream

/// Of 2^32, how often to replace a fact's head: tails per head / (tails per head + heads per tail).
std::vector<std::uint64_t> bernoulli_shares(std::span<const Triple> facts, std::int32_t relations) {
  const auto rows = static_cast<std::size_t>(relations);
  std::vector<double> count(rows), heads(rows), tails(rows);
  std::vector<std::pair<std::int32_t, std::int32_t>> by_head, by_tail;
  for (const auto& t : facts) {
    ++count[static_cast<std::size_t>(t.relation)];
    by_head.emplace_back(t.relation, t.head);
    by_tail.emplace_back(t.relation, t.tail);
  }
  const auto add_distinct = [](auto& pairs, std::vector<double>& into) {
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    for (const auto& pair : pairs) ++into[static_cast<std::size_t>(pair.first)];
  };
  add_distinct(by_head, heads);
  add_distinct(by_tail, tails);
  std::vector<std::uint64_t> shares(rows, 1ull << 31);
  for (std::size_t r = 0; r < rows; ++r) {
    if (count[r] == 0) continue;
    const double tails_per_head = count[r] / heads[r], heads_per_tail = count[r] / tails[r];
    shares[r] = static_cast<std::uint64_t>(0x1p32 * tails_per_head / (tails_per_head + heads_per_tail));
  }
  return shares;
}

}  // namespace

/// The words of one fact's part of a random stream.
class NegativeSampler::Words {
 public:
  Words(const core::StreamWords& key, std::uint64_t number) : key_(key), block_(number * kBlocksPerFact) {}

  std::uint32_t next() {
    if (used_ == 4) {
      words_ = core::philox4x32_10(
          {static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32), key_.upper[0], key_.upper[1]},
          key_.key);
      ++block_;
      used_ = 0;
    }
    return words_[used_++];
  }
  /// Uniform below `bound`, but for 2^-32 · bound.
  std::int32_t below(std::int32_t bound) {
    return static_cast<std::int32_t>(static_cast<std::uint64_t>(next()) * static_cast<std::uint64_t>(bound) >> 32);
  }

 private:
  const core::StreamWords& key_;
  std::uint64_t block_;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
};

NegativeSampler::NegativeSampler(std::span<const Triple> facts, std::int32_t entities, std::int32_t relations,
                                 const NegativeOptions& options, std::vector<double> divergences)
    : entities_(entities),
      relations_(relations),
      options_(options),
      known_(facts),
      divergences_(std::move(divergences)) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(options.count >= 1 && options.count <= 65536, "there must be 1 to 65536 negatives a fact");
  require(options.corrupt == Corrupt::Entities || relations > 1,
          "relations cannot be replaced where there is only one");
  require(options.draw != Draw::Bernoulli || options.corrupt != Corrupt::Relations,
          "Bernoulli negatives replace entities");
  require(options.draw != Draw::Similarity || options.corrupt != Corrupt::Entities,
          "similarity-aware negatives replace relations");
  const auto cells = static_cast<std::size_t>(relations) * static_cast<std::size_t>(relations);
  require(options.draw != Draw::Similarity || divergences_.size() == cells,
          "a divergence is needed for each pair of relations");
  if (options.draw == Draw::Bernoulli) head_share_ = bernoulli_shares(facts, relations);
}

void NegativeSampler::set_temperature(double tau) {
  if (options_.draw != Draw::Similarity) return;
  if (!(tau > 0)) throw Error(Error::Usage, "τ must be above 0");
  const auto n = static_cast<std::size_t>(relations_);
  similar_.resize(n);
  core::parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<double> weights(n);
    for (auto r = begin; r < end; ++r) {
      const auto* row = divergences_.data() + r * n;
      // Measured from the nearest other relation, so that no τ makes every weight vanish.
      double least = INFINITY;
      for (std::size_t s = 0; s < n; ++s) least = s == r ? least : std::min(least, row[s]);
      for (std::size_t s = 0; s < n; ++s)
        weights[s] = s == r || !(row[s] < INFINITY) ? 0 : std::exp((least - row[s]) / tau);
      // Where no other relation is at a finite divergence, all are as good.
      if (!(least < INFINITY)) {
        std::fill(weights.begin(), weights.end(), 1);
        weights[r] = 0;
      }
      similar_[r] = AliasTable(weights);
    }
  });
}

Triple NegativeSampler::candidate(const Triple& fact, Words& words) const {
  auto changed = fact;
  const bool relation =
      options_.corrupt == Corrupt::Relations || (options_.corrupt == Corrupt::Both && (words.next() & 1) != 0);
  if (relation && options_.draw == Draw::Similarity) {
    const auto place = words.next();
    changed.relation = similar_[static_cast<std::size_t>(fact.relation)].draw(place, words.next());
  } else if (relation) {
    changed.relation = words.below(relations_ - 1);  // any other
    changed.relation += changed.relation >= fact.relation;
  } else {
    const auto share = head_share_.empty() ? 1ull << 31 : head_share_[static_cast<std::size_t>(fact.relation)];
    const bool head = words.next() < share;
    (head ? changed.head : changed.tail) = words.below(entities_);
  }
  return changed;
}

void NegativeSampler::draw(const Triple& fact, const core::StreamWords& key, std::uint64_t number,
                           std::vector<Triple>& into) const {
  Words words(key, number);
  for (std::int64_t i = 0; i < options_.count; ++i) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const auto changed = candidate(fact, words);
      if (known_.contains(changed)) continue;
      into.push_back(changed);
      break;
    }
  }
}

}  // namespace terse::relsim
