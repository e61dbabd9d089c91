#include <CLI/CLI.hpp>

#include "act-inspect/options.hpp"
#include "common/numbers.hpp"

namespace terse::tools::act_inspect {

void define(CLI::App& app, Options& options) {
  tools::add_examples(app, {"act-inspect net.model", "act-inspect --tensors step.dump"});
  tools::add_input(
      app, "ARTIFACT", options.input,
      "Profile, policy, model, checkpoint, dump, facts, similarity or clusters to look at; - is standard input");

  constexpr const char* kModes = "What to show (a summary where none is given)";
  app.add_flag("--tensors", options.tensors, "List the tensors")->group(kModes);
  app.add_flag("--records", options.records, "List the container's records with offsets and sizes")->group(kModes);
  app.add_option("--histogram", options.histogram, "Draw how the elements of tensor ID are distributed")
      ->type_name("ID")
      ->group(kModes);
  app.add_option("--decode", options.decode, "Write the elements of tensor ID: as text, one a line, or as --npy says")
      ->type_name("ID")
      ->group(kModes);
  app.add_flag("--verify", options.verify, "Check every byte; says nothing and exits with 0 where all is well")
      ->group(kModes);
  tools::add_file(app, "--diff", options.diff,
                  "Say what is different in another artifact; exits with 1 where anything is")
      ->group(kModes);
  tools::add_file(app, "--safetensors", options.safetensors,
                  "Write a model's or checkpoint's parameters and buffers under PyTorch's names to FILE")
      ->group(kModes);

  tools::add_file(app, "--npy", options.npy, "With --decode: write a NumPy array file; bfloat16 becomes float32");
  app.add_flag("--exact", options.exact,
               "With --decode and --histogram: a dump's exact copy in place of the tensor as it was stored");
  app.add_option("--step", options.step, "Take the tensor from this step of a dump (the first that has it)")
      ->type_name("N")
      ->default_str("")
      ->check(tools::not_negative());
  app.add_option("--top", options.top, "Rows of each table in a summary; 0 is all")
      ->type_name("N")
      ->check(tools::not_negative());
  app.add_option("--bins", options.bins, "Bars of the histogram")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  app.add_option("--width", options.width, "Columns of the drawing; 0 is the terminal's, and 80 in a pipe")
      ->type_name("N")
      ->check(CLI::Range(0, 10'000).description(""));
  app.add_flag("--ascii", options.ascii, "Draw with #; so does a terminal whose locale is not UTF-8");
  tools::add_json(app, options.shared);
  tools::add_output(app, options.shared);
}

}  // namespace terse::tools::act_inspect
