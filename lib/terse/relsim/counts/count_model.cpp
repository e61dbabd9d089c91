#include "terse/relsim/counts/count_model.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/error.hpp"

namespace terse::relsim {

CountModel::CountModel(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations, double smoothing)
    : smoothing_(smoothing),
      base_(static_cast<std::size_t>(entities), 2),
      queries_(2 * static_cast<std::size_t>(relations)) {
  if (!(smoothing > 0)) throw Error(Error::Usage, "smoothing must be above 0");
  for (const auto& t : triples) {
    ++base_[static_cast<std::size_t>(t.head)];
    ++base_[static_cast<std::size_t>(t.tail)];
  }
  const double mass = 2 * (static_cast<double>(triples.size()) + static_cast<double>(entities));
  for (auto& value : base_) value /= mass;

  std::vector<std::vector<std::pair<std::int32_t, std::int32_t>>> pairs(queries_.size());
  for (const auto& t : triples) {
    pairs[static_cast<std::size_t>(t.relation)].emplace_back(t.head, t.tail);
    pairs[static_cast<std::size_t>(relations) + static_cast<std::size_t>(t.relation)].emplace_back(t.tail, t.head);
  }
  for (std::size_t q = 0; q < queries_.size(); ++q) {
    std::sort(pairs[q].begin(), pairs[q].end());
    auto& query = queries_[q];
    for (const auto& [head, tail] : pairs[q]) {
      if (query.heads.entity.empty() || query.heads.entity.back() != head) {
        query.heads.entity.push_back(head);
        query.heads.count.push_back(0);
        query.begin.push_back(query.tails.size());
      }
      ++query.heads.count.back();
      query.tails.push_back(tail);
    }
    query.begin.push_back(query.tails.size());
    query.heads.total = static_cast<double>(pairs[q].size());
    std::vector<std::pair<std::int32_t, std::int32_t>>().swap(pairs[q]);
  }
}

std::span<const std::int32_t> CountModel::tails_of(std::int32_t q, std::size_t i) const {
  const auto& query = queries_[static_cast<std::size_t>(q)];
  return std::span(query.tails).subspan(query.begin[i], query.begin[i + 1] - query.begin[i]);
}

double CountModel::smoothed(const SparseCounts& counts, std::int32_t entity) const {
  const auto at = std::lower_bound(counts.entity.begin(), counts.entity.end(), entity);
  const bool found = at != counts.entity.end() && *at == entity;
  const double count = found ? counts.count[static_cast<std::size_t>(at - counts.entity.begin())] : 0;
  return (count + smoothing_ * base(entity)) / (counts.total + smoothing_);
}

double CountModel::log_probability(std::int32_t q, std::int32_t head, std::int32_t tail) const {
  const auto& list = heads(q).entity;
  const auto at = std::lower_bound(list.begin(), list.end(), head);
  double p = smoothed(tails(q), tail);
  if (at != list.end() && *at == head) {
    const auto facts = tails_of(q, static_cast<std::size_t>(at - list.begin()));
    const double seen = std::binary_search(facts.begin(), facts.end(), tail) ? 1 : 0;
    p = (seen + smoothing_ * p) / (static_cast<double>(facts.size()) + smoothing_);
  }
  return std::log(smoothed(heads(q), head)) + std::log(p);
}

}  // namespace terse::relsim
