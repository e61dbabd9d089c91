#include "terse/relsim/ranking/ratings.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::relsim {
namespace {

double parse_rating(const core::TsvReader& reader, std::string_view text) {
  if (text.empty() || text == "-") return std::nan("");
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !std::isfinite(value)) {
    throw reader.error("'" + std::string(text) + "' is no rating");
  }
  return value;
}

/// How far apart two relations are, in the orientation in which they are closer; a relation and itself not at all.
double divergence_of(const formats::Similarity& similarity, std::size_t a, std::size_t b) {
  return a == b ? 0 : compare_pair(similarity, static_cast<std::int32_t>(a), static_cast<std::int32_t>(b)).divergence;
}

}  // namespace

RatedPairs read_ratings(core::TsvReader& reader, const formats::Similarity& similarity) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i) ids[similarity.relations[i]] = i;
  RatedPairs rated;
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() < 3) throw reader.error("expected two relations and at least one rating separated by tabs");
    const auto a = ids.find(fields[0]), b = ids.find(fields[1]);
    if (a == ids.end() || b == ids.end()) {
      ++rated.unknown;
      continue;
    }
    std::vector<double> ratings;
    double sum = 0, count = 0;
    for (std::size_t i = 2; i < fields.size(); ++i) {
      ratings.push_back(parse_rating(reader, fields[i]));
      if (std::isnan(ratings.back())) continue;
      sum += ratings.back();
      ++count;
    }
    if (count == 0) throw reader.error("a pair without any rating");
    rated.raters = std::max(rated.raters, ratings.size());
    rated.ratings.push_back(std::move(ratings));
    rated.mean.push_back(sum / count);
    rated.score.push_back(-divergence_of(similarity, a->second, b->second));
  }
  for (auto& ratings : rated.ratings) ratings.resize(rated.raters, std::nan(""));
  return rated;
}

Correlations agreement_of_raters(const RatedPairs& rated) {
  if (rated.raters < 2) return {std::nan(""), std::nan(""), std::nan("")};
  Correlations sum;
  double raters = 0;
  for (std::size_t r = 0; r < rated.raters; ++r) {
    std::vector<double> own, others;
    for (const auto& ratings : rated.ratings) {
      if (std::isnan(ratings[r])) continue;
      double total = 0, count = 0;
      for (std::size_t i = 0; i < ratings.size(); ++i) {
        if (i == r || std::isnan(ratings[i])) continue;
        total += ratings[i];
        ++count;
      }
      if (count == 0) continue;
      own.push_back(ratings[r]);
      others.push_back(total / count);
    }
    const auto found = correlate(own, others);
    if (std::isnan(found.pearson)) continue;
    sum.pearson += found.pearson;
    sum.spearman += found.spearman;
    sum.kendall += found.kendall;
    ++raters;
  }
  return {sum.pearson / raters, sum.spearman / raters, sum.kendall / raters};
}

}  // namespace terse::relsim
