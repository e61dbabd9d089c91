#include "relsim-train/facts_command.hpp"

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "relsim-train/seed_series.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/relsim/counts/count_model.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/facts/fact_checkpoint.hpp"
#include "terse/relsim/kb/split.hpp"
#include "terse/relsim/kernels/pair_product.hpp"
#include "terse/relsim/training/training_digest.hpp"

namespace terse::tools::relsim_train {
namespace {

using formats::Value;
using relsim::EpochReport;

/// Metrics of one epoch, for the metrics file and the artifact.
Value::Map to_map(const EpochReport& report, bool validated) {
  Value::Map map{{"epoch", report.epoch}, {"step", report.steps}, {"loss", report.train_nats}};
  report.activations.add_metrics(map);
  if (validated) {
    map["held_out_nats"] = report.held_out_nats;
    map["held_out_inverse_nats"] = report.held_out_inverse_nats;
  }
  return map;
}

/// The same with what depends on the machine and its threads, which no artifact holds.
Value::Map with_memory(Value::Map map, const EpochReport& report) {
  report.activations.add_memory(map);
  return map;
}

std::string nats(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

Value::Map summary(const relsim::TrainedFacts& trained, std::size_t held_out) {
  Value::Map map = to_map(trained.best, held_out > 0);
  map["held_out_facts"] = static_cast<std::int64_t>(held_out);
  if (held_out > 0) {
    map["counts_nats"] = trained.baseline.nats;
    map["mixed_nats"] = trained.mixed->nats;
    map["mixed_inverse_nats"] = trained.mixed->inverse_nats;
    map["uniform_nats"] = trained.baseline.uniform;
  }
  return map;
}

/// Names, counts and triples: what every kind of model has.
formats::Facts facts_of(const relsim::Split& split) {
  formats::Facts facts;
  facts.entities = split.kb.entities.names();
  facts.relations = split.kb.relations.names();
  facts.counts = split.kb.relation_counts();
  facts.triples.reserve(3 * split.kb.triples.size());
  for (const auto& t : split.kb.triples) facts.triples.insert(facts.triples.end(), {t.head, t.relation, t.tail});
  return facts;
}

/// @param policy  digest of the policy that training began with, or ""
void write(core::ByteSink& sink, const SharedOptions& shared, const formats::Facts& facts, const std::string& policy) {
  auto header = header_of(shared);
  if (!policy.empty()) header.parents.push_back(policy);
  write_facts(sink, header, facts);
  sink.finish();
}

/// @param label   begins the note
/// @param others  what is said between the model's nats and a uniform guess's
void say_held_out(const std::string& label, std::size_t facts, double model, const std::string& others,
                  const relsim::CountBaseline& baseline) {
  say_note(label + plural(facts, "held-out fact", "held-out facts") + ": model " + nats(model) + " nats a fact" +
           others + ", uniform " + nats(baseline.uniform));
}

/// A model that tells held-out facts worse than what knows less is not to be compared by.
void warn_of_weak(const std::string& label, double model, const relsim::CountBaseline& baseline) {
  if (model <= baseline.nats && model <= baseline.uniform) return;
  const bool guess = model > baseline.uniform;
  say_warning(label + "the model tells held-out facts worse than " +
              std::string(guess ? "a uniform guess" : "independent counts, P(h|r) P(t|r)") + ": " + nats(model) +
              " nats a fact, not " + nats(guess ? baseline.uniform : baseline.nats));
}

void begin_with_policy(const FactsOptions& options, relsim::FactTrainingOptions& training) {
  auto policy = formats::read_policy(core::open_source(options.policy));
  auto& compression = training.compression;
  if (options.level.empty() && !policy.content.level.empty())
    compression.level = act::level_from_string(policy.content.level);
  if (act::average_bits(compression.level) == 0) {
    throw Error(Error::Usage, options.policy + ": a policy is for levels L2, L2.1 and L2.2");
  }
  compression.policy_bits = policy.content.level == act::to_string(compression.level);
  compression.policy = std::move(policy.content.tensors);
  compression.policy_digest = policy.digest;
}

/// What the command line says of training, but for the seed.
relsim::FactTrainingOptions settle(const FactsOptions& options) {
  auto training = options.training;
  training.start = options.start == "transe" ? relsim::Start::TransE : relsim::Start::Random;
  training.rule = learn::optimizer_from_string(options.optimizer, relsim::kRowOptimizers);
  training.lr = options.lr.value_or(relsim::default_learning_rate(training.rule));
  if (options.momentum && training.rule != learn::OptimizerKind::Sgd) {
    throw Error(Error::Usage, "--momentum goes with --optimizer sgd");
  }
  training.momentum = options.momentum.value_or(training.momentum);
  training.schedule = options.schedule == "linear" ? learn::ScheduleKind::Linear : learn::ScheduleKind::Constant;
  training.rounding = options.products == "bfloat16" ? relsim::Rounding::Bfloat16 : relsim::Rounding::None;
  training.compression.level = level_of(options.level, training.compression);
  if (!options.policy.empty()) begin_with_policy(options, training);
  if (options.products == "bfloat16" && !relsim::has_pair_instructions()) {
    say_warning(
        "--products bfloat16: this CPU has no instructions for it; the same is computed more slowly than float32");
  }
  return training;
}

/// @param training  with this run's seed
formats::Facts train_neural(const relsim::Split& split, const SeedRun& run, const FactsOptions& options,
                            const relsim::FactTrainingOptions& training, learn::TrainingSession& session) {
  const bool validated = !split.held_out.empty();
  const auto digest = session.keeps() ? relsim::training_digest(split.kb.triples, split.held_out) : "";
  act::install_allocator();
  relsim::FactTrainer trainer(split.kb.triples, split.held_out, split.kb.entities.size(), split.kb.relations.size(),
                              training);
  if (training.compression.budget > 0) {
    // What the run will write, and read where it is resumed, takes memory that is part of what the process needs.
    const auto before = [&] {
      auto facts = facts_of(split);
      facts.weights = relsim::store_fact_model(trainer.state().model);
      write_facts(*core::open_sink("/dev/null", core::Content::Binary), {}, facts);
      if (!session.keeps()) return;
      const auto state = session.rehearsed([&] { return relsim::store_state(trainer, training, digest); });
      relsim::restore_state(state, training.seed, training, digest, session.checkpoint(), trainer);
    };
    trainer.plan_budget(before, session.resumed_budget());
  }
  auto saved = session.resumed();
  if (saved) {
    relsim::restore_state(saved->content, saved->header.seed, training, digest, session.checkpoint(), trainer);
    saved.reset();  // under a budget, its memory is for training
    malloc_trim(0);
  }
  session.run([&] {
    if (trainer.done()) return true;
    const auto report = trainer.run_epoch();
    session.epoch(
        report.epoch, with_memory(to_map(report, validated), report), report.step_seconds,
        nats(report.train_nats) + " nats a fact" + (validated ? ", held out " + nats(report.held_out_nats) : ""),
        [&] { return relsim::store_state(trainer, training, digest); });
    return false;
  });
  const auto trained = trainer.result();
  Value::Array epochs;
  for (const auto& report : trainer.epochs()) epochs.emplace_back(to_map(report, validated));
  session.finish(with_memory(summary(trained, split.held_out.size()), trained.best), trained.best.step_seconds);
  if (validated) {
    say_held_out(run.label, split.held_out.size(), trained.best.held_out_nats,
                 " (epoch " + std::to_string(trained.best.epoch) + "), independent counts " +
                     nats(trained.baseline.nats) + ", both mixed " + nats(trained.mixed->nats),
                 trained.baseline);
    warn_of_weak(run.label, trained.best.held_out_nats, trained.baseline);
  }

  auto facts = facts_of(split);
  facts.weights = relsim::store_fact_model(trained.model);
  facts.hyperparameters = Value::Map{{"model", "neural"},
                                     {"dim", training.dim},
                                     {"hidden", training.hidden},
                                     {"epochs", training.epochs},
                                     {"patience", training.patience},
                                     {"batch", training.batch},
                                     {"optimizer", options.optimizer},
                                     {"lr", training.lr},
                                     {"schedule", options.schedule},
                                     {"weight_decay", training.weight_decay},
                                     {"start", options.start},
                                     {"products", options.products},
                                     {"level", std::string(act::to_string(training.compression.level))},
                                     {"directions", "forward and inverse, in one model"}};
  if (training.rule == learn::OptimizerKind::Sgd) facts.hyperparameters["momentum"] = training.momentum;
  if (validated) relsim::store_count_mixture(trained.mixed->mixture, facts);
  facts.metrics = Value::Map{{"best", summary(trained, split.held_out.size())}, {"epochs", std::move(epochs)}};
  return facts;
}

formats::Facts count(const relsim::Split& split, const FactsOptions& options, learn::TrainingSession& session) {
  const auto entities = split.kb.entities.size(), relations = split.kb.relations.size();
  const relsim::CountModel model(split.kb.triples, entities, relations, options.smoothing);
  const auto mean_nats = [&](const std::vector<relsim::Triple>& triples) {
    double sum = 0;
    for (const auto& t : triples) sum -= model.log_probability(t.relation, t.head, t.tail);
    return sum / static_cast<double>(triples.size());
  };
  Value::Map map{{"epoch", 0},
                 {"step", 0},
                 {"loss", mean_nats(split.kb.triples)},
                 {"held_out_facts", static_cast<std::int64_t>(split.held_out.size())}};
  if (!split.held_out.empty()) {
    const auto baseline = relsim::count_baseline(split.kb.triples, split.held_out, entities, relations);
    map["held_out_nats"] = mean_nats(split.held_out);
    map["counts_nats"] = baseline.nats;
    map["uniform_nats"] = baseline.uniform;
    say_held_out("", split.held_out.size(), map["held_out_nats"].as_double(),
                 ", independent counts " + nats(baseline.nats), baseline);
    warn_of_weak("", map["held_out_nats"].as_double(), baseline);
  }
  auto facts = facts_of(split);
  facts.hyperparameters = Value::Map{{"model", "counts"}, {"smoothing", options.smoothing}};
  facts.metrics = Value::Map{{"best", map}};
  session.finish(std::move(map), 0);
  return facts;
}

void say_thin(const std::vector<std::int64_t>& counts) {
  const auto thin = std::ranges::count_if(counts, [](std::int64_t count) { return count < relsim::kLeastFacts; });
  if (thin == 0) return;
  say_note(plural(static_cast<std::uint64_t>(thin), "relation has", "relations have") + " fewer than " +
           std::to_string(relsim::kLeastFacts) + " facts, of " + std::to_string(counts.size()) +
           " in all: relsim-score marks them as thin");
}

/// @param nats_of_seeds  of held-out facts
void say_spread(const std::vector<double>& nats_of_seeds) {
  const auto count = static_cast<double>(nats_of_seeds.size());
  if (count < 2) return;
  const double mean = std::accumulate(nats_of_seeds.begin(), nats_of_seeds.end(), 0.0) / count;
  double squares = 0;
  for (const double one : nats_of_seeds) squares += (one - mean) * (one - mean);
  say_note(std::to_string(nats_of_seeds.size()) + " models: " + nats(mean) +
           " nats a held-out fact, standard deviation over seeds " + nats(std::sqrt(squares / (count - 1))));
}

}  // namespace

void define_facts(CLI::App& command, FactsOptions& options) {
  auto& training = options.training;
  add_examples(command, {"relsim-train facts kb.tsv -o kb.facts",
                         "relsim-train facts kb.tsv --valid valid.tsv --level L2.2 -o kb.facts"});
  add_heading(command, kDataGroup);
  add_triples(command, options.inputs);
  add_file(command, "--valid", options.valid,
           "Held-out triples for early stopping, in place of a share of the inputs; of any kind that inputs may be");
  command
      .add_option("--held-out", options.held_out,
                  "Share of the facts held out (default: 0.05, with counts 0); 0 trains for all epochs on everything")
      ->type_name("SHARE")
      ->excludes("--valid")
      ->check(CLI::Range(0.0, 0.9).description(""));
  add_heading(command, kModelGroup);
  add_choice(command, "--model", options.model, {"neural", "counts"},
             "What estimates P(h|r) and P(t|h,r): perceptrons over entity vectors, or smoothed counts, which take no "
             "training and learn nothing beyond the facts");
  command.add_option("--smoothing", options.smoothing, "With counts: weight of the smoothing, in facts")
      ->type_name("FACTS")
      ->check(above_zero());
  command.add_option("--dim", training.dim, "Size of entity and relation vectors")->type_name("N");
  command.add_option("--hidden", training.hidden, "Units of the perceptrons' two hidden layers")->type_name("N");
  add_heading(command, kTrainingGroup);
  command.add_option("--epochs", training.epochs, "Most passes over the facts")->type_name("N");
  command.add_option("--patience", training.patience, "Stop after N epochs without better held-out nats")
      ->type_name("N");
  command.add_option("--batch", training.batch, "Observations a step; each fact is observed in both directions")
      ->type_name("N");
  add_choice(command, "--optimizer", options.optimizer, {"adam", "adagrad", "sgd"}, "How weights are updated");
  command.add_option("--lr", options.lr, "Learning rate (default: adam 0.005, adagrad 0.02, sgd 0.001)")
      ->type_name("RATE");
  command.add_option("--momentum", options.momentum, "Momentum of sgd, from 0 to below 1 (default: 0.9)")
      ->type_name("X");
  add_choice(command, "--schedule", options.schedule, {"constant", "linear"},
             "The learning rate over the run: constant, or from --lr down to 0 at the end of --epochs");
  command
      .add_option("--weight-decay", training.weight_decay,
                  "L2 penalty: so much of each weight is added to its gradient")
      ->type_name("RATE");
  add_choice(command, "--start", options.start, {"transe", "random"},
             "Where vectors begin: TransE trained on the same facts, or random numbers");
  command.add_option("--start-epochs", training.start_epochs, "Passes of TransE over the facts")->type_name("N");
  add_choice(
      command, "--products", options.products, {"float32", "bfloat16"},
      "What the factors of a step's large products are rounded to: bfloat16 takes three quarters of the time on CPUs "
      "with AVX512_BF16, and gives nearly the same model");
  add_heading(command, kCompressionGroup);
  define_level(command, options.level, training.compression, "what the backward pass keeps, the hidden layers");
  add_file(command, "--policy", options.policy,
           "Begin with the bits and sensitivities that act-profile --plan wrote of such a model, at its level if none "
           "is given")
      ->excludes("--bits");
  define_budget(command, training.compression);
  add_heading(command, kCourseGroup);
  define_seeds(command, options.seeds);
  add_heading(command, kOutputGroup);
  define_metrics(command, options.session);
  define_checkpoint(command, options.session);
}

int run_facts(const SharedOptions& shared, const FactsOptions& options) {
  const bool counts = options.model == "counts";
  if (counts && !options.session.checkpoint.empty()) {
    throw Error(Error::Usage, "--checkpoint: counting takes no training that could be resumed");
  }
  if (counts && options.seeds) throw Error(Error::Usage, "--seeds: counts do not depend on a seed");
  if (options.seeds && options.training.compression.budget > 0) {
    throw Error(Error::Usage, "--budget is what a process may take: give each of --seeds its own");
  }
  auto training = counts ? options.training : settle(options);
  relsim::SplitSource splits({options.inputs, options.valid, options.held_out.value_or(counts ? 0 : 0.05)},
                             options.seeds.value_or(1));
  std::vector<double> nats_of_seeds;
  for_each_seed(shared, options.session, options.seeds, [&](const SeedRun& run) {
    // Opened first: an output that cannot be written should not cost a training run.
    const auto sink = core::open_sink(run.shared.output, core::Content::Binary);
    auto session = begin_session(run.session, run.shared, training.epochs);
    const auto& split = splits.next(run.shared.seed);
    if (run.first) warn_of_skipped(options.valid, split);
    training.seed = run.shared.seed;
    const auto facts = counts ? count(split, options, session) : train_neural(split, run, options, training, session);
    if (run.first) say_thin(facts.counts);
    write(*sink, run.shared, facts, training.compression.policy_digest);
    if (!split.held_out.empty()) nats_of_seeds.push_back(facts.metrics.at("best").at("held_out_nats").as_double());
  });
  say_spread(nats_of_seeds);
  return 0;
}

}  // namespace terse::tools::relsim_train
