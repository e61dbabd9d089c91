#include "terse/relsim/kb/pair_index.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace terse::relsim {
namespace {

std::uint64_t pair_of(std::int32_t head, std::int32_t tail) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(head)) << 32 | static_cast<std::uint32_t>(tail);
}

/// Finalizer of SplitMix64: spreads neighbouring ids over all bits.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

}  // namespace

PairIndex::PairIndex(std::span<const Triple> triples) {
  std::vector<std::pair<std::uint64_t, std::int32_t>> facts;
  facts.reserve(triples.size());
  for (const auto& t : triples) facts.emplace_back(pair_of(t.head, t.tail), t.relation);
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  for (const auto& [pair, relation] : facts) {
    if (pairs_.empty() || pairs_.back() != pair) {
      pairs_.push_back(pair);
      begin_.push_back(static_cast<std::uint32_t>(relations_.size()));
    }
    relations_.push_back(relation);
  }
  begin_.push_back(static_cast<std::uint32_t>(relations_.size()));
  slots_.resize(std::bit_ceil(2 * pairs_.size() + 1));
  for (std::size_t i = 0; i < pairs_.size(); ++i) slots_[slot_of(pairs_[i])] = static_cast<std::uint32_t>(i + 1);
}

std::size_t PairIndex::slot_of(std::uint64_t pair) const {
  const auto mask = slots_.size() - 1;
  auto slot = mixed(pair) & mask;
  while (slots_[slot] != 0 && pairs_[slots_[slot] - 1] != pair) slot = (slot + 1) & mask;
  return slot;
}

std::span<const std::int32_t> PairIndex::relations(std::int32_t head, std::int32_t tail) const {
  if (pairs_.empty()) return {};
  const auto found = slots_[slot_of(pair_of(head, tail))];
  if (found == 0) return {};
  return std::span(relations_).subspan(begin_[found - 1], begin_[found] - begin_[found - 1]);
}

bool PairIndex::contains(const Triple& triple) const {
  const auto found = relations(triple.head, triple.tail);
  return std::binary_search(found.begin(), found.end(), triple.relation);
}

}  // namespace terse::relsim
