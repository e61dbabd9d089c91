#include "terse/relsim/prediction/count_scorer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/id.hpp"

namespace terse::relsim {
CountScorer::CountScorer(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations,
                         double smoothing)
    : smoothing_(smoothing), prior_(at(relations), 1), log_total_(at(relations), smoothing), base_(at(entities), 1) {
  if (!(smoothing > 0)) throw Error(Error::Usage, "smoothing must be above 0");
  for (const auto& t : triples) {
    ++prior_[at(t.relation)];
    ++log_total_[at(t.relation)];
    ++base_[at(t.head)];
    ++base_[at(t.tail)];
  }
  const auto facts = static_cast<double>(triples.size());
  for (auto& value : prior_) value = std::log(value / (facts + static_cast<double>(relations)));
  for (auto& value : log_total_) value = std::log(value);
  for (auto& value : base_) value /= 2 * facts + static_cast<double>(entities);
  heads_ = count_role(triples, &Triple::head);
  tails_ = count_role(triples, &Triple::tail);
}

CountScorer::Role CountScorer::count_role(std::span<const Triple> triples, std::int32_t Triple::*member) const {
  std::vector<std::pair<std::int32_t, std::int32_t>> uses;
  uses.reserve(triples.size());
  for (const auto& t : triples) uses.emplace_back(t.*member, t.relation);
  std::sort(uses.begin(), uses.end());
  Role role;
  role.begin.resize(base_.size() + 1);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (i == 0 || uses[i] != uses[i - 1]) {
      role.relation.push_back(uses[i].second);
      role.count.push_back(0);
      ++role.begin[at(uses[i].first) + 1];
    }
    ++role.count.back();
  }
  for (std::size_t e = 1; e < role.begin.size(); ++e) role.begin[e] += role.begin[e - 1];
  return role;
}

void CountScorer::add(const Role& role, std::int32_t entity, std::span<double> scores) const {
  const double unseen = smoothing_ * base_[at(entity)], log_unseen = std::log(unseen);
  for (std::size_t r = 0; r < scores.size(); ++r) scores[r] += log_unseen - log_total_[r];
  for (auto i = role.begin[at(entity)]; i < role.begin[at(entity) + 1]; ++i) {
    scores[at(role.relation[i])] += std::log(role.count[i] + unseen) - log_unseen;
  }
}

void CountScorer::score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const {
  std::vector<double> with_head = prior_;
  add(heads_, head, with_head);
  for (std::size_t i = 0; i < tails.size(); ++i) {
    const auto row = scores.subspan(i * prior_.size(), prior_.size());
    std::copy(with_head.begin(), with_head.end(), row.begin());
    add(tails_, tails[i], row);
  }
}

CountModelScorer::CountModelScorer(CountModel model, std::span<const std::int64_t> counts) : model_(std::move(model)) {
  const auto facts = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  for (const auto count : counts) {
    prior_.push_back(std::log((static_cast<double>(count) + 1) / (facts + static_cast<double>(counts.size()))));
  }
}

void CountModelScorer::score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const {
  for (std::size_t i = 0; i < tails.size(); ++i) {
    for (std::size_t r = 0; r < prior_.size(); ++r) {
      scores[i * prior_.size() + r] = prior_[r] + model_.log_probability(static_cast<std::int32_t>(r), head, tails[i]);
    }
  }
}

}  // namespace terse::relsim
