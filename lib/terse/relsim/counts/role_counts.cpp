#include "terse/relsim/counts/role_counts.hpp"
#include "terse/relsim/kb/id.hpp"

#include <algorithm>
#include <numeric>

namespace terse::relsim {
RoleCounts::RoleCounts(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations)
    : entities_(entities), begin_(2 * at(relations) + 1), entity_(2 * triples.size()) {
  for (const auto& t : triples) {
    ++begin_[at(t.relation) + 1];
    ++begin_[at(relations + t.relation) + 1];
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  auto next = begin_;
  for (const auto& t : triples) {
    entity_[next[at(t.relation)]++] = t.head;
    entity_[next[at(relations + t.relation)]++] = t.tail;
  }
  for (std::size_t q = 0; q + 1 < begin_.size(); ++q) {
    std::sort(entity_.begin() + static_cast<std::ptrdiff_t>(begin_[q]),
              entity_.begin() + static_cast<std::ptrdiff_t>(begin_[q + 1]));
  }
}

double RoleCounts::facts(std::int32_t query) const {
  return static_cast<double>(begin_[at(query) + 1] - begin_[at(query)]);
}

double RoleCounts::count(std::int32_t query, std::int32_t entity) const {
  const auto own = std::span(entity_).subspan(begin_[at(query)], begin_[at(query) + 1] - begin_[at(query)]);
  const auto [low, high] = std::equal_range(own.begin(), own.end(), entity);
  return static_cast<double>(high - low);
}

}  // namespace terse::relsim
