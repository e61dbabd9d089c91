#include <CLI/CLI.hpp>

#include "common/groups.hpp"
#include "common/model_options.hpp"
#include "common/numbers.hpp"
#include "common/tool.hpp"
#include "options.hpp"

namespace terse::tools::act_profile {

void define(CLI::App& app, Options& options) {
  add_examples(app, {"act-profile --model resnet18 --data fashion-mnist -o net.profile",
                     "act-profile --plan net.profile --level L2.1 -o net.policy"});
  auto* model = add_model(app, options.model, options.trust_model);
  model->description(model->get_description() +
                     "; or facts:FILE, a fact model of relsim-train facts, over its own facts");
  add_data(app, options.data);
  add_heading(app, kTrainingGroup);
  app.add_option("--batch", options.batch,
                 "Examples in a batch; a graph is one batch; of a fact model observations, 256 if not given")
      ->type_name("N")
      ->check(above_zero())
      ->default_str("64");
  add_choice(app, "--optimizer", options.optimizer, {"sgd", "adam", "adamw"}, "Whose state counts as memory");
  add_heading(app, "Measurement");
  add_choice(app, "--sensitivity", options.sensitivity, {"none", "fast", "exact"},
             "Measure how much each tensor's rounding changes the gradient: not, by probes in the backward pass, or by "
             "a whole step a tensor and draw");
  app.add_option("--draws", options.draws, "Draws a tensor of --sensitivity")
      ->type_name("N")
      ->check(CLI::Range(2, 1000).description(""));
  app.add_option("--timed-steps", options.timed_steps,
                 "Also record what differs from run to run: the median time of N steps, and resident sizes")
      ->type_name("N");
  add_file(app, "--plan", options.plan,
           "Measure nothing: choose bits by the sensitivities in a profile, and write them as a policy");
  add_choice(app, "--level", options.level, {"L2", "L2.1", "L2.2"}, "Average bits of --plan: L2 4, L2.1 3, L2.2 2")
      ->needs("--plan");
  add_seed(app, options.shared);
  add_output(app, options.shared);
}

}  // namespace terse::tools::act_profile

int main(int argc, char** argv) {
  using namespace terse::tools;
  return run_tool({"act-profile", "measure what a training step keeps for its backward pass"}, argc, argv,
                  act_profile::define, act_profile::run);
}
