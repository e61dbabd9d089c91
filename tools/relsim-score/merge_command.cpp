#include "relsim-score/merge_command.hpp"

#include <CLI/CLI.hpp>

#include "relsim-score/compare_models.hpp"
#include "terse/core/error.hpp"

namespace terse::tools {

void define_merge(CLI::App& command, MergeOptions& options) {
  command.add_option("parts", options.parts, "All parts that `relsim-score similarity --shard` wrote, in any order")
      ->required()
      ->type_name("FILE");
  add_file(command, "-o,--output", options.artifact,
           "Write the similarity artifact to FILE, - is standard output; the table is then printed only with --top, "
           "--pairs or --json");
  define_pair_output(command, options.output);
}

int run_merge(const SharedOptions& shared, const MergeOptions& options) {
  const bool print = wants_table(shared, options.output, options.artifact);
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  std::vector<NamedPart> parts;
  formats::Header header;
  for (const auto& path : options.parts) {
    auto part = formats::read_similarity_part(core::open_source(path));
    if (parts.empty()) {
      header = part.header;
    } else if (part.header.parents != header.parents || part.header.arguments != header.arguments) {
      throw Error(Error::BadInput, path + ": not a part of the same comparison as " + options.parts.front());
    }
    parts.push_back({path, std::move(part.content)});
  }
  const auto similarity = merge_parts(std::move(parts));
  if (sink) {
    write_similarity(*sink, header, similarity);
    sink->finish();
  }
  show_pairs(shared, options.output, similarity, print);
  return 0;
}

}  // namespace terse::tools
