#include "relsim-dedup/judge_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/streams.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/linkage/gold.hpp"

namespace terse::tools::relsim_dedup {
namespace {

void write_reliability(const SharedOptions& shared, const formats::Clusters& clusters, const relsim::Gold& gold,
                       const std::string& path) {
  const auto reliability = relsim::score_confidence(clusters, gold);
  const auto sink = core::open_sink(path, core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, path), {{"confidence", 3}, {"right", 3}, {"pairs"}});
  for (const auto& one : reliability) table.row({one.confidence, one.right, one.pairs});
  table.finish();
  sink->finish();
  if (reliability.empty()) return;
  char error[32];
  std::snprintf(error, sizeof error, "%.3f", relsim::calibration_error(reliability));
  say_note(std::string("confidence and share of right pairs differ by ") + error + " on average");
}

void write_curve(const SharedOptions& shared, const std::vector<relsim::CurvePoint>& curve, const std::string& path) {
  const auto sink = core::open_sink(path, core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, path), {{"recall"}, {"precision"}, {"divergence"}});
  for (const auto& point : curve) table.row({point.recall, point.precision, point.divergence});
  table.finish();
  sink->finish();
}

/// @param average_precision  of the ranking; none: no row for it
void print_scores(const SharedOptions& shared, const relsim::GoldScores& scores,
                  std::optional<double> average_precision) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"measure"}, {"precision", 4}, {"recall", 4}, {"f1", 4}, {"average_precision", 4}});
  const auto row = [&](const char* name, const relsim::PrecisionRecall& value) {
    table.row({std::string(name), value.precision, value.recall, value.f1(), core::Cell()});
  };
  row("macro", scores.macro);
  row("micro", scores.micro);
  row("pair", scores.pair);
  if (average_precision) {
    table.row({std::string("ranking"), core::Cell(), core::Cell(), core::Cell(), *average_precision});
  }
  table.finish();
  sink->finish();
}

}  // namespace

void define_judge(CLI::App& command, SharedOptions& shared, JudgeOptions& options) {
  add_examples(command, {"relsim-dedup judge kb.clusters gold.tsv",
                         "relsim-dedup judge kb.clusters gold.tsv --ranking kb.similarity"});
  command.add_option("clusters", options.clusters, "A clusters artifact, - is standard input")
      ->required()
      ->type_name("FILE");
  command
      .add_option(
          "gold", options.gold,
          "Known classes: one relation<TAB>class per line, perhaps with same, inverse or symmetric as a third field")
      ->required()
      ->type_name("FILE");
  auto* ranking =
      add_file(command, "--ranking", options.ranking,
               "Also print the average precision of a ranking of pairs: of the similarity that the clusters "
               "were made from, or what --ranking wrote with them");
  add_heading(command, kOutputGroup);
  add_json(command, shared);
  add_file(command, "--curve", options.curve, "Write the ranking's precision and recall to FILE, pair by pair")
      ->needs(ranking);
  add_file(command, "--reliability", options.reliability,
           "Write to FILE how many of the pairs that merges bring together are right, by tenths of confidence");
}

int run_judge(const SharedOptions& shared, const JudgeOptions& options) {
  require_separate({{"the clusters", options.clusters}, {"the classes", options.gold}, {"--ranking", options.ranking}},
                   {{"the table", "-"}, {"--curve", options.curve}, {"--reliability", options.reliability}});
  const auto clusters = formats::read_clusters(core::open_source(options.clusters)).content;
  std::optional<formats::Similarity> ranking;
  if (!options.ranking.empty()) {
    ranking = formats::read_similarity(core::open_source(options.ranking)).content;
    if (ranking->relations != clusters.relations) {
      throw Error(Error::BadInput, options.ranking + ": its relations are not those of the clusters");
    }
  }
  judge_clusters(shared, clusters, ranking ? &*ranking : nullptr, options);
  return 0;
}

void judge_clusters(const SharedOptions& shared, const formats::Clusters& clusters, const formats::Similarity* ranking,
                    const JudgeOptions& options) {
  core::TsvReader reader(core::open_source(options.gold), true);
  const auto gold = relsim::read_gold(reader, clusters.relations);
  if (gold.unknown > 0) {
    say_warning(options.gold + ": " + plural(gold.unknown, "line is", "lines are") +
                " about relations that the clusters do not know: left out");
  }
  const auto scores = relsim::score_clusters(clusters, gold);
  say_note(plural(scores.relations, "relation of ", "relations of ") + plural(gold.classes, "class, ", "classes, ") +
           plural(scores.positive_pairs, "pair of one class", "pairs of one class"));
  if (!options.reliability.empty()) write_reliability(shared, clusters, gold, options.reliability);
  std::optional<double> average_precision;
  if (ranking) {
    const auto curve = relsim::precision_recall_curve(*ranking, gold);
    average_precision = relsim::average_precision(curve);
    if (!options.curve.empty()) write_curve(shared, curve, options.curve);
  }
  print_scores(shared, scores, average_precision);
}

}  // namespace terse::tools::relsim_dedup
