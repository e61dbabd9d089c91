#include "relsim-dedup/merging_options.hpp"

#include <CLI/CLI.hpp>

#include "common/groups.hpp"
#include "common/options.hpp"

namespace terse::tools::relsim_dedup {

void add_linkage(CLI::App& command, std::string& linkage) {
  add_choice(command, "--linkage", linkage, {"average", "complete", "single"},
             "How far apart two groups are: mean, largest or smallest divergence of their members");
}

void add_count(CLI::App& command, std::optional<std::int64_t>& count) {
  command.add_option("--count", count, "Merge down to N clusters, in place of a threshold")->type_name("N");
}

void add_merge_thin(CLI::App& command, bool& merge_thin) {
  command.add_flag("--merge-thin", merge_thin, "Merge relations that are marked as having too few facts, too");
}

void add_no_inverse(CLI::App& command, bool& inverses) {
  command.add_flag("--no-inverse{false}", inverses, "Compare relations as they stand only, never turned round");
}

void add_facts(CLI::App& command, std::string& facts) {
  add_file(command, "--facts", facts, "The facts artifact that the similarity was computed from")
      ->required()
      ->group(kDataGroup);
}

void add_old_flag(CLI::App& command, const char* name) {
  command.add_flag(name)->disable_flag_override()->group(kHiddenGroup);
}

void add_evidence(CLI::App& command, relsim::EvidenceMerging& merging) {
  command
      .add_option("--threshold", merging.threshold,
                  "Merge groups up to this -log of the chance to be right, in place of --false-merges")
      ->type_name("NATS");
  add_old_flag(command, "--auto");
  command
      .add_option("--false-merges", merging.false_merges,
                  "The largest chance of being wrong that a merge may have, as the evidence has it")
      ->type_name("SHARE")
      ->check(CLI::Range(1e-9, 0.999).description(""));
  command.add_flag("--names", merging.names, "Count words that names of relations share as evidence, too");
}

}  // namespace terse::tools::relsim_dedup
