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

using Features = std::vector<std::vector<std::string>>;

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

/// A name's characters, three to five in a row, between marks of its ends; case and digits do not matter.
std::vector<std::string> character_grams(const std::string& name) {
  std::string text = "^";
  for (const char c : name) text += c >= '0' && c <= '9' ? '#' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text += '$';
  std::vector<std::string> grams;
  for (std::size_t length = 3; length <= 5; ++length) {
    for (std::size_t i = 0; i + length <= text.size(); ++i) grams.push_back(text.substr(i, length));
  }
  return grams;
}

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

/// Half of the likeness each.
const double kHalf = std::sqrt(0.5);

}  // namespace

PhraseKinds::PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
                         const std::vector<std::string>& phrases)
    : phrases_(phrases.size()) {
  const auto function_words = set_of_stems(kFunctionWords), prepositions = set_of_stems(kPrepositions);
  Features stems, words(phrases_), heads(phrases_), tails(phrases_), facts(phrases_);
  std::vector<std::string> preposition;  // the last one of each phrase; may be none
  for (std::size_t p = 0; p < phrases_; ++p) {
    stems.push_back(stems_of(phrases[p]));
    preposition.emplace_back();
    for (const auto& stem : stems[p]) {
      if (!function_words.contains(stem)) words[p].push_back(stem);
      if (prepositions.contains(stem)) preposition[p] = stem;
    }
  }
  // Entities that are tails, and what is said of each.
  std::map<std::int32_t, std::size_t> place;
  Features names, contexts;
  std::vector<std::vector<std::size_t>> tails_of(phrases_);
  for (const auto& t : triples) {
    const auto p = at(t.relation);
    const auto head = std::to_string(t.head), tail = std::to_string(t.tail);
    heads[p].push_back(head);
    tails[p].push_back(tail);
    facts[p].push_back(head + ' ' + tail);
    const auto [found, is_new] = place.emplace(t.tail, place.size());
    if (is_new) {
      names.push_back(character_grams(entities[at(t.tail)]));
      contexts.emplace_back();
    }
    auto& context = contexts[found->second];
    context.push_back("head " + head);
    context.push_back("after " + preposition[p]);
    for (const auto& stem : stems[p]) context.push_back("word " + stem);
    tails_of[p].push_back(found->second);
  }
  for (auto& group : tails_of) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
  }
  for (const auto* features : {&words, &heads, &tails, &facts}) rows_.push_back(rare_features(*features));
  scale_rows(rows_, kHalf);
  std::vector<SparseMatrix> kinds;
  for (const auto* features : {&names, &contexts}) {
    auto described = rare_features(*features);
    scale_rows(std::span(&described, 1), 1);
    kinds.push_back(sum_rows(described, tails_of));
  }
  scale_rows(kinds, kHalf);
  std::move(kinds.begin(), kinds.end(), std::back_inserter(rows_));
  compare();
}

void PhraseKinds::compare() {
  std::vector<SparseMatrix> by_feature;
  for (const auto& rows : rows_) by_feature.push_back(transpose(rows));
  likeness_.assign(phrases_ * phrases_, 0);
  std::vector<double> sums(phrases_);
  core::parallel_for(phrases_, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t a = begin; a < end; ++a) {
      const auto out = std::span(likeness_).subspan(a * phrases_, phrases_);
      for (std::size_t part = 0; part < rows_.size(); ++part) {
        const auto columns = rows_[part].columns_of(a);
        const auto values = rows_[part].values_of(a);
        for (std::size_t i = 0; i < columns.size(); ++i) {
          const auto others = by_feature[part].columns_of(at(columns[i]));
          const auto weights = by_feature[part].values_of(at(columns[i]));
          for (std::size_t k = 0; k < others.size(); ++k) out[at(others[k])] += values[i] * weights[k];
        }
      }
      out[a] = 1;
      for (auto& x : out) x = std::min(x, 1.0f);
      for (std::size_t b = 0; b < phrases_; ++b) sums[a] += b == a ? 0 : static_cast<double>(out[b]);
    }
  });
  double sum = 0;
  for (const double s : sums) sum += s;
  const auto n = static_cast<double>(phrases_);
  at_random_ = n > 1 ? sum / (n * (n - 1)) : 0;
}

std::array<double, PhraseKinds::kParts.size()> PhraseKinds::parts(std::span<const std::int32_t> a,
                                                                  std::span<const std::int32_t> b) const {
  std::array<double, kParts.size()> result{};
  for (std::size_t part = 0; part < rows_.size(); ++part) {
    // The mean of products is the product of means.
    std::map<std::int32_t, double> mean;
    for (const auto x : a) {
      const auto columns = rows_[part].columns_of(at(x));
      for (std::size_t i = 0; i < columns.size(); ++i) mean[columns[i]] += static_cast<double>(rows_[part].values_of(at(x))[i]);
    }
    for (const auto y : b) {
      const auto columns = rows_[part].columns_of(at(y));
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto found = mean.find(columns[i]);
        if (found != mean.end()) result[part] += found->second * static_cast<double>(rows_[part].values_of(at(y))[i]);
      }
    }
    result[part] /= static_cast<double>(a.size() * b.size());
  }
  return result;
}

formats::Similarity to_similarity(const PhraseKinds& kinds, const formats::Similarity& original) {
  const std::size_t n = kinds.phrases();
  formats::Similarity similarity;
  similarity.relations = original.relations;
  similarity.counts = original.counts;
  similarity.thin = original.thin;
  similarity.method = "phrases";
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      similarity.divergence.push_back(1 - kinds.likeness(a, b));
    }
  }
  return similarity;
}

}  // namespace terse::relsim
