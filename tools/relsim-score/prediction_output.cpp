// Options of the tables that predict and extract print.
#include <CLI/CLI.hpp>

#include "common/groups.hpp"
#include "relsim-score/prediction_tables.hpp"

namespace terse::tools::relsim_score {

void define_prediction_output(CLI::App& command, SharedOptions& shared, PredictionOutput& output) {
  add_heading(command, kOutputGroup);
  auto* seeds = command.add_flag(
      "--seeds", output.seeds, "The models differ in their seed: print mean and standard deviation over them as well");
  auto* by_relation =
      command.add_flag("--by-relation", output.by_relation, "One row per relation in place of averages")
          ->excludes(seeds);
  auto* errors = add_file(command, "--errors", output.errors,
                          "Print how similar wrong answers are to right ones in place of how many there are, by a "
                          "similarity artifact")
                     ->excludes(seeds)
                     ->excludes(by_relation);
  command.add_flag("--histogram", output.histogram, "With --errors: count the wrong answers of each similarity rank")
      ->needs(errors);
  add_file(command, "--plot", output.plot, "With --errors: draw that histogram as SVG (needs gnuplot)")->needs(errors);
  add_json(command, shared);
}

}  // namespace terse::tools::relsim_score
