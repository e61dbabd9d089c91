#include "relsim-score/correlate_command.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <map>

#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/core/tsv_reader.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"
#include "terse/relsim/statistics/correlation.hpp"

namespace terse::tools {
namespace {

/// Pairs of relations with one rating or more each, and the similarity's own score.
struct Rated {
  std::vector<double> score, mean;           // one a pair
  std::vector<std::vector<double>> ratings;  // [pairs][raters]; NaN where a rater did not say
  std::size_t raters = 0;
  std::size_t unknown = 0;  // pairs left out: relations that the similarity does not know
};

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
  return a == b
             ? 0
             : relsim::compare_pair(similarity, static_cast<std::int32_t>(a), static_cast<std::int32_t>(b)).divergence;
}

/// Similarity rises as divergence falls.
Rated read_ratings(const std::string& path, const formats::Similarity& similarity) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i) ids[similarity.relations[i]] = i;
  Rated rated;
  core::TsvReader reader(core::open_source(path));
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

/// Each rater against the mean of the others, averaged over raters: what a perfect method could hope for.
relsim::Correlations leave_one_out(const Rated& rated) {
  relsim::Correlations sum;
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
    const auto found = relsim::correlate(own, others);
    if (std::isnan(found.pearson)) continue;
    sum.pearson += found.pearson;
    sum.spearman += found.spearman;
    sum.kendall += found.kendall;
    ++raters;
  }
  return {sum.pearson / raters, sum.spearman / raters, sum.kendall / raters};
}

}  // namespace

void define_correlate(CLI::App& command, CorrelateOptions& options) {
  command.add_option("similarity", options.similarity, "A similarity artifact")->required()->type_name("FILE");
  command
      .add_option("ratings", options.ratings,
                  "Ratings by people: relation<TAB>relation<TAB>rating a line, more raters in more fields (empty or - "
                  "where one did not say)")
      ->required()
      ->type_name("FILE");
  command.add_option("--bootstrap", options.draws, "Draws of the bootstrap behind the intervals")
      ->type_name("N")
      ->check(above_zero());
  add_choice(
      command, "--orientation", options.orientation, {"both", "same"},
      "both: a pair's divergence is that of the orientation in which it is closer, as in the table of pairs; same: as "
      "the relations stand");
}

int run_correlate(const SharedOptions& shared, const CorrelateOptions& options) {
  auto similarity = formats::read_similarity(core::open_source(options.similarity)).content;
  if (options.orientation == "same") similarity.swapped.clear();
  const auto rated = read_ratings(options.ratings, similarity);
  if (rated.unknown > 0) {
    say_warning(options.ratings + ": " + plural(rated.unknown, "pair names", "pairs name") +
                " relations that the similarity does not know: left out");
  }
  if (rated.score.size() < 3)
    throw Error(Error::BadInput, options.ratings + ": fewer than 3 rated pairs of known relations");
  const auto found = relsim::correlate(rated.score, rated.mean);
  const auto intervals = relsim::bootstrap(rated.score, rated.mean, options.draws, shared.seed);
  const auto people = rated.raters > 1 ? relsim::Correlations(leave_one_out(rated))
                                       : relsim::Correlations{std::nan(""), std::nan(""), std::nan("")};
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(
      *sink, core::table_style(shared.json, "-"),
      {{"measure"}, {"correlation", 4}, {"low", 4}, {"high", 4}, {"between_raters", 4}, {"pairs"}, {"raters"}});
  const auto cell = [](double value) { return std::isnan(value) ? core::Cell() : core::Cell(value); };
  const auto row = [&](const char* name, double value, relsim::Interval interval, double agreement) {
    table.row({std::string(name), cell(value), cell(interval.low), cell(interval.high), cell(agreement),
               static_cast<std::int64_t>(rated.score.size()), static_cast<std::int64_t>(rated.raters)});
  };
  row("pearson", found.pearson, intervals.pearson, people.pearson);
  row("spearman", found.spearman, intervals.spearman, people.spearman);
  row("kendall", found.kendall, intervals.kendall, people.kendall);
  table.finish();
  sink->finish();
  return 0;
}

}  // namespace terse::tools
