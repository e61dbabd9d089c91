#include "terse/relsim/phrases/phrase_kinds.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "terse/core/parallel.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/phrases/phrase_form.hpp"
#include "terse/relsim/phrases/phrase_similarity.hpp"

namespace terse::relsim {
namespace {

using Stems = std::vector<PhraseStems>;

/// The stems of a passive phrase that is turned round: what "founded by" says of the firm, "founded" says of the
/// person.
PhraseStems turned_stems(PhraseStems stems) {
  for (auto* words : {&stems.all, &stems.core}) words->pop_back();  // "by"
  return stems;
}

Triple turned_triple(const Triple& t) { return {.head = t.tail, .relation = t.relation, .tail = t.head}; }

/// Scalar product of two rows but for the columns before `first`.
double product_from(const SparseMatrix& rows, std::int32_t first, std::size_t a, std::size_t b) {
  const auto x = rows.columns_of(a), y = rows.columns_of(b);
  const auto x_values = rows.values_of(a), y_values = rows.values_of(b);
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i] == y[j]) {
      if (x[i] >= first) sum += static_cast<double>(x_values[i]) * static_cast<double>(y_values[j]);
      ++i, ++j;
    } else {
      ++(x[i] < y[j] ? i : j);
    }
  }
  return sum;
}

/// Which passive phrases are to be turned round: those whose arguments are, turned, more like those of other phrases
/// with their verb than as they stand; where nothing is known of that, those that have an other one that ends in the
/// verb.
std::vector<std::uint8_t> choose_turned(std::span<const Triple> triples, const std::vector<std::string>& entities,
                                        Stems stems, const std::vector<PhraseForm>& forms) {
  const auto phrases = forms.size();
  std::vector<std::uint8_t> turned(phrases);
  std::map<std::string, std::vector<std::size_t>> active;  // by stem, of the passive phrases' verbs
  const auto verb_of = [&](std::size_t p) {
    const auto verb = stems_of(forms[p].passive);
    return verb.empty() ? std::string() : verb.back();
  };
  for (std::size_t p = 0; p < phrases; ++p) {
    turned[p] = !forms[p].passive.empty();
    if (turned[p]) active[verb_of(p)];
  }
  if (active.empty()) return turned;
  for (std::size_t p = 0; p < phrases; ++p) {
    if (turned[p]) continue;
    for (const auto& stem : stems[p].all) {
      if (const auto found = active.find(stem); found != active.end()) found->second.push_back(p);
    }
  }
  // Passive phrases are looked at twice: as they stand, and turned round in a row of their own.
  std::vector<Triple> facts(triples.begin(), triples.end());
  std::vector<std::int32_t> copy(phrases, -1);
  for (std::size_t p = 0; p < phrases; ++p) {
    if (!turned[p]) continue;
    turned[p] = !active[verb_of(p)].empty();
    if (!turned[p]) continue;
    copy[p] = static_cast<std::int32_t>(stems.size());
    stems.push_back(turned_stems(stems[p]));
  }
  if (stems.size() == phrases) return turned;
  for (const auto& t : triples) {
    if (copy[at(t.relation)] < 0) continue;
    facts.push_back(turned_triple(t));
    facts.back().relation = copy[at(t.relation)];
  }
  const auto features = features_of(facts, entities, stems);
  for (std::size_t p = 0; p < phrases; ++p) {
    if (copy[p] < 0) continue;
    double difference = 0;
    bool has_active = false;
    for (const auto other : active[verb_of(p)]) {
      const auto words_end = features.part_end[0];
      difference +=
          product_from(features.rows, words_end, at(copy[p]), other) - product_from(features.rows, words_end, p, other);
      has_active |= stems[other].all.back() == verb_of(p);
    }
    turned[p] = difference > 0 || (difference == 0 && has_active);
  }
  return turned;
}

}  // namespace

PhraseKinds::PhraseKinds(std::span<const Triple> triples, const std::vector<std::string>& entities,
                         const std::vector<std::string>& phrases, bool turn_passive)
    : phrases_(phrases.size()), turned_(phrases.size()) {
  Stems stems;
  std::vector<PhraseForm> forms;
  for (const auto& phrase : phrases) {
    stems.push_back({stems_of(phrase), stems_of(without_adverbs(phrase))});
    forms.push_back(form_of(phrase));
    negated_.push_back(forms.back().negated);
  }
  std::vector<Triple> facts(triples.begin(), triples.end());
  if (turn_passive) {
    turned_ = choose_turned(triples, entities, stems, forms);
    for (std::size_t p = 0; p < phrases_; ++p) {
      if (turned_[p]) stems[p] = turned_stems(stems[p]);
    }
    for (auto& t : facts) {
      if (turned_[at(t.relation)]) t = turned_triple(t);
    }
  }
  auto features = features_of(facts, entities, stems);
  part_end_ = features.part_end;
  features_ = std::move(features.rows);
  find_at_random();
}

void PhraseKinds::find_at_random() {
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

PhraseKinds PhraseKinds::weighed(double share) const {
  PhraseKinds result = *this;
  const auto made_of_end = part_end_[PhraseFeatures::kMadeOf - 1];
  const auto made_of = static_cast<float>(std::sqrt(2 * share)), kinds = static_cast<float>(std::sqrt(2 * (1 - share)));
  for (std::size_t i = 0; i < features_.column.size(); ++i) {
    result.features_.value[i] *= features_.column[i] < made_of_end ? made_of : kinds;
  }
  result.find_at_random();
  return result;
}

PhraseKinds PhraseKinds::undenied() const {
  PhraseKinds result = *this;
  result.negated_.assign(phrases_, 0);
  return result;
}

PhraseKinds PhraseKinds::by(SparseMatrix features) const {
  PhraseKinds result = *this;
  result.features_ = std::move(features);
  result.part_end_.fill(result.features_.columns);
  result.find_at_random();
  return result;
}

double PhraseKinds::likeness(std::size_t a, std::size_t b) const {
  return a == b ? 1 : std::min(product_from(features_, 0, a, b), 1.0);
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
  const bool some_turned = std::ranges::count(kinds.turned(), 1) > 0;
  if (some_turned) similarity.swapped.assign(n * n, 1);
  const auto phrases_with = transpose(kinds.features());
  core::parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<double> unlike;
    for (auto a = begin; a < end; ++a) {
      unlike.assign(n, 1);
      const auto columns = kinds.features().columns_of(a);
      const auto values = kinds.features().values_of(a);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto others = phrases_with.columns_of(at(columns[i]));
        const auto weights = phrases_with.values_of(at(columns[i]));
        for (std::size_t k = 0; k < others.size(); ++k) {
          unlike[at(others[k])] -= static_cast<double>(values[i]) * static_cast<double>(weights[k]);
        }
      }
      unlike[a] = 0;
      for (std::size_t b = 0; b < n; ++b) {
        if (kinds.negated()[a] != kinds.negated()[b]) continue;
        auto& matrix = kinds.turned()[a] == kinds.turned()[b] ? similarity.divergence : similarity.swapped;
        matrix[a * n + b] = std::max(unlike[b], 0.0);
      }
    }
  });
  return similarity;
}

}  // namespace terse::relsim
