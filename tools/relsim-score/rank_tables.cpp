// How well the relations of test facts were predicted.
#include <cmath>

#include "relsim-score/prediction_tables.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::relsim_score {
namespace {

using relsim::RankMeans;
using relsim::RankSummary;

constexpr double RankMeans::*kMeans[] = {&RankMeans::mrr, &RankMeans::hits1, &RankMeans::hits3, &RankMeans::hits10,
                                         &RankMeans::mean_rank};

std::vector<core::Column> columns(const std::string& over) {
  return {{"model"},           {over},           {"facts"},      {"mrr", 4},       {"hits1", 4},     {"hits3", 4},
          {"hits10", 4},       {"mean_rank", 4}, {"raw_mrr", 4}, {"raw_hits1", 4}, {"raw_hits3", 4}, {"raw_hits10", 4},
          {"raw_mean_rank", 4}};
}

void add_row(core::TableWriter& table, const std::string& name, const std::string& over, const RankSummary& summary) {
  std::vector<core::Cell> cells{name, over, summary.facts};
  for (const auto* means : {&summary.filtered, &summary.raw}) {
    for (const auto mean : kMeans) cells.emplace_back(means->*mean);
  }
  table.row(std::move(cells));
}

/// Mean and standard deviation of each figure over seeds.
void add_seeds(core::TableWriter& table, const std::string& over, std::span<const RankSummary> seeds) {
  std::vector<core::Cell> means{std::string("mean"), over, seeds.front().facts};
  std::vector<core::Cell> deviations{std::string("deviation"), over, seeds.front().facts};
  for (const auto part : {&RankSummary::filtered, &RankSummary::raw}) {
    for (const auto figure : kMeans) {
      std::vector<double> values;
      for (const auto& seed : seeds) values.push_back(seed.*part.*figure);
      auto [mean, deviation] = over_seeds(values);
      means.emplace_back(mean);
      deviations.push_back(std::move(deviation));
    }
  }
  table.row(std::move(means));
  table.row(std::move(deviations));
}

}  // namespace

OverSeeds over_seeds(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  OverSeeds result;
  for (const double value : values) result.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - result.mean, 2);
  if (values.size() > 1) result.deviation = std::sqrt(squares / (n - 1));
  return result;
}

void print_ranks(const SharedOptions& shared, std::span<const Prediction> predictions,
                 std::span<const relsim::Triple> facts, std::int32_t relations, std::size_t seeds) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"), columns("average"));
  std::vector<RankSummary> micro, macro;
  for (const auto& prediction : predictions) {
    micro.push_back(relsim::summarize_ranks(prediction.ranks));
    macro.push_back(relsim::macro_mean(relsim::summarize_by_relation(prediction.ranks, facts, relations)));
    add_row(table, prediction.name, "micro", micro.back());
    add_row(table, prediction.name, "macro", macro.back());
  }
  if (seeds > 0) {
    add_seeds(table, "micro", std::span(micro).first(seeds));
    add_seeds(table, "macro", std::span(macro).first(seeds));
  }
  table.finish();
  sink->finish();
}

void print_ranks_by_relation(const SharedOptions& shared, std::span<const Prediction> predictions,
                             std::span<const relsim::Triple> facts, const relsim::Vocabulary& relations) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"), columns("relation"));
  for (const auto& prediction : predictions) {
    const auto summaries = relsim::summarize_by_relation(prediction.ranks, facts, relations.size());
    for (std::size_t r = 0; r < summaries.size(); ++r) {
      if (summaries[r].facts > 0)
        add_row(table, prediction.name, relations.name(static_cast<std::int32_t>(r)), summaries[r]);
    }
  }
  table.finish();
  sink->finish();
}

}  // namespace terse::tools::relsim_score
