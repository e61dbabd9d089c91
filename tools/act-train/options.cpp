#include "options.hpp"

#include <CLI/CLI.hpp>

#include "common/groups.hpp"
#include "common/model_options.hpp"
#include "common/numbers.hpp"
#include "terse/learn/compression_choice.hpp"

namespace terse::tools::act_train {

namespace {

void define_run(CLI::App& app, Options& options) {
  add_heading(app, kModelGroup);
  add_model(app, options.model, options.trust_model);
  add_data(app, options.data);
  add_file(app, "--profile", options.profile, "Take model, data and batch size from a profile that act-profile wrote");
  add_file(app, "--init", options.init, "Start from the weights in FILE: .safetensors or a model artifact");
  add_heading(app, kCompressionGroup);
  auto* level =
      add_choice(app, "--level", options.level, learn::level_names_beside_swap(),
                 "How saved tensors are compressed: L0 not at all, L1 to 4 bits, L1.1 to 8, L1.2 to 2; L2, "
                 "L2.1 and L2.2 to bits that differ from tensor to tensor, 4, 3 and 2 on average; with --swap "
                 "L3 is L2, L4bit-swap L1, and swap L0");
  level->each([&options](const std::string&) { options.level_given = true; });
  app.add_option("--bits", options.bits,
                 "Bits of a compressed value, in place of the level's: 1, 2, 4, 8, or 32 for none")
      ->type_name("N")
      ->check(CLI::IsMember({1, 2, 4, 8, 32}).description(""))
      ->default_str("")
      ->excludes(level);
  app.add_flag_function(
      "--entropy,!--no-entropy", [&options](std::int64_t times) { options.entropy = times > 0; },
      "Round to finer grids whose codes, entropy coded, take no more bytes: at 1 to 4 bits about half the variance and "
      "a "
      "few percent more time; levels L2.1 and L2.2 do unless told not to");
  add_folder(app, "--swap", options.swap,
             "Keep saved tensors in a file in DIR from the forward to the backward pass; the file has no name and goes "
             "with the run")
      ->group(kCourseGroup);
  add_size(app, "--swap-memory", options.swap_memory, "Memory for tensors that are not written yet or read ahead")
      ->needs("--swap")
      ->group(kCourseGroup);
  app.add_option("--recompute", options.recompute,
                 "Keep no saved tensor of these parts but run them again in the backward pass: blocks (of a built-in "
                 "model), or patterns of module paths, as 'layer1.*,layer2.0'")
      ->type_name("blocks|PATTERN")
      ->default_str("");
  app.add_option("--recompute-slices", options.recompute_slices,
                 "Run them on this many slices of the batch, one after the other, so that they work with less memory; "
                 "layers of transformers only")
      ->type_name("N")
      ->check(above_zero());
  add_file(app, "--policy", options.policy,
           "Begin with the bits and sensitivities that act-profile --plan wrote, at its level if none is given")
      ->excludes("--bits");
  app.add_option(
         "--adapt-every", options.adapt_every,
         "Steps between choices of bits at levels L2 to L2.2; 0: they stay as the policy or profile says, which "
         "is what a --budget with a policy or profile means if nothing else is asked for")
      ->type_name("N")
      ->each([&options](const std::string&) { options.adapt_every_given = true; });
  add_size(app, "--budget", options.budget,
           "Resident bytes that the whole process may take at its peak: bits follow from it in place of a level's "
           "average, and where they are few also --recompute and --swap; 64MiB, 2G")
      ->default_str("")
      ->excludes("--bits");
  add_heading(app, kTrainingGroup);
  app.add_option("--batch", options.batch, "Examples in a batch; a graph is one batch")
      ->type_name("N")
      ->check(above_zero())
      ->default_str("64");
  auto* epochs =
      app.add_option("--epochs", options.epochs, "Passes over the data")->type_name("N")->check(above_zero());
  app.add_option("--steps", options.steps, "Steps to train, in place of epochs")
      ->type_name("N")
      ->check(above_zero())
      ->default_str("")
      ->excludes(epochs);
}

void define_optimizer(CLI::App& app, Options& options) {
  add_choice(app, "--optimizer", options.optimizer, {"sgd", "adam", "adamw"}, "How weights are updated");
  app.add_option("--lr", options.learning_rate, "Learning rate; 0.05 for sgd, 0.001 for adam and adamw if not given")
      ->type_name("X")
      ->check(above_zero())
      ->default_str("");
  app.add_option("--momentum", options.momentum, "Momentum of sgd")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0).description(""));
  app.add_option("--weight-decay", options.weight_decay, "Weight decay; adamw takes it from the weights themselves")
      ->type_name("X")
      ->check(not_negative());
  app.add_option("--schedule", options.schedule,
                 "Learning rate over the run: constant, cosine or linear (down to 0), or step[:every=N,gamma=X] (a "
                 "factor every "
                 "N steps)")
      ->type_name("SCHEDULE");
  app.add_option("--warmup", options.warmup, "Steps over which the learning rate rises to its value")->type_name("N");
}

void define_search(CLI::App& app, Options& options) {
  add_heading(app, "Search");
  auto* search = add_choice(app, "--search", options.search, {"batch", "depth", "width", "input"},
                            "In place of training, find the largest batch, depth, width or input (the side or the "
                            "length of random data) whose run stays under --limit");
  search->default_str("");
  add_size(app, "--limit", options.limit, "Memory that a run of --search may take")->default_str("")->needs(search);
}

void define_results(CLI::App& app, Options& options) {
  add_folder(app, "--checkpoint", options.checkpoint,
             "Keep the run's state in DIR: at the end, on SIGINT and SIGTERM, and as --checkpoint-every says")
      ->group(kCourseGroup);
  app.add_option("--checkpoint-every", options.checkpoint_every, "Also save a checkpoint every N steps")
      ->type_name("N")
      ->default_str("")
      ->needs("--checkpoint")
      ->group(kCourseGroup);
  app.add_flag("--resume", options.resume, "Go on from the checkpoint, bit for bit as if the run had not stopped")
      ->needs("--checkpoint")
      ->group(kCourseGroup);
  add_heading(app, kOutputGroup);
  add_file(app, "--dump", options.dump,
           "Write the saved tensors of one step to FILE as a dump; - is standard output, for act-inspect");
  app.add_option("--dump-step", options.dump_step, "The step to dump; the last if not given")
      ->type_name("N")
      ->check(above_zero())
      ->default_str("")
      ->needs("--dump");
  app.add_flag("--dump-exact", options.dump_exact, "Keep the exact tensors in the dump beside the compressed ones")
      ->needs("--dump");
  add_file(app, "--metrics", options.metrics, "Write a JSON line a step and a final one to FILE; - is standard output");
  add_heading(app, kTrainingGroup);
  app.add_flag("--eval,!--no-eval", options.evaluate, "Evaluate on the test data at the end, or do not");
  add_heading(app, kCompressionGroup);
  app.add_flag("--allocator,!--no-allocator", options.allocator,
               "Take large tensors from an allocator that gives memory back, or from the default heap");
  add_seed(app, options.shared);
  add_output(app, options.shared)->each([&options](const std::string&) { options.output_given = true; });
}

}  // namespace

void define(CLI::App& app, Options& options) {
  add_examples(app, {"act-train --model resnet18 --data fashion-mnist --level L2.2 -o net.model",
                     "act-train --profile net.profile --budget 2G --epochs 3 -o net.model"});
  define_run(app, options);
  define_optimizer(app, options);
  define_results(app, options);
  define_search(app, options);
}

}  // namespace terse::tools::act_train
