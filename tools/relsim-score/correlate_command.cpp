#include "relsim-score/correlate_command.hpp"

#include <CLI/CLI.hpp>
#include <cmath>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/core/tsv_reader.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/ranking/ratings.hpp"
#include "terse/relsim/statistics/correlation.hpp"

namespace terse::tools::relsim_score {
void define_correlate(CLI::App& command, SharedOptions& shared, CorrelateOptions& options) {
  add_examples(command, {"relsim-score correlate kb.similarity ratings.tsv",
                         "relsim-score correlate kb.similarity ratings.tsv --bootstrap 10000 --json"});
  command.add_option("similarity", options.similarity, "A similarity artifact")->required()->type_name("FILE");
  command
      .add_option(
          "ratings", options.ratings,
          "Ratings by people: one relation<TAB>relation<TAB>rating per line, more raters in more fields (empty or - "
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
  add_seed(command, shared);
  add_heading(command, kOutputGroup);
  add_json(command, shared);
}

int run_correlate(const SharedOptions& shared, const CorrelateOptions& options) {
  auto similarity = formats::read_similarity(core::open_source(options.similarity)).content;
  if (options.orientation == "same") similarity.swapped.clear();
  core::TsvReader reader(core::open_source(options.ratings));
  const auto rated = relsim::read_ratings(reader, similarity);
  if (rated.unknown > 0) {
    say_warning(options.ratings + ": " + plural(rated.unknown, "pair names", "pairs name") +
                " relations that the similarity does not know: left out");
  }
  if (rated.score.size() < 3) {
    throw Error(Error::BadInput, options.ratings + ": fewer than 3 rated pairs of known relations");
  }
  const auto found = relsim::correlate(rated.score, rated.mean);
  const auto intervals = relsim::bootstrap(rated.score, rated.mean, options.draws, shared.seed);
  const auto people = relsim::agreement_of_raters(rated);
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

}  // namespace terse::tools::relsim_score
