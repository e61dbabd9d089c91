#include "terse/relsim/merging/pair_explanation.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/id.hpp"

namespace terse::relsim {
namespace {

std::int32_t relation_called(const formats::Similarity& similarity, std::string_view name) {
  const auto found = std::ranges::find(similarity.relations, name);
  if (found == similarity.relations.end()) {
    throw Error(Error::Usage, "there is no relation '" + std::string(name) + "'");
  }
  return static_cast<std::int32_t>(found - similarity.relations.begin());
}

PairVerdict verdict_of(const PairExplanation& pair, bool merge_thin) {
  if (!pair.thin.empty() && !merge_thin) return PairVerdict::TooFewFacts;
  if (pair.chance >= pair.needed) return PairVerdict::Merged;
  if (pair.chance_as_estimated >= pair.needed) return PairVerdict::IntervalTooWide;
  if (pair.chance_by_facts >= pair.needed) return PairVerdict::OthersAsClose;
  return PairVerdict::Unlikely;
}

std::vector<PairExplanation::Part> parts_of(const Evidence& evidence, std::int32_t a, std::int32_t b) {
  std::vector<PairExplanation::Part> parts;
  const auto pair = at(a) * evidence.relations + at(b);
  const auto add = [&](const std::string& name, const std::vector<float>(&ratio)[2]) {
    for (const bool swapped : {false, true}) {
      if (ratio[swapped].empty() || (!swapped && a == b)) continue;
      const auto value = static_cast<double>(ratio[swapped][pair]);
      parts.push_back({name, swapped, std::isfinite(value) ? std::optional(value) : std::nullopt});
    }
  };
  for (const auto& part : evidence.parts) add(part.name, part.ratio);
  add("at most, by the model", evidence.limit.upper);
  if (evidence.limit.has_intervals()) add("at most, were there no interval", evidence.limit.estimate);
  return parts;
}

}  // namespace

PairExplanation explain_pair(const Evidence& evidence, const formats::Similarity& similarity, const StoredFacts& facts,
                             std::string_view a, std::string_view b, const EvidenceMerging& options) {
  PairExplanation pair;
  pair.a = relation_called(similarity, a);
  pair.b = relation_called(similarity, b);
  const auto odds = [&](bool swapped, LimitedBy limit = LimitedBy::UpperBound) {
    return evidence.log_odds(at(pair.a), at(pair.b), swapped, limit);
  };
  pair.swapped = pair.a == pair.b || (options.inverses && odds(true) > odds(false));
  const auto chance = [&](LimitedBy limit) { return 1 / (1 + std::exp(-odds(pair.swapped, limit))); };
  pair.log_odds = odds(pair.swapped);
  pair.chance = chance(LimitedBy::UpperBound);
  pair.chance_as_estimated = chance(LimitedBy::Estimate);
  pair.chance_by_facts = chance(LimitedBy::Nothing);
  pair.needed = std::exp(-options.merge_threshold());
  for (const auto relation : pair.a == pair.b ? std::vector{pair.a} : std::vector{pair.a, pair.b}) {
    if (!similarity.thin.empty() && similarity.thin[at(relation)]) pair.thin.push_back(relation);
  }
  pair.verdict = verdict_of(pair, options.merge_thin);
  pair.parts = parts_of(evidence, pair.a, pair.b);
  pair.facts = compare_facts(facts.triples, pair.a, pair.b);
  return pair;
}

}  // namespace terse::relsim
