#include "relsim-train/embed_command.hpp"

#include <CLI/CLI.hpp>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/embedding/embedding_artifact.hpp"
#include "terse/relsim/embedding/embedding_checkpoint.hpp"
#include "terse/relsim/kb/split.hpp"
#include "terse/relsim/ranking/named_divergences.hpp"

namespace terse::tools::relsim_train {
namespace {

using formats::Value;
using relsim::EmbeddingEpoch;

/// The options with what they leave to the model filled in.
relsim::EmbeddingTrainingOptions settle(const SharedOptions& shared, const EmbedOptions& options) {
  auto o = options.training;
  o.seed = shared.seed;
  o.model = relsim::score_model_of(options.model);
  const bool distance = o.model == relsim::ScoreModel::TransE || o.model == relsim::ScoreModel::RotatE;
  o.all_relations = options.negatives == "all";
  const auto loss = !options.loss.empty() ? options.loss : distance && !o.all_relations ? "margin" : "softmax";
  o.step.loss = loss == "margin"     ? relsim::RankingLoss::Margin
                : loss == "logistic" ? relsim::RankingLoss::Logistic
                                     : relsim::RankingLoss::Softmax;
  o.step.margin = options.margin.value_or(o.model == relsim::ScoreModel::RotatE ? 6 : 1);
  o.step.rule = learn::optimizer_from_string(options.optimizer, relsim::kRowOptimizers);
  o.step.lr = options.lr.value_or(o.step.rule == learn::OptimizerKind::AdaGrad ? 0.1
                                  : o.step.rule == learn::OptimizerKind::Adam  ? 1e-3
                                                                               : 1e-2);
  o.negatives.corrupt = options.corrupt == "relations"  ? relsim::Corrupt::Relations
                        : options.corrupt == "entities" ? relsim::Corrupt::Entities
                                                        : relsim::Corrupt::Both;
  o.negatives.draw = options.negatives == "bernoulli"    ? relsim::Draw::Bernoulli
                     : options.negatives == "similarity" ? relsim::Draw::Similarity
                                                         : relsim::Draw::Uniform;
  if (o.all_relations && o.negatives.corrupt != relsim::Corrupt::Relations) {
    throw Error(Error::Usage, "--negatives all sets a fact against all relations: it goes with --corrupt relations");
  }
  if ((options.negatives == "similarity") == options.similarity.empty()) {
    throw Error(Error::Usage, "--negatives similarity and --similarity FILE need one another");
  }
  if (!options.combine.empty() && options.similarity.empty())
    throw Error(Error::Usage, "--combine is of --similarity's divergences");
  o.tau_start = options.tau_start.value_or(o.tau);
  return o;
}

Value::Map to_map(const EmbeddingEpoch& report, bool validated) {
  Value::Map map{{"epoch", report.epoch},
                 {"step", report.steps},
                 {"loss", report.loss},
                 {"activation_bytes_exact", Value(report.kept_bytes)},
                 {"activation_bytes_stored", Value(report.kept_bytes)}};
  if (validated) {
    map["held_out_mrr"] = report.mrr;
    map["held_out_hits1"] = report.hits1;
  }
  if (report.tau > 0) map["tau"] = report.tau;
  return map;
}

void define_negatives(CLI::App& command, EmbedOptions& options) {
  auto& training = options.training;
  add_choice(command, "--corrupt", options.corrupt, {"relations", "entities", "both"},
             "What a false fact has in place of the true one's");
  add_choice(
      command, "--negatives", options.negatives, {"uniform", "bernoulli", "similarity", "all"},
      "How it is drawn. bernoulli: the head rather than the tail where a tail has more heads than a head tails; "
      "similarity: relations s in proportion to exp(-D(r,s)/τ), with --similarity; all: a softmax over all relations");
  command.add_option("--negative-count", training.negatives.count, "Negatives of each fact")->type_name("N");
  add_file(command, "--similarity", options.similarity,
           "The divergences D: a similarity artifact of `relsim-score similarity`");
  command
      .add_option(
          "--combine", options.combine,
          "D of both directions' divergences; min lets relations take each other's place of which one is part of the "
          "other (default: as the artifact has it)")
      ->type_name("max|min|mean")
      ->check(CLI::IsMember({"max", "min", "mean"}).description(""));
  command.add_option("--tau", training.tau, "Temperature τ of similarity-aware negatives, in nats")
      ->type_name("NATS")
      ->check(above_zero());
  command
      .add_option("--tau-start", options.tau_start,
                  "τ of the first epoch, from where it falls to --tau (default: --tau)")
      ->type_name("NATS")
      ->check(above_zero());
  command.add_option("--tau-decay", training.tau_decay, "Factor by which τ falls from epoch to epoch")
      ->type_name("X")
      ->check(above_zero());
}

}  // namespace

void define_embed(CLI::App& command, EmbedOptions& options) {
  auto& training = options.training;
  add_examples(command, {"relsim-train embed kb.tsv --model complex -o kb.model",
                         "relsim-train embed kb.tsv --negatives similarity --similarity kb.similarity"});
  add_heading(command, kDataGroup);
  add_triples(command, options.inputs);
  add_file(command, "--valid", options.valid,
           "Held-out triples for early stopping, in place of a share of the inputs; of any kind that inputs may be");
  command
      .add_option("--held-out", options.held_out, "Share of the facts held out; 0 trains for all epochs on everything")
      ->type_name("SHARE")
      ->excludes("--valid")
      ->check(CLI::Range(0.0, 0.9).description(""));
  add_heading(command, kModelGroup);
  add_choice(command, "--model", options.model, {"transe", "distmult", "complex", "rotate", "rescal"},
             "How vectors score a fact");
  command
      .add_option("--dim", training.dim,
                  "Values of an entity's vector; for complex and rotate half of them are imaginary parts")
      ->type_name("N");
  command.add_option("--norm", training.norm, "Norm of TransE's distance: 1 or 2")->type_name("N");
  add_heading(command, kTrainingGroup);
  add_choice(
      command, "--loss", options.loss, {"margin", "logistic", "softmax"},
      "How a fact's score is set against its negatives' (default: margin for transe and rotate, softmax for the others "
      "and with --negatives all)");
  command.add_option("--margin", options.margin, "Margin of the loss, in units of the score (default: 1, rotate 6)")
      ->type_name("X");
  command.add_option("--epochs", training.epochs, "Most passes over the facts")->type_name("N");
  command
      .add_option("--patience", training.patience,
                  "Stop after N epochs without better ranks of the held-out facts' relations")
      ->type_name("N");
  command.add_option("--batch", training.batch, "Facts a step")->type_name("N");
  add_choice(command, "--optimizer", options.optimizer, {"adagrad", "adam", "sgd"},
             "What steps the rows that a batch names");
  command.add_option("--lr", options.lr, "Learning rate (default: adagrad 0.1, adam 0.001, sgd 0.01)")
      ->type_name("RATE");
  command.add_option("--l2", training.step.l2, "L2 penalty, on the rows that a batch names")->type_name("RATE");
  add_heading(command, "Negatives");
  define_negatives(command, options);
  add_heading(command, kOutputGroup);
  define_metrics(command, options.session);
  define_checkpoint(command, options.session);
}

int run_embed(const SharedOptions& shared, const EmbedOptions& options) {
  const auto training = settle(shared, options);
  // Opened first: an output that cannot be written should not cost a training run.
  const auto sink = core::open_sink(shared.output, core::Content::Binary);
  auto session = begin_session(options.session, shared, training.epochs);
  const auto split = relsim::read_split({options.inputs, options.valid, options.held_out}, shared.seed);
  warn_of_skipped(options.valid, split);
  const bool validated = !split.held_out.empty();
  auto header = header_of(shared);
  std::vector<double> divergences;
  if (!options.similarity.empty()) {
    auto known = relsim::read_divergences(options.similarity, split.kb.relations, options.combine);
    warn_of_unknown(options.similarity, known, split.kb.relations);
    header.parents.push_back(known.digest);
    divergences = std::move(known.divergences);
  }
  const auto digest = !session.keeps() ? "" : relsim::training_digest(split.kb.triples, split.held_out, divergences);
  relsim::EmbeddingTrainer trainer(split.kb.triples, split.held_out, split.kb.entities.size(),
                                   split.kb.relations.size(), training, std::move(divergences));
  if (const auto saved = session.resumed()) {
    trainer.restore(relsim::load_state(saved->content, saved->header.seed, trainer.state(), training, digest,
                                       options.session.checkpoint));
  }
  session.run([&] {
    if (trainer.done()) return true;
    const auto report = trainer.run_epoch();
    session.epoch(
        report.epoch, to_map(report, validated), report.step_seconds,
        "loss " + to_four_decimals(report.loss) + (validated ? ", held-out MRR " + to_four_decimals(report.mrr) : ""),
        [&] { return relsim::store_state(trainer.state(), training, digest); });
    return false;
  });
  const auto best = trainer.best();
  auto final_line = to_map(best, validated);
  final_line["held_out_facts"] = static_cast<std::int64_t>(split.held_out.size());
  auto stored = relsim::store_embedding(trainer.result(), split.kb);
  stored.metrics = final_line;
  session.finish(std::move(final_line), best.step_seconds);
  if (validated) {
    say_note(plural(split.held_out.size(), "held-out fact", "held-out facts") + ": MRR of the relation " +
             to_four_decimals(best.mrr) + ", first " + to_four_decimals(best.hits1) + " (epoch " +
             std::to_string(best.epoch) + ")");
  }
  write_model(*sink, header, stored);
  sink->finish();
  return 0;
}

}  // namespace terse::tools::relsim_train
