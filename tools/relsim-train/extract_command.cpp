#include "relsim-train/extract_command.hpp"

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "relsim-train/similarity_input.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/extraction/extractor_artifact.hpp"
#include "terse/relsim/extraction/extractor_checkpoint.hpp"
#include "terse/relsim/extraction/word_vectors.hpp"

namespace terse::tools {
namespace {

using formats::Value;
using relsim::Sentence;

struct SentenceSplit {
  relsim::Vocabulary relations;
  std::vector<Sentence> train, held_out;
};

SentenceSplit read_sentences(const SharedOptions& shared, const ExtractOptions& options) {
  if (options.valid == "-" && std::ranges::find(options.inputs, "-") != options.inputs.end()) {
    throw Error(Error::Usage, "standard input is given twice: as an input and to --valid");
  }
  relsim::SentenceSet set;
  for (const auto& input : options.inputs) relsim::read_sentences(input, set);
  if (set.sentences.empty()) throw Error(Error::BadInput, core::source_name(options.inputs.front()) + ": no sentences");
  SentenceSplit split;
  if (options.valid.empty()) {
    core::RandomSequence random({shared.seed, core::stream_of("relsim/held-out sentences"), 0});
    for (auto& sentence : set.sentences) {
      (random.uniform() < options.held_out ? split.held_out : split.train).push_back(std::move(sentence));
    }
  } else {
    split.train = std::move(set.sentences);
    const auto known = set.relations.size();
    set.sentences.clear();
    relsim::read_sentences(options.valid, set);
    for (auto& sentence : set.sentences) {
      if (sentence.relation < known) split.held_out.push_back(std::move(sentence));
    }
    const auto skipped = set.sentences.size() - split.held_out.size();
    if (skipped > 0) {
      say_warning(options.valid + ": " + plural(skipped, "sentence of a relation", "sentences of relations") +
                  " without training sentences: left out");
      relsim::Vocabulary trained;
      for (std::int32_t r = 0; r < known; ++r) trained.intern(set.relations.name(r));
      set.relations = std::move(trained);
    }
  }
  if (split.train.empty())
    throw Error(Error::BadInput, core::source_name(options.inputs.front()) + ": no sentences are left to train on");
  split.relations = std::move(set.relations);
  return split;
}

Value::Map to_map(const relsim::ExtractorEpoch& report, bool validated) {
  Value::Map map{{"epoch", report.epoch},
                 {"step", report.steps},
                 {"loss", report.loss},
                 {"activation_bytes_exact", Value(report.exact_bytes)},
                 {"activation_bytes_stored", Value(report.stored_bytes)}};
  if (validated) {
    map["held_out_micro_f1"] = report.micro_f1;
    map["held_out_macro_f1"] = report.macro_f1;
    map["held_out_accuracy"] = report.accuracy;
  }
  if (report.tau > 0) map["tau"] = report.tau;
  if (report.average_bits > 0) {
    map["average_bits"] = report.average_bits;
    map["steps_spent_on_probes"] = report.steps_spent_on_probes;
  }
  return map;
}

/// The same with what depends on the machine, which no artifact holds.
Value::Map with_memory(Value::Map map, const relsim::ExtractorEpoch& report) {
  map["peak_allocated_bytes"] = Value(report.peak_allocated_bytes);
  if (report.planned_peak_bytes > 0) map["planned_peak_bytes"] = Value(report.planned_peak_bytes);
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
  auto* level = add_choice(command, "--level", options.level, {"L0", "L1", "L1.1", "L1.2", "L2", "L2.1", "L2.2"},
                           "Compress what the backward pass keeps: not, to 4, 8 or 2 bits, or to bits that differ from "
                           "tensor to tensor, 4, 3 "
                           "and 2 on average")
                    ->default_str("L0");
  command
      .add_option("--bits", training.bits,
                  "Bits of a compressed value, in place of the level's: 1, 2, 4, 8, or 32 for none")
      ->type_name("N")
      ->check(CLI::IsMember({1, 2, 4, 8, 32}).description(""))
      ->default_str("")
      ->excludes(level);
  command.add_option("--adapt-every", training.adapt_every, "Steps between choices of bits at levels L2 to L2.2")
      ->type_name("N");
  add_size(command, "--budget", training.budget,
           "Resident bytes that the whole process may take at its peak: bits follow from it in place of a level's "
           "average; 250MiB, 2G")
      ->default_str("")
      ->excludes("--bits");
  add_heading(command, kOutputGroup);
  define_metrics(command, options.course);
  define_checkpoint(command, options.course);
}

int run_extract(const SharedOptions& shared, const ExtractOptions& options) {
  if ((options.training.alpha > 0) == options.similarity.empty()) {
    throw Error(Error::Usage, "--alpha and --similarity FILE need one another");
  }
  if (options.length < 1 || options.length > (1 << 16)) throw Error(Error::Usage, "--length must be from 1 to 65536");
  // Opened first: an output that cannot be written should not cost a training run.
  const auto sink = core::open_sink(shared.output, core::Content::Binary);
  Course course(options.course, shared, options.training.epochs);
  act::install_allocator();
  const auto split = read_sentences(shared, options);
  const bool validated = !split.held_out.empty();
  auto header = header_of(shared);
  std::vector<double> divergences;
  if (!options.similarity.empty()) {
    header.parents.emplace_back();
    divergences = read_divergences(options.similarity, split.relations, header.parents.back());
  }
  auto training = options.training;
  training.seed = shared.seed;
  training.level = options.level.empty() ? training.budget > 0 ? act::Level::L2 : act::Level::L0
                                         : act::level_from_string(options.level);
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
  const auto digest = course.keeps() ? relsim::sentences_digest(split.train, split.held_out, divergences) : "";
  if (training.budget > 0) {
    // What the run will write, and read where it is resumed, takes memory that is part of what the process needs.
    const auto before = [&] {
      write_model(*core::open_sink("/dev/null", core::Content::Binary), {}, model());
      if (!course.keeps()) return;
      const auto state =
          course.rehearsed([&] { return relsim::store_state(trainer.state(), shape, training, digest); });
      relsim::load_state(state, shared.seed, trainer.state(), shape, training, digest, options.course.checkpoint);
    };
    trainer.plan_budget(before, course.resumed_budget());
  }
  auto saved = course.resumed();
  if (saved) {
    trainer.restore(relsim::load_state(saved->content, saved->header.seed, trainer.state(), shape, training, digest,
                                       options.course.checkpoint));
    saved.reset();  // under a budget, its memory is for training
    malloc_trim(0);
  }
  course.run([&] {
    if (trainer.done()) return true;
    const auto report = trainer.run_epoch();
    course.epoch(report.epoch, with_memory(to_map(report, validated), report), report.step_seconds,
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
  course.finish(with_memory(std::move(final_line), best), best.step_seconds);
  if (validated) {
    say_note(plural(split.held_out.size(), "held-out sentence", "held-out sentences") + ": micro F1 " +
             to_four_decimals(best.micro_f1) + ", macro F1 " + to_four_decimals(best.macro_f1) + " (epoch " +
             std::to_string(best.epoch) + ")");
  }
  write_model(*sink, header, stored);
  sink->finish();
  return 0;
}

}  // namespace terse::tools
