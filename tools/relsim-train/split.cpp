#include "relsim-train/split.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"

namespace terse::tools {

void add_triples(CLI::App& command, std::vector<std::string>& inputs) {
  command
      .add_option("inputs", inputs,
                  "Triples, head<TAB>relation<TAB>tail a line, plain, .gz or .zst; - is standard input; FILE.nt or nt:FILE is "
                  "N-Triples; FILE.json or cesi:FILE CESI's JSON lines; openke:DIR OpenKE's id files (DIR/train2id.txt); "
                  "wordnet[:DIR] WordNet's pointers (/usr/share/wordnet)")
      ->type_name("FILE");
}

Split read_split(const std::vector<std::string>& inputs, const std::string& valid, double share, std::uint64_t seed) {
  if (valid == "-" && std::ranges::find(inputs, "-") != inputs.end()) {
    throw Error(Error::Usage, "standard input is given twice: as an input and to --valid");
  }
  Split split;
  split.kb = relsim::read_knowledge_base(inputs);
  if (valid.empty()) {
    std::tie(split.kb.triples, split.held_out) = relsim::hold_out(split.kb.triples, share, seed);
    return split;
  }
  std::uint64_t skipped = 0;
  std::tie(split.held_out, skipped) = relsim::read_known_facts(valid, split.kb);
  if (skipped > 0) {
    say_warning(valid + ": " + std::to_string(skipped) + " facts name what the training facts do not: left out");
  }
  return split;
}

}  // namespace terse::tools
