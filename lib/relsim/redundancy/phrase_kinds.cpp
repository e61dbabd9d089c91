#include "terse/relsim/redundancy/phrase_kinds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "terse/core/parallel.hpp"
#include "terse/relsim/redundancy/feature_rows.hpp"
#include "terse/relsim/redundancy/phrase_similarity.hpp"

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

/// Calls visit(characters) for a name's characters, three to five in a row, between marks of its ends; case and digits do
/// not matter.
template <class Visit>
void each_gram(const std::string& name, Visit visit) {
  std::string text = "^";
  for (const char c : name) text += c >= '0' && c <= '9' ? '#' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text += '$';
  for (std::size_t length = 3; length <= 5; ++length) {
    for (std::size_t i = 0; i + length <= text.size(); ++i) visit(std::string_view(text).substr(i, length));
  }
}

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// What more phrases have in common tells them apart least, and comparing by it takes a time that grows with the square of
// their number: where there are many phrases it is left out.
constexpr std::size_t kManyPhrases = 20000, kMostInCommon = 2000;

/// Half of the likeness each.
const double kHalf = std::sqrt(0.5);

}  // namespace

PhraseKinds::PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
                         const std::vector<std::string>& phrases)
    : phrases_(phrases.size()) {
  const auto function_words = set_of_stems(kFunctionWords), prepositions = set_of_stems(kPrepositions);
  FeatureRows words(phrases_), heads(phrases_), tails(phrases_), facts(phrases_);
  std::vector<std::vector<std::string>> stems;
  std::vector<std::string> preposition;  // the last one of each phrase; may be none
  for (std::size_t p = 0; p < phrases_; ++p) {
    stems.push_back(stems_of(phrases[p]));
    preposition.emplace_back();
    for (const auto& stem : stems[p]) {
      if (!function_words.contains(stem)) words.add(p, stem);
      if (prepositions.contains(stem)) preposition[p] = stem;
    }
  }
  // Entities that are tails, and what is said of each.
  std::map<std::int32_t, std::size_t> place;
  FeatureRows names, contexts;
  std::vector<std::vector<std::size_t>> tails_of(phrases_);
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
    for (const auto& stem : stems[p]) contexts.add(tail_row, "word " + stem);
    tails_of[p].push_back(tail_row);
  }
  for (auto& group : tails_of) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
  }
  std::vector<SparseMatrix> rows;  // one a part
  for (auto* features : {&words, &heads, &tails, &facts}) {
    rows.push_back(features->by_rarity());
    if (phrases_ > kManyPhrases) leave_out_common(rows.back(), kMostInCommon);
  }
  scale_rows(rows, kHalf);
  std::vector<SparseMatrix> kinds;
  for (auto* features : {&names, &contexts}) {
    auto described = features->by_rarity();
    scale_rows(std::span(&described, 1), 1);
    kinds.push_back(sum_rows(described, tails_of));
    if (phrases_ > kManyPhrases) leave_out_common(kinds.back(), kMostInCommon);
  }
  scale_rows(kinds, kHalf);
  std::move(kinds.begin(), kinds.end(), std::back_inserter(rows));
  for (std::size_t part = 0; part < rows.size(); ++part) {
    part_end_[part] = (part > 0 ? part_end_[part - 1] : 0) + rows[part].columns;
  }
  features_ = side_by_side(rows);
  // Over all pairs the products of sums, less each phrase's with itself.
  std::vector<double> all(at(features_.columns));
  double sum = 0;
  for (std::size_t i = 0; i < features_.column.size(); ++i) {
    const auto x = static_cast<double>(features_.value[i]);
    all[at(features_.column[i])] += x;
    sum -= x * x;
  }
  for (const double x : all) sum += x * x;
  const auto n = static_cast<double>(phrases_);
  at_random_ = n > 1 ? sum / (n * (n - 1)) : 0;
}

double PhraseKinds::likeness(std::size_t a, std::size_t b) const {
  if (a == b) return 1;
  const auto x = features_.columns_of(a), y = features_.columns_of(b);
  const auto x_values = features_.values_of(a), y_values = features_.values_of(b);
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i] == y[j]) sum += static_cast<double>(x_values[i++]) * static_cast<double>(y_values[j++]);
    else if (x[i] < y[j]) ++i;
    else ++j;
  }
  return std::min(sum, 1.0);
}

std::size_t PhraseKinds::part_of(std::int32_t feature) const {
  return static_cast<std::size_t>(std::upper_bound(part_end_.begin(), part_end_.end(), feature) - part_end_.begin());
}

formats::Similarity to_similarity(const PhraseKinds& kinds, const formats::Similarity& original) {
  const std::size_t n = kinds.phrases();
  formats::Similarity similarity;
  similarity.relations = original.relations;
  similarity.counts = original.counts;
  similarity.thin = original.thin;
  similarity.method = "phrases";
  similarity.divergence.assign(n * n, 1);
  const auto phrases_with = transpose(kinds.features());
  core::parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    for (auto a = begin; a < end; ++a) {
      const auto row = std::span(similarity.divergence).subspan(a * n, n);
      const auto columns = kinds.features().columns_of(a);
      const auto values = kinds.features().values_of(a);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto others = phrases_with.columns_of(at(columns[i]));
        const auto weights = phrases_with.values_of(at(columns[i]));
        for (std::size_t k = 0; k < others.size(); ++k) {
          row[at(others[k])] -= static_cast<double>(values[i]) * static_cast<double>(weights[k]);
        }
      }
      row[a] = 0;
      for (auto& x : row) x = std::max(x, 0.0);
    }
  });
  return similarity;
}

}  // namespace terse::relsim
