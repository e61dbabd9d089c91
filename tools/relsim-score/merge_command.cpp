#include "relsim-score/merge_command.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "terse/relsim/comparison/shards.hpp"

namespace terse::tools::relsim_score {

void define_merge(CLI::App& command, SharedOptions& shared, MergeOptions& options) {
  add_examples(command,
               {"relsim-score merge part.1 part.2 part.3 -o kb.similarity", "relsim-score merge part.* --top 10"});
  command.add_option("parts", options.parts, "All parts that `relsim-score similarity --shard` wrote, in any order")
      ->required()
      ->type_name("FILE");
  define_pair_output(command, shared, options.output, options.artifact);
}

int run_merge(const SharedOptions& shared, const MergeOptions& options) {
  const bool print = wants_table(shared, options.output, options.artifact);
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  std::vector<relsim::StoredPart> parts;
  for (const auto& path : options.parts) parts.push_back(relsim::read_stored_part(path));
  const auto header = parts.front().header;
  const auto similarity = relsim::join_parts(std::move(parts));
  if (sink) {
    write_similarity(*sink, header, similarity);
    sink->finish();
  }
  show_pairs(shared, options.output, similarity, print);
  return 0;
}

}  // namespace terse::tools::relsim_score
