#include "terse/relsim/phrases/phrase_features.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/phrases/phrase_form.hpp"
#include "terse/relsim/phrases/phrase_similarity.hpp"
#include "terse/relsim/sparse/feature_rows.hpp"
#include "terse/relsim/sparse/name_grams.hpp"

namespace terse::relsim {
namespace {

constexpr const char* kFunctionWords =
    "be is was were are been being am have has had do does did will would can could may might shall should must to not "
    "the a an his her its their my your our this that these those some any one s he she it they";
constexpr const char* kPrepositions =
    "in on at of to for from by with as about into over under after before between through during against near within "
    "without along around";

std::set<std::string> set_of_stems(const char* words) {
  const auto stems = stems_of(words);
  return {stems.begin(), stems.end()};
}

// What more phrases have in common tells them apart least, and comparing by it takes a time that grows with the square
// of their number: where there are many phrases it is left out.
constexpr std::size_t kManyPhrases = 20000, kMostInCommon = 2000;

/// Half of the likeness each.
const double kHalf = std::sqrt(0.5);

}  // namespace

std::string gist_of(const std::string& phrase) {
  static const auto function_words = set_of_stems(kFunctionWords), prepositions = set_of_stems(kPrepositions);
  std::string gist;
  bool says_something = false;
  for (const auto& stem : stems_of(without_adverbs(phrase))) {
    if (function_words.contains(stem)) continue;
    gist += (gist.empty() ? "" : " ") + stem;
    says_something |= !prepositions.contains(stem);
  }
  return says_something ? gist : "";
}

PhraseFeatures features_of(std::span<const Triple> triples, const std::vector<std::string>& entities,
                           const std::vector<PhraseStems>& phrases) {
  const auto function_words = set_of_stems(kFunctionWords), prepositions = set_of_stems(kPrepositions);
  FeatureRows words(phrases.size()), heads(phrases.size()), tails(phrases.size()), facts(phrases.size());
  std::vector<std::string> preposition;  // the last one of each phrase; may be none
  for (std::size_t p = 0; p < phrases.size(); ++p) {
    preposition.emplace_back();
    for (const auto& stem : phrases[p].core) {
      if (!function_words.contains(stem)) words.add(p, stem);
    }
    for (const auto& stem : phrases[p].all) {
      if (prepositions.contains(stem)) preposition[p] = stem;
    }
  }
  // Entities that are tails, and what is said of each.
  std::map<std::int32_t, std::size_t> place;
  FeatureRows names, contexts;
  std::vector<std::vector<std::size_t>> tails_of(phrases.size());
  for (const auto& t : triples) {
    const auto p = at(t.relation);
    const auto head = std::to_string(t.head), tail = std::to_string(t.tail);
    heads.add(p, head);
    tails.add(p, tail);
    facts.add(p, head + ' ' + tail);
    const auto [found, is_new] = place.emplace(t.tail, place.size());
    const auto tail_row = found->second;
    if (is_new) {
      names.add_row();
      each_gram(entities[at(t.tail)], [&](std::string_view gram) { names.add(tail_row, gram); });
      contexts.add_row();
    }
    contexts.add(tail_row, "head " + head);
    contexts.add(tail_row, "after " + preposition[p]);
    for (const auto& stem : phrases[p].all) contexts.add(tail_row, "word " + stem);
    tails_of[p].push_back(tail_row);
  }
  for (auto& group : tails_of) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
  }
  std::vector<SparseMatrix> rows;  // one a part
  for (auto* part : {&words, &heads, &tails, &facts}) {
    rows.push_back(part->by_rarity());
    if (phrases.size() > kManyPhrases) leave_out_common(rows.back(), kMostInCommon);
  }
  scale_rows(rows, kHalf);
  std::vector<SparseMatrix> kinds;
  for (auto* part : {&names, &contexts}) {
    auto described = part->by_rarity();
    scale_rows(std::span(&described, 1), 1);
    kinds.push_back(sum_rows(described, tails_of));
    if (phrases.size() > kManyPhrases) leave_out_common(kinds.back(), kMostInCommon);
  }
  scale_rows(kinds, kHalf);
  std::move(kinds.begin(), kinds.end(), std::back_inserter(rows));
  PhraseFeatures features;
  for (std::size_t part = 0; part < rows.size(); ++part) {
    features.part_end[part] = (part > 0 ? features.part_end[part - 1] : 0) + rows[part].columns;
  }
  features.rows = side_by_side(rows);
  return features;
}

}  // namespace terse::relsim
