#include "relsim-train/extract_command.hpp"

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/extraction/extractor_artifact.hpp"
#include "terse/relsim/extraction/extractor_checkpoint.hpp"
#include "terse/relsim/extraction/sentence_split.hpp"
#include "terse/relsim/extraction/word_vectors.hpp"
#include "terse/relsim/ranking/named_divergences.hpp"

namespace terse::tools::relsim_train {
namespace {

using formats::Value;

Value::Map to_map(const relsim::ExtractorEpoch& report, bool validated) {
  Value::Map map{{"epoch", report.epoch}, {"step", report.steps}, {"loss", report.loss}};
  report.activations.add_metrics(map);
  if (validated) {
    map["held_out_micro_f1"] = report.micro_f1;
    map["held_out_macro_f1"] = report.macro_f1;
    map["held_out_accuracy"] = report.accuracy;
  }
  if (report.tau > 0) map["tau"] = report.tau;
  return map;
}

/// The same with what depends on the machine, which no artifact holds.
Value::Map with_memory(Value::Map map, const relsim::ExtractorEpoch& report) {
  report.activations.add_memory(map);
  return map;
}

std::int64_t numbers_of(const relsim::Vocabulary& vocabulary) {
  return vocabulary.size() > 0 ? vocabulary.size() + 2 : 0;
}

void define_loss(CLI::App& command, ExtractOptions& options) {
  auto& training = options.training;
  command
      .add_option(
          "--alpha", training.alpha,
          "α of the softmax-margin loss: what taking one relation for another costs on average; 0 is plain softmax")
      ->type_name("X")
      ->check(not_negative());
  add_file(command, "--similarity", options.similarity,
           "With --alpha: a similarity artifact of these relations, by name; similar relations cost more");
  command.add_option("--tau", training.tau, "Temperature τ of the cost exp(-D/τ), where it ends, in nats")
      ->type_name("NATS")
      ->check(above_zero());
  command.add_option("--tau-start", training.tau_start, "τ of the first epoch")->type_name("NATS")->check(above_zero());
  command.add_option("--tau-decay", training.tau_decay, "Factor by which τ falls from epoch to epoch")
      ->type_name("X")
      ->check(above_zero());
}

}  // namespace

void define_extract(CLI::App& command, ExtractOptions& options) {
  auto& shape = options.shape;
  auto& training = options.training;
  add_examples(command, {"relsim-train extract train.json --vectors glove.txt -o re.model",
                         "relsim-train extract train.json --model transformer --level L2 -o re.model"});
  add_heading(command, kDataGroup);
  command
      .add_option(
          "inputs", options.inputs,
          "Sentences with two entities and their relation: FewRel's JSON, TACRED's JSON, or TSV (relation, head begin, "
          "head end, tail begin, tail end, tokens separated by blanks), plain, .gz or .zst; - is standard input")
      ->type_name("FILE");
  add_file(command, "--valid", options.valid,
           "Held-out sentences for early stopping, in place of a share of the inputs");
  command
      .add_option("--held-out", options.held_out,
                  "Share of the sentences held out; 0 trains for all epochs on everything")
      ->type_name("SHARE")
      ->excludes("--valid")
      ->check(CLI::Range(0.0, 0.9).description(""));
  add_heading(command, kModelGroup);
  add_choice(command, "--model", options.model, {"pa-lstm", "transformer"},
             "Position-aware attention over an LSTM, or a small encoder");
  add_file(command, "--vectors", options.vectors, "Word vectors to begin from: a word and --word-dim numbers a line");
  command.add_option("--word-dim", shape.word_dim, "Size of word vectors")->type_name("N");
  command
      .add_option("--label-dim", shape.label_dim,
                  "Size of the vectors of part-of-speech tags and entity types, where sentences have them")
      ->type_name("N");
  command.add_option("--distance-dim", shape.distance_dim, "Size of the vectors of distances to an entity")
      ->type_name("N");
  command.add_option("--hidden", shape.hidden, "Units of the LSTM or the encoder")->type_name("N");
  command.add_option("--layers", shape.layers, "With transformer: layers")->type_name("N");
  command.add_option("--heads", shape.heads, "With transformer: attention heads")->type_name("N");
  command.add_option("--dropout", shape.dropout, "Share of inputs, states and features dropped")->type_name("SHARE");
  command.add_option("--least-words", options.least_words, "Words that occur less often are unknown ones")
      ->type_name("N");
  command.add_option("--length", options.length, "Tokens a sentence is cut to, around its entities")->type_name("N");
  add_heading(command, kTrainingGroup);
  command.add_option("--epochs", training.epochs, "Most passes over the sentences")->type_name("N");
  command
      .add_option("--patience", training.patience,
                  "Stop after N epochs without a better micro F1 of the held-out sentences")
      ->type_name("N");
  command.add_option("--batch", training.batch, "Sentences a step")->type_name("N");
  command.add_option("--lr", training.lr, "AdamW's learning rate")->type_name("RATE");
  command.add_option("--weight-decay", training.weight_decay, "AdamW's decay of weights")->type_name("RATE");
  define_loss(command, options);
  command
      .add_option("--excluded", options.excluded, "The relation that stands for none: left out of F1, as TACRED has it")
      ->type_name("NAME");
  add_heading(command, kCompressionGroup);
  define_level(command, options.level, training.compression, "what the backward pass keeps");
  define_budget(command, training.compression);
  add_heading(command, kOutputGroup);
  define_metrics(command, options.session);
  define_checkpoint(command, options.session);
}

int run_extract(const SharedOptions& shared, const ExtractOptions& options) {
  if ((options.training.alpha > 0) == options.similarity.empty()) {
    throw Error(Error::Usage, "--alpha and --similarity FILE need one another");
  }
  if (options.length < 1 || options.length > (1 << 16)) throw Error(Error::Usage, "--length must be from 1 to 65536");
  // Opened first: an output that cannot be written should not cost a training run.
  const auto sink = core::open_sink(shared.output, core::Content::Binary);
  auto session = begin_session(options.session, shared, options.training.epochs);
  act::install_allocator();
  const auto split = relsim::read_sentence_split(options.inputs, options.valid, options.held_out, shared.seed);
  if (split.skipped > 0) {
    say_warning(options.valid + ": " + plural(split.skipped, "sentence of a relation", "sentences of relations") +
                " without training sentences: left out");
  }
  const bool validated = !split.held_out.empty();
  auto header = header_of(shared);
  std::vector<double> divergences;
  if (!options.similarity.empty()) {
    auto known = relsim::read_divergences(options.similarity, split.relations);
    warn_of_unknown(options.similarity, known, split.relations);
    header.parents.push_back(known.digest);
    divergences = std::move(known.divergences);
  }
  auto training = options.training;
  training.seed = shared.seed;
  training.compression.level = level_of(options.level, training.compression);
  const auto vocabulary = relsim::FeatureVocabulary::of(split.train, options.least_words, options.length);
  auto shape = options.shape;
  shape.kind = relsim::extractor_kind_of(options.model);
  shape.words = vocabulary.words.size() + 2;
  shape.tags = numbers_of(vocabulary.tags);
  shape.entities = numbers_of(vocabulary.entities);
  shape.relations = split.relations.size();
  relsim::Extractor extractor(shape, shared.seed);
  if (!options.vectors.empty()) {
    const torch::NoGradGuard guard;
    const auto found =
        relsim::read_word_vectors(options.vectors, vocabulary.words, extractor.named_parameters()["words"]);
    say_note(options.vectors + ": vectors of " + std::to_string(found) + " of " +
             plural(static_cast<std::uint64_t>(vocabulary.words.size()), "word", "words"));
  }
  const auto excluded = split.relations.find(options.excluded);
  relsim::ExtractorTrainer trainer(extractor, vocabulary, split.train, split.held_out, divergences, excluded, training);
  const auto model = [&] {
    return relsim::store_extractor(extractor, vocabulary, split.relations.names(), excluded ? options.excluded : "");
  };
  const auto digest = session.keeps() ? relsim::sentences_digest(split.train, split.held_out, divergences) : "";
  if (training.compression.budget > 0) {
    // What the run will write, and read where it is resumed, takes memory that is part of what the process needs.
    const auto before = [&] {
      write_model(*core::open_sink("/dev/null", core::Content::Binary), {}, model());
      if (!session.keeps()) return;
      const auto state =
          session.rehearsed([&] { return relsim::store_state(trainer.state(), shape, training, digest); });
      relsim::load_state(state, shared.seed, trainer.state(), shape, training, digest, options.session.checkpoint);
    };
    trainer.plan_budget(before, session.resumed_budget());
  }
  auto saved = session.resumed();
  if (saved) {
    trainer.restore(relsim::load_state(saved->content, saved->header.seed, trainer.state(), shape, training, digest,
                                       options.session.checkpoint));
    saved.reset();  // under a budget, its memory is for training
    malloc_trim(0);
  }
  session.run([&] {
    if (trainer.done()) return true;
    const auto report = trainer.run_epoch();
    session.epoch(report.epoch, with_memory(to_map(report, validated), report), report.step_seconds,
                  "loss " + to_four_decimals(report.loss) +
                      (validated ? ", held-out micro F1 " + to_four_decimals(report.micro_f1) : ""),
                  [&] { return relsim::store_state(trainer.state(), shape, training, digest); });
    return false;
  });
  const auto best = trainer.finish();
  auto stored = model();
  auto final_line = to_map(best, validated);
  final_line["held_out_sentences"] = static_cast<std::int64_t>(split.held_out.size());
  stored.metrics = final_line;
  session.finish(with_memory(std::move(final_line), best), best.step_seconds);
  if (validated) {
    say_note(plural(split.held_out.size(), "held-out sentence", "held-out sentences") + ": micro F1 " +
             to_four_decimals(best.micro_f1) + ", macro F1 " + to_four_decimals(best.macro_f1) + " (epoch " +
             std::to_string(best.epoch) + ")");
  }
  write_model(*sink, header, stored);
  sink->finish();
  return 0;
}

}  // namespace terse::tools::relsim_train
