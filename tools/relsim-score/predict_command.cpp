#include "relsim-score/predict_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::relsim_score {
namespace {

void say_weights(const std::vector<std::pair<std::string, double>>& weights) {
  if (weights.empty()) return;
  std::string text;
  char number[32];
  for (const auto& [name, weight] : weights) {
    std::snprintf(number, sizeof number, " %.4g × ", weight);
    text += (text.empty() ? "" : " +") + std::string(number) + name;
  }
  say_note("mixture:" + text);
}

}  // namespace

void define_predict(CLI::App& command, SharedOptions& shared, PredictOptions& options) {
  add_examples(command, {"relsim-score predict kb.model test.tsv --counts train.tsv --mix valid.tsv",
                         "relsim-score predict kb.model test.tsv --errors kb.similarity"});
  command
      .add_option(
          "files", options.files,
          "MODEL... TEST: model artifacts of `relsim-train embed` and facts artifacts of `relsim-train facts`, of one "
          "knowledge base, and then the facts whose relations to predict, of any kind that triples may be; no MODEL "
          "with --counts")
      ->required()
      ->type_name("FILE");
  add_heading(command, kModelGroup);
  command
      .add_option(
          "--counts", options.inputs.counts,
          "Also predict by counting in the training facts of FILE, P(r) P(h|r) P(t|r); may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);  // what follows is TEST
  command
      .add_option("--smoothing", options.inputs.smoothing,
                  "With --counts: weight of the smoothing, in facts (default: the mean of a relation's facts)")
      ->type_name("X")
      ->check(above_zero());
  command
      .add_option("--known", options.inputs.known,
                  "Further facts that hold: filtered ranks leave their relations out; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_file(command, "--mix", options.inputs.mix,
           "Also predict by a mixture of all, whose weights are learned from the facts in FILE, which no model has "
           "learned from");
  add_file(command, "--prior", options.inputs.prior,
           "Learn what each relation's score is to be raised by from the facts in FILE, in place of trusting its share "
           "of the facts");
  define_prediction_output(command, shared, options.output);
}

int run_predict(const SharedOptions& shared, const PredictOptions& options) {
  if (options.files.size() < 2 && options.inputs.counts.empty()) {
    throw Error(Error::Usage, "there is nothing to predict with: give a MODEL before TEST, or --counts");
  }
  auto inputs = options.inputs;
  inputs.models.assign(options.files.begin(), options.files.end() - 1);
  inputs.test = options.files.back();
  inputs.on_skipped = [](const std::string& path, std::size_t skipped) {
    say_warning(path + ": " + plural(skipped, "fact names", "facts name") + " what the models do not know: left out");
  };
  relsim::RelationPredictors predictors(inputs);
  const auto& output = options.output;
  const auto& relations = predictors.relations();
  std::optional<relsim::ErrorAnalysis> errors;
  if (!output.errors.empty()) errors = read_error_analysis(output.errors, relations.names());
  const auto predictions = predictors.predict(errors.has_value());
  say_weights(predictors.mixture_weights());
  if (errors) {
    print_errors(shared, predictions, predictors.test(), *errors, output);
  } else if (output.by_relation) {
    print_ranks_by_relation(shared, predictions, predictors.test(), relations);
  } else {
    print_ranks(shared, predictions, predictors.test(), relations.size(), output.seeds ? inputs.models.size() : 0);
  }
  return 0;
}

}  // namespace terse::tools::relsim_score
