// How similar wrong answers are to right ones.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "common/messages.hpp"
#include "relsim-score/gnuplot.hpp"
#include "relsim-score/prediction_tables.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/prediction/error_analysis.hpp"

namespace terse::tools {
namespace {

constexpr std::size_t kPlottedRanks = 30;

/// Of one scorer: "answers", the wrong ones, or "above", every false relation ranked above the true one.
struct ErrorRow {
  std::string model, kind;
  relsim::MistakeSummary summary;
};

/// Each of `relations` as the similarity numbers it, if it knows it.
std::vector<std::optional<std::int32_t>> translate(const std::vector<std::string>& relations,
                                                   const formats::Similarity& similarity) {
  std::map<std::string_view, std::int32_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i)
    ids[similarity.relations[i]] = static_cast<std::int32_t>(i);
  std::vector<std::optional<std::int32_t>> translated;
  for (const auto& name : relations) {
    const auto found = ids.find(name);
    translated.push_back(found == ids.end() ? std::nullopt : std::optional(found->second));
  }
  return translated;
}

std::vector<ErrorRow> analyse(std::span<const Prediction> predictions, std::span<const relsim::Triple> facts,
                              const std::vector<std::string>& relations, const formats::Similarity& similarity) {
  const relsim::SimilarityRanks ranks(similarity);
  const auto known = translate(relations, similarity);
  std::vector<ErrorRow> rows;
  std::size_t left_out = 0;
  for (const auto& prediction : predictions) {
    std::vector<relsim::Mistake> answers, above;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      const auto& rank = prediction.ranks[i];
      const auto right = known[static_cast<std::size_t>(facts[i].relation)];
      const auto add = [&](std::int32_t given, std::vector<relsim::Mistake>& into) {
        const auto wrong = known[static_cast<std::size_t>(given)];
        if (right && wrong) {
          into.push_back({*right, *wrong});
        } else {
          ++left_out;
        }
      };
      if (rank.answer != facts[i].relation) add(rank.answer, answers);
      for (const auto relation : rank.above) add(relation, above);
    }
    rows.push_back({prediction.name, "answers", relsim::summarize_mistakes(ranks, answers)});
    rows.push_back({prediction.name, "above", relsim::summarize_mistakes(ranks, above)});
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
  std::string text =
      "set terminal svg size 720,440 noenhanced dynamic font 'sans-serif,11'\nset xlabel 'similarity rank'\n"
      "set ylabel 'share'\nset yrange [0:*]\nset key top right\n";
  std::string lines;
  char number[64];
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto& s = rows[n].summary;
    const auto block = "$rows" + std::to_string(n);
    text += block + " << end_of_rows\n";
    for (std::size_t i = 0; i < std::min(kPlottedRanks, s.histogram.size()); ++i) {
      std::snprintf(number, sizeof number, "%zu %.6g\n", i + 1,
                    static_cast<double>(s.histogram[i]) / static_cast<double>(std::max<std::int64_t>(1, s.mistakes)));
      text += number;
    }
    text += "end_of_rows\n";
    lines += block + " using 1:2 with linespoints title " + gnuplot_quoted(rows[n].model + ": " + rows[n].kind) + ", ";
  }
  std::snprintf(number, sizeof number, "%.6g", rows.front().summary.chance_top1);
  write_plot(text + "plot " + lines + number + " with lines dashtype 2 title 'chance'\n", path);
}

}  // namespace

formats::Similarity read_similarity_of(const std::string& path, const std::vector<std::string>& relations) {
  auto similarity = formats::read_similarity(core::open_source(path)).content;
  const auto known = translate(relations, similarity);
  if (std::none_of(known.begin(), known.end(), [](const auto& id) { return id.has_value(); })) {
    throw Error(Error::BadInput, path + ": knows none of the relations");
  }
  return similarity;
}

void print_errors(const SharedOptions& shared, std::span<const Prediction> predictions,
                  std::span<const relsim::Triple> facts, const std::vector<std::string>& relations,
                  const formats::Similarity& similarity, const ErrorOutput& output) {
  const auto rows = analyse(predictions, facts, relations, similarity);
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

}  // namespace terse::tools
