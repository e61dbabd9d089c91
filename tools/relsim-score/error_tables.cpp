// How similar wrong answers are to right ones.
#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "common/messages.hpp"
#include "relsim-score/gnuplot.hpp"
#include "relsim-score/prediction_tables.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::relsim_score {
namespace {

constexpr std::size_t kPlottedRanks = 30;

/// Of one scorer: "answers", the wrong ones, or "above", every false relation ranked above the true one.
struct ErrorRow {
  std::string model, kind;
  relsim::MistakeSummary summary;
};

std::vector<ErrorRow> analyse(std::span<const Prediction> predictions, std::span<const relsim::Triple> facts,
                              const relsim::ErrorAnalysis& analysis) {
  std::vector<ErrorRow> rows;
  std::size_t left_out = 0;
  for (const auto& prediction : predictions) {
    auto summary = analysis.summarize(prediction.ranks, facts);
    rows.push_back({prediction.name, "answers", std::move(summary.answers)});
    rows.push_back({prediction.name, "above", std::move(summary.above)});
    left_out += summary.left_out;
  }
  if (left_out > 0) {
    say_warning(plural(left_out, "wrong relation is", "wrong relations are") +
                " left out: the similarity does not know it or the right one");
  }
  return rows;
}

void print_summaries(core::TableWriter& table, const std::vector<ErrorRow>& rows) {
  for (const auto& [model, kind, s] : rows) {
    table.row({model, kind, s.mistakes, s.top1, s.top5, s.top10, s.mean_rank, s.chance_top1, s.chance_top5,
               s.chance_top10, s.chance_mean_rank});
  }
}

void print_histograms(core::TableWriter& table, const std::vector<ErrorRow>& rows) {
  for (const auto& [model, kind, s] : rows) {
    for (std::size_t i = 0; i < s.histogram.size(); ++i) {
      const double share = s.mistakes > 0 ? static_cast<double>(s.histogram[i]) / static_cast<double>(s.mistakes) : 0;
      table.row({model, kind, static_cast<std::int64_t>(i + 1), s.histogram[i], share, s.chance_top1});
    }
  }
}

void plot(const std::vector<ErrorRow>& rows, const std::string& path) {
  std::map<std::string, std::string> data;
  std::string lines;
  char number[64];
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto& s = rows[n].summary;
    const auto file = "rows" + std::to_string(n);
    std::string& text = data[file];
    text = "rank\t" + plot_field(rows[n].model + ": " + rows[n].kind) + '\n';
    for (std::size_t i = 0; i < std::min(kPlottedRanks, s.histogram.size()); ++i) {
      std::snprintf(number, sizeof number, "%zu\t%.6g\n", i + 1,
                    static_cast<double>(s.histogram[i]) / static_cast<double>(std::max<std::int64_t>(1, s.mistakes)));
      text += number;
    }
    lines += "'" + file + "' using 1:2 with linespoints title columnheader(2), ";
  }
  std::snprintf(number, sizeof number, "%.6g", rows.front().summary.chance_top1);
  write_plot(
      "set terminal svg size 720,440 noenhanced dynamic font 'sans-serif,11'\nset xlabel 'similarity rank'\n"
      "set ylabel 'share'\nset yrange [0:*]\nset key top right\nplot " +
          lines + number + " with lines dashtype 2 title 'chance'\n",
      data, path);
}

}  // namespace

relsim::ErrorAnalysis read_error_analysis(const std::string& path, const std::vector<std::string>& relations) {
  relsim::ErrorAnalysis analysis(formats::read_similarity(core::open_source(path)).content, relations);
  if (!analysis.knows_any()) throw Error(Error::BadInput, path + ": knows none of the relations");
  return analysis;
}

void print_errors(const SharedOptions& shared, std::span<const Prediction> predictions,
                  std::span<const relsim::Triple> facts, const relsim::ErrorAnalysis& analysis,
                  const PredictionOutput& output) {
  const auto rows = analyse(predictions, facts, analysis);
  if (!output.plot.empty()) plot(rows, output.plot);
  const auto sink = core::open_sink("-", core::Content::Text);
  const std::vector<core::Column> summary{{"model"},
                                          {"kind"},
                                          {"mistakes"},
                                          {"top1", 4},
                                          {"top5", 4},
                                          {"top10", 4},
                                          {"mean_rank", 4},
                                          {"chance_top1", 4},
                                          {"chance_top5", 4},
                                          {"chance_top10", 4},
                                          {"chance_mean_rank", 4}};
  const std::vector<core::Column> histogram{{"model"}, {"kind"}, {"rank"}, {"mistakes"}, {"share", 4}, {"chance", 4}};
  core::TableWriter table(*sink, core::table_style(shared.json, "-"), output.histogram ? histogram : summary);
  output.histogram ? print_histograms(table, rows) : print_summaries(table, rows);
  table.finish();
  sink->finish();
}

}  // namespace terse::tools::relsim_score
