#include <array>
#include <optional>
#include <set>
#include <string>

#include "common/messages.hpp"
#include "interruption.hpp"
#include "options.hpp"
#include "search.hpp"
#include "terse/act/budget/profiler.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/core/error.hpp"
#include "terse/core/progress.hpp"
#include "terse/core/size.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"
#include "terse/train/loop/checkpoint.hpp"
#include "terse/train/loop/dump_recorder.hpp"
#include "terse/train/loop/metrics.hpp"
#include "terse/train/loop/model_file.hpp"
#include "terse/train/loop/training_run.hpp"

namespace terse::tools::act_train {

namespace {

/// The run as the library takes it, and the artifacts that it was made from.
struct Plan {
  train::TrainOptions options;
  std::vector<std::string> parents;
};

/// Bits and sensitivities that the run begins with, and the level that they belong to.
void take_precision(Plan& plan, const Options& given, const std::optional<formats::Profile>& profile) {
  auto& compression = plan.options.compression;
  bool swaps = false;
  auto level = act::level_from_string(act::level_beside_swap(given.level, swaps));
  if (swaps && given.swap.empty()) throw Error(Error::Usage, "level " + given.level + " takes --swap DIR");
  if (given.budget > 0 && !given.level_given) level = act::Level::L2;
  if (!given.policy.empty()) {
    auto policy = formats::read_policy(core::open_source(given.policy));
    const bool at_a_level = !policy.content.level.empty();
    if (!given.level_given && at_a_level) level = act::level_from_string(policy.content.level);
    if (act::average_bits(level) == 0) {
      throw Error(Error::Usage, given.policy + ": a policy is for levels L2, L2.1 and L2.2, not " + given.level);
    }
    compression.policy_bits = at_a_level && policy.content.level == act::to_string(level);
    compression.policy = std::move(policy.content.tensors);
    compression.policy_digest = policy.digest;
    plan.parents.push_back(policy.digest);
  } else if (profile && profile->sensitivity_method != "none" && act::average_bits(level) > 0) {
    compression.policy = act::policy_tensors(*profile);
    compression.policy_digest = plan.parents.front();
  }
  compression.level = level;
}

Plan plan_of(const Options& given) {
  Plan plan;
  std::string model = given.model, data = given.data;
  std::int64_t batch = given.batch;
  std::optional<formats::Profile> profile;
  if (!given.profile.empty()) {
    auto loaded = formats::read_profile(core::open_source(given.profile));
    profile = std::move(loaded.content);
    if (model.empty()) model = profile->model;
    if (data.empty()) data = profile->data;
    if (batch == 0) batch = static_cast<std::int64_t>(profile->batch);
    plan.parents.push_back(loaded.digest);
  }
  if (model.empty()) throw Error(Error::Usage, "no model: give --model or --profile");
  if (data.empty()) throw Error(Error::Usage, "no data: give --data or --profile");
  if (model.starts_with("facts:"))
    throw Error(Error::Usage, model + ": fact models are trained by relsim-train facts, with --policy");
  auto& options = plan.options;
  options.model = train::parse_spec(model, "model");
  options.data = train::parse_spec(data, "data");
  options.trust_model = given.trust_model;
  options.batch = batch == 0 ? 64 : batch;
  options.epochs = given.epochs;
  options.steps = given.steps;
  using enum learn::OptimizerKind;
  options.optimizer.kind = learn::optimizer_from_string(given.optimizer, std::array{Sgd, Adam, AdamW});
  options.optimizer.momentum = given.momentum;
  options.optimizer.weight_decay = given.weight_decay;
  options.learning_rate = given.learning_rate;
  options.schedule = train::parse_spec(given.schedule, "schedule");
  options.warmup = given.warmup;
  take_precision(plan, given, profile);
  auto& compression = options.compression;
  compression.bits = given.bits;
  if (given.budget > 0 && given.entropy.value_or(false)) throw Error(Error::Usage, "--budget excludes --entropy");
  compression.entropy = given.entropy;
  compression.adapt_every = given.adapt_every;
  // Probes take memory that bits could have.
  if (given.budget > 0 && !compression.policy.empty() && !given.adapt_every_given) compression.adapt_every = 0;
  compression.budget = given.budget;
  options.seed = given.shared.seed;
  options.recompute = given.recompute;
  options.recompute_slices = given.recompute_slices;
  return plan;
}

/// Where results go. Opened before training, so that what cannot be written is known before the work is done.
struct Outputs {
  std::unique_ptr<core::ByteSink> metrics, dump, model;
};

Outputs open_outputs(const Options& options) {
  const bool metrics = options.metrics == "-", dump = options.dump == "-";
  const bool model = options.output_given ? options.shared.output == "-" : !metrics && !dump;
  if (metrics + dump + model > 1) {
    throw Error(Error::Usage, "only one of --output, --metrics and --dump can be standard output");
  }
  Outputs outputs;
  if (!options.metrics.empty()) outputs.metrics = core::open_sink(options.metrics, core::Content::Text);
  if (!options.dump.empty()) outputs.dump = core::open_sink(options.dump, core::Content::Binary);
  if (model || options.output_given) outputs.model = core::open_sink(options.shared.output, core::Content::Binary);
  return outputs;
}

std::string figures_text(const train::StepFigures& figures) {
  char text[96];
  std::snprintf(text, sizeof text, "loss %.4f, activations ", figures.loss);
  return text + core::format_size(figures.compression.stored_bytes) + " of " +
         core::format_size(figures.compression.exact_bytes);
}

void warn_of_variance(std::uint64_t step, const act::VarianceFigures& figures) {
  if (!figures.is_too_much()) return;
  char text[192];
  std::snprintf(
      text, sizeof text,
      "step %llu: rounding adds %.3g to the gradient's variance (predicted %.3g), over a tenth of the batch's "
      "%.3g: more bits would help",
      static_cast<unsigned long long>(step), figures.measured, figures.predicted, figures.gradient);
  say_note(text);
}

/// Once for each operator. @param said  those that it was said of
void warn_of_kept(const train::StepFigures& figures, std::set<std::string>& said) {
  for (const auto& [op, bytes] : figures.compression.without_rule) {
    if (said.insert(op).second) say_warning(core::format_size(bytes) + " kept: no rule for " + op);
  }
}

void say_summary(const train::RunSummary& summary, const std::optional<train::Evaluation>& evaluation) {
  if (!summary.last()) return;
  char text[160];
  std::snprintf(text, sizeof text, "step %llu: ", static_cast<unsigned long long>(summary.last()->step));
  say_note(text + figures_text(*summary.last()));
  std::snprintf(text, sizeof text, "%.3f s a step, peak allocated %s, peak resident %s", summary.median_step_seconds(),
                core::format_size(summary.peak_allocated_bytes()).c_str(),
                core::format_size(summary.last()->peak_resident_bytes).c_str());
  say_note(text);
  if (const auto& budget = summary.last()->compression.budget) {
    say_note("budget " + core::format_size(budget->budget_bytes) + ", planned peak " +
             core::format_size(budget->planned_peak_bytes));
  }
  if (!evaluation) return;
  std::snprintf(text, sizeof text, "evaluation: accuracy %.4f, loss %.4f on %llu examples", evaluation->accuracy,
                evaluation->loss, static_cast<unsigned long long>(evaluation->examples));
  say_note(text);
}

void say_tier(act::BudgetTier tier) {
  if (tier == act::BudgetTier::Recompute) {
    say_note("bits alone are few at this budget: parts of the model run again in the backward pass");
  } else if (tier == act::BudgetTier::Swap) {
    say_note("bits alone are few at this budget: saved tensors go to the second tier in " +
             std::to_string(act::kSwappedBits) + " bits");
  }
}

train::RunHooks make_hooks(const Options& options, train::Trainer& trainer) {
  train::RunHooks hooks;
  hooks.checkpoint_every = options.checkpoint_every;
  hooks.interrupted = [] { return Interruption::signal() != 0; };
  hooks.dump_step = options.dump_step > 0 ? options.dump_step : trainer.steps_total();
  if (!options.dump.empty() && (hooks.dump_step <= trainer.steps_done() || hooks.dump_step > trainer.steps_total())) {
    throw Error(Error::Usage, "step " + std::to_string(hooks.dump_step) + " to be dumped is not in this run");
  }
  return hooks;
}

/// @return  0, or the signal that interrupted the run
int train_and_write(const Options& options) {
  auto plan = plan_of(options);
  auto outputs = open_outputs(options);
  std::optional<train::CheckpointFolder> checkpoints;
  if (!options.checkpoint.empty()) checkpoints.emplace(options.checkpoint);
  if (options.budget > 0 && !options.allocator) throw Error(Error::Usage, "--budget needs the allocator");
  if (options.allocator) act::install_allocator();
  if (!options.swap.empty()) {
    plan.options.compression.swap =
        act::open_swap_store({.directory = options.swap, .resident_bytes = options.swap_memory});
  }
  const Interruption interruption(checkpoints.has_value());

  train::Trainer trainer(plan.options);
  if (!options.init.empty()) train::initialise_from(trainer.network(), options.init);
  if (options.evaluate) trainer.try_evaluation();
  auto& compressed = trainer.compressed();
  if (options.resume) {
    checkpoints->restore(trainer);
  } else if (options.budget > 0) {
    compressed.plan_budget();
  }
  if (compressed.budget()) say_tier(compressed.budget()->plan().budget().tier);

  const auto header = [&] {
    return formats::Header{.producer = options.shared.producer,
                           .arguments = options.shared.arguments,
                           .seed = options.shared.seed,
                           .parents = plan.parents};
  };
  auto hooks = make_hooks(options, trainer);
  if (checkpoints) {
    hooks.save_checkpoint = [&] {
      const auto pause = compressed.pause();
      checkpoints->save(trainer, options.shared.producer, options.shared.arguments);
    };
  }
  if (outputs.dump) {
    hooks.record_dump = [&] {
      train::DumpRecorder recorder(*outputs.dump, header(), trainer, options.dump_exact);
      const auto figures = recorder.record(trainer);
      recorder.finish();
      outputs.dump->finish();
      return figures;
    };
  }
  std::optional<train::MetricsWriter> metrics;
  if (outputs.metrics) metrics.emplace(*outputs.metrics);
  train::RunSummary summary;
  bool finished = false;
  std::set<std::string> kept;  // operators
  {
    core::Progress progress("training", trainer.steps_total(), options.shared.progress);
    hooks.each_step = [&](const train::StepFigures& figures) {
      if (metrics) metrics->step(figures);
      warn_of_kept(figures, kept);
      const auto& adaptation = figures.compression.adaptation;
      if (adaptation && adaptation->variance) warn_of_variance(figures.step, *adaptation->variance);
      progress.update(figures.step, figures_text(figures));
    };
    try {
      finished = train::run_training(trainer, hooks, summary);
    } catch (const Error&) {
      if (outputs.metrics) outputs.metrics->finish();  // they tell how it came to this
      throw;
    }
  }
  std::optional<train::Evaluation> evaluation;
  if (finished) {
    const auto pause = compressed.pause();
    const auto write_model = [&](core::ByteSink& sink) {
      train::write_trained_model(sink, header(), trainer, train::reached(summary, evaluation));
      sink.finish();
    };
    if (options.evaluate && trainer.data().evaluation) {
      // The model is there whatever becomes of the evaluation: a file before it, and once more with what it says.
      if (outputs.model && outputs.model->is_replaced()) {
        write_model(*outputs.model);
        outputs.model.reset();
        outputs.model = core::open_sink(options.shared.output, core::Content::Binary);
      }
      try {
        evaluation = trainer.evaluate();
      } catch (const Error&) {
        if (outputs.model && !outputs.model->is_replaced()) write_model(*outputs.model);
        throw;
      }
    }
    if (outputs.model) write_model(*outputs.model);
    if (metrics) metrics->final(summary, evaluation);
  }
  if (outputs.metrics) outputs.metrics->finish();
  say_summary(summary, evaluation);
  if (finished) return 0;
  say_note("interrupted; go on with --resume (" + checkpoints->file() + ")");
  return Interruption::signal();
}

}  // namespace

int run(const Options& options) {
  if (!options.search.empty()) return run_search(options);
  const int signal = train_and_write(options);
  if (signal != 0) end_by_signal(signal);
  return 0;
}

}  // namespace terse::tools::act_train
