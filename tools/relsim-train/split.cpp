#include "relsim-train/split.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>
#include <utility>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"

namespace terse::tools {

void add_triples(CLI::App& command, std::vector<std::string>& inputs) {
  command
      .add_option(
          "inputs", inputs,
          "Triples, head<TAB>relation<TAB>tail a line, plain, .gz or .zst; - is standard input; FILE.nt or nt:FILE is "
          "N-Triples; FILE.json or cesi:FILE CESI's JSON lines; openke:DIR OpenKE's id files (DIR/train2id.txt); "
          "wordnet[:DIR] WordNet's pointers (/usr/share/wordnet)")
      ->type_name("FILE");
}

SplitSource::SplitSource(std::vector<std::string> inputs, std::string valid, double share, std::int64_t splits)
    : inputs_(std::move(inputs)), valid_(std::move(valid)), share_(share), left_(splits) {
  if (valid_ == "-" && std::ranges::find(inputs_, "-") != inputs_.end()) {
    throw Error(Error::Usage, "standard input is given twice: as an input and to --valid");
  }
}

Split& SplitSource::next(std::uint64_t seed) {
  const bool first = !split_;
  if (first) {
    split_.emplace();
    split_->kb = relsim::read_knowledge_base(inputs_);
    if (!valid_.empty()) read_valid();
  }
  if (valid_.empty()) {
    auto& triples = split_->kb.triples;
    if (first) all_ = std::move(triples);
    std::tie(triples, split_->held_out) = relsim::hold_out(all_, share_, seed);
    if (--left_ == 0) all_ = {};
  }
  return *split_;
}

void SplitSource::read_valid() {
  std::uint64_t skipped = 0;
  std::tie(split_->held_out, skipped) = relsim::read_known_facts(valid_, split_->kb);
  if (skipped == 0) return;
  say_warning(valid_ + ": " + plural(skipped, "fact names", "facts name") +
              " what the training facts do not: left out");
}

Split read_split(const std::vector<std::string>& inputs, const std::string& valid, double share, std::uint64_t seed) {
  return std::move(SplitSource(inputs, valid, share, 1).next(seed));
}

}  // namespace terse::tools
