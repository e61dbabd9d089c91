#include "terse/relsim/kb/knowledge_base.hpp"

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {

std::vector<std::int64_t> KnowledgeBase::relation_counts() const {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(relations.size()));
  for (const auto& triple : triples) ++counts[static_cast<std::size_t>(triple.relation)];
  return counts;
}

std::size_t make_distinct(std::vector<Triple>& triples) {
  const auto before = triples.size();
  std::sort(triples.begin(), triples.end());
  triples.erase(std::unique(triples.begin(), triples.end()), triples.end());
  return before - triples.size();
}

std::pair<std::vector<Triple>, std::vector<Triple>> hold_out(std::span<const Triple> triples, double share,
                                                             std::uint64_t seed) {
  if (share < 0 || share >= 1) throw Error(Error::Usage, "the held-out share must be in [0, 1)");
  std::int32_t relations = 0;
  for (const auto& triple : triples) relations = std::max(relations, triple.relation + 1);
  std::vector<std::size_t> left(static_cast<std::size_t>(relations));
  for (const auto& triple : triples) ++left[static_cast<std::size_t>(triple.relation)];

  std::pair<std::vector<Triple>, std::vector<Triple>> parts;
  core::RandomSequence random({seed, core::stream_of("relsim/held-out"), 0});
  for (const auto& triple : triples) {
    auto& remaining = left[static_cast<std::size_t>(triple.relation)];
    const bool held = random.uniform() < share && remaining > 1;
    if (held) --remaining;
    (held ? parts.second : parts.first).push_back(triple);
  }
  return parts;
}

}  // namespace terse::relsim
