#include "relsim-score/similarity_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "relsim-score/compare_models.hpp"
#include "terse/core/error.hpp"

namespace terse::tools {
namespace {

void warn_of_thin(const formats::Similarity& similarity, std::int64_t least) {
  const auto thin = std::count(similarity.thin.begin(), similarity.thin.end(), 1);
  if (thin == 0) return;
  say_warning(plural(static_cast<std::uint64_t>(thin), "relation has", "relations have") + " fewer than " +
              std::to_string(least) + " facts: marked as thin");
}

void warn_of_open(const formats::Similarity& similarity) {
  const auto* open = similarity.details.find("relations_beyond_tolerance");
  if (!open || open->as_integer() == 0) return;
  say_warning("the time ran out: " + std::to_string(open->as_integer()) + " of " +
              std::to_string(similarity.relations.size()) + " relations are less certain than the tolerance asks for");
}

/// "i/n" as i - 1 and n.
std::pair<std::int64_t, std::int64_t> parse_shard(const std::string& text) {
  std::int64_t shard = 0, shards = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, shards);
    if (second.ec == std::errc() && second.ptr == end && shard >= 1 && shard <= shards) return {shard - 1, shards};
  }
  throw Error(Error::Usage, "--shard: expected i/n with i from 1 to n, found '" + text + "'");
}

/// What the method takes no notice of.
void refuse_unused(const SimilarityOptions& options) {
  const auto refuse = [](const std::string& what) { throw Error(Error::Usage, what); };
  const bool adaptive = options.method == "adaptive";
  if (!adaptive && options.tolerance) refuse("--tolerance goes with --method adaptive");
  if (!adaptive && options.seconds) refuse("--time goes with --method adaptive");
  if (!adaptive && options.heads) refuse("--heads goes with --method adaptive");
  if (options.heads && *options.heads > 0 && (options.tolerance || options.seconds)) {
    refuse("--heads stands in place of --tolerance and --time");
  }
  if (options.method != "sample" && options.draws) refuse("--draws goes with --method sample");
  if (options.takes_distances() && options.precision != "auto") {
    refuse("--precision goes with divergences, not with --method " + options.method);
  }
}

}  // namespace

void define_similarity(CLI::App& command, SimilarityOptions& options) {
  command
      .add_option(
          "models", options.models,
          "Facts artifacts of `relsim-train facts`, or with --method cosine model artifacts of `relsim-train embed`, - "
          "is "
          "standard input; several models of one knowledge base, as of different seeds, give means and their spread")
      ->type_name("FILE");
  add_file(command, "-o,--output", options.artifact,
           "Write a similarity artifact to FILE, - is standard output; the table is then printed only with --top, "
           "--pairs or --json");
  define_pair_output(command, options.output);
  add_choice(
      command, "--method", options.method, {"exact", "adaptive", "sample", "jaccard", "profile", "cosine"},
      "exact: over all heads and tails; adaptive: all tails, and as many heads as tolerance or time ask for, with "
      "intervals; sample: the published estimator, for comparison. No divergences, but other measures to compare with, "
      "in their place as 1 - similarity: jaccard, the share of pairs of entities that two relations have in common; "
      "profile, the cosine of how often entities are their heads and tails; cosine, that of their vectors in an "
      "embedding");
  command
      .add_option("--tolerance", options.tolerance,
                  "With adaptive: until a relation's 95 % intervals are on average ± this share of the divergence "
                  "(default: 0.05)")
      ->type_name("SHARE")
      ->check(above_zero());
  command
      .add_option("--time", options.seconds, "With adaptive: be done in about so many seconds, whatever the tolerance")
      ->type_name("SECONDS")
      ->check(not_negative());
  command
      .add_option("--heads", options.heads,
                  "With adaptive: visit N heads a relation in place of --tolerance and --time")
      ->type_name("N")
      ->check(not_negative());
  command.add_option("--draws", options.draws, "With sample: facts drawn a relation (default: 20)")->type_name("N");
  add_choice(command, "--orientation", options.orientation, {"both", "same"},
             "same: do not compare with heads and tails swapped, which takes about 40 % of the time");
  command
      .add_option("--shard", options.shard,
                  "Write only part i of n of an exact comparison to --output, for `relsim-score merge`")
      ->type_name("I/N");
  add_choice(command, "--combine", options.combine, {"max", "min", "mean"},
             "How a pair's divergences in both directions become one");
  command.add_option("--temperature", options.temperature, "τ of the score exp(-divergence/τ), in nats")
      ->type_name("NATS")
      ->check(above_zero());
  add_choice(
      command, "--precision", options.precision, {"auto", "single", "double", "bfloat16"},
      "Arithmetic; auto takes double where that costs seconds, else single; bfloat16: single, with the factors of "
      "the large products rounded, in less time on CPUs with AVX512_BF16");
  command.add_option("--least-facts", options.least_facts, "Mark relations with fewer facts than N as thin")
      ->type_name("N");
}

int run_similarity(const SharedOptions& shared, const SimilarityOptions& options) {
  refuse_unused(options);
  const bool sharded = !options.shard.empty();
  if (sharded && (options.artifact.empty() || options.models.size() > 1 || options.output.top ||
                  !options.output.pairs.empty() || !options.output.plot.empty() || shared.json)) {
    throw Error(Error::Usage, "--shard takes one model and only writes a part of it to --output");
  }
  const bool print = !sharded && wants_table(shared, options.output, options.artifact);
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  formats::Header header;
  header.producer = shared.producer;
  header.arguments = shared.arguments;
  std::vector<ComparedModel> models;
  for (const auto& path : options.models) {
    models.push_back(read_compared(path, options));
    header.parents.push_back(models.back().digest);
  }
  const bool draws = options.method == "adaptive" || options.method == "sample";
  header.seed = draws ? shared.seed : models.front().seed;
  if (sharded) {
    const auto [shard, shards] = parse_shard(options.shard);
    // What only says which part this is must not be in the merged artifact's header, nor in a part's.
    std::erase_if(header.arguments, [&](const std::string& argument) { return argument.starts_with("--shard"); });
    std::erase(header.arguments, options.shard);
    write_similarity_part(*sink, header,
                          compare_shard(models.front().facts, models.front().name, shared, options, shard, shards));
    sink->finish();
    return 0;
  }
  const auto similarity = compare_models(models, shared, options);
  warn_of_thin(similarity, options.least_facts);
  warn_of_open(similarity);
  if (sink) {
    write_similarity(*sink, header, similarity);
    sink->finish();
  }
  show_pairs(shared, options.output, similarity, print);
  return 0;
}

}  // namespace terse::tools
