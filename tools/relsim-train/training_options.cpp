#include "relsim-train/training_options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::relsim_train {

void add_triples(CLI::App& command, std::vector<std::string>& inputs) {
  command
      .add_option(
          "inputs", inputs,
          "Triples, head<TAB>relation<TAB>tail a line, plain, .gz or .zst; - is standard input; FILE.nt or nt:FILE is "
          "N-Triples; FILE.json or cesi:FILE CESI's JSON lines; openke:DIR OpenKE's id files (DIR/train2id.txt); "
          "wordnet[:DIR] WordNet's pointers (/usr/share/wordnet)")
      ->type_name("FILE");
}

void define_metrics(CLI::App& command, learn::SessionOptions& options) {
  add_file(command, "--metrics", options.metrics, "Write one JSON line an epoch to FILE");
}

void define_checkpoint(CLI::App& command, learn::SessionOptions& options) {
  auto* checkpoint =
      add_file(command, "--checkpoint", options.checkpoint, "Keep the run's state in FILE, replaced after each epoch");
  auto* resume = command.add_flag("--resume", options.resume,
                                  "Go on from the checkpoint, bit for bit as if the run had not stopped");
  resume->needs(checkpoint);
  checkpoint->group(kCourseGroup);
  resume->group(kCourseGroup);
}

void define_level(CLI::App& command, std::string& level, learn::CompressionChoice& choice, const std::string& what) {
  auto* by_level = add_choice(command, "--level", level, learn::level_names(),
                              "Compress " + what +
                                  ": not, to 4, 8 or 2 bits, or to bits that differ from tensor to tensor, 4, 3 and 2 "
                                  "on average")
                       ->default_str("L0");
  command
      .add_option("--bits", choice.bits,
                  "Bits of a compressed value, in place of the level's: 1, 2, 4, 8, or 32 for none")
      ->type_name("N")
      ->check(CLI::IsMember({1, 2, 4, 8, 32}).description(""))
      ->default_str("")
      ->excludes(by_level);
}

void define_budget(CLI::App& command, learn::CompressionChoice& choice) {
  command.add_option("--adapt-every", choice.adapt_every, "Steps between choices of bits at levels L2 to L2.2")
      ->type_name("N");
  add_size(command, "--budget", choice.budget,
           "Resident bytes that the whole process may take at its peak: bits follow from it in place of a level's "
           "average; 250MiB, 2G")
      ->default_str("")
      ->excludes("--bits");
}

act::Level level_of(const std::string& given, const learn::CompressionChoice& choice) {
  if (!given.empty()) return act::level_from_string(given);
  return choice.budget > 0 ? act::Level::L2 : act::Level::L0;
}

void warn_of_skipped(const std::string& valid, const relsim::Split& split) {
  if (split.skipped == 0) return;
  say_warning(valid + ": " + plural(split.skipped, "fact names", "facts name") +
              " what the training facts do not: left out");
}

void warn_of_unknown(const std::string& path, const relsim::NamedDivergences& known,
                     const relsim::Vocabulary& relations) {
  if (known.unknown == 0) return;
  say_warning(path + ": does not know " + std::to_string(known.unknown) + " of " +
              plural(static_cast<std::uint64_t>(relations.size()), "relation", "relations") +
              ": taken to be far from all others");
}

formats::Header header_of(const SharedOptions& shared) {
  formats::Header header;
  header.producer = shared.producer;
  header.arguments = shared.arguments;
  header.seed = shared.seed;
  return header;
}

learn::TrainingSession begin_session(const learn::SessionOptions& options, const SharedOptions& shared,
                                     std::int64_t epochs) {
  if (options.metrics == "-" && shared.output == "-") {
    throw Error(Error::Usage, "only one of --output and --metrics can be standard output");
  }
  return {options, header_of(shared), epochs, shared.progress, [](const std::string& text) { say_warning(text); }};
}

std::string to_four_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

}  // namespace terse::tools::relsim_train
