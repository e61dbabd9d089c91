#include "relsim-score/similarity_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "terse/core/error.hpp"
#include "terse/core/progress.hpp"
#include "terse/relsim/comparison/shards.hpp"
#include "terse/relsim/kb/stored_facts.hpp"

namespace terse::tools::relsim_score {
namespace {

using relsim::Method;

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

void say_mixed_counts(const relsim::ComparedModel& model) {
  if (relsim::only_counts(model.facts)) return;
  const auto shares = relsim::mixed_shares(model.facts, model.name);
  if (!shares) return;
  const auto percent = [](double share) { return std::to_string(std::lround(100 * share)) + " %"; };
  const auto text = "comparing the neural model only; predictions also mix in counts (" + percent(shares->heads) +
                    " of heads, " + percent(shares->tails) + " of tails)";
  if (shares->mostly_counts) {
    say_warning(text + ": counts predict held-out facts better, so that this similarity is doubtful");
  } else {
    say_note(text);
  }
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

/// What the method takes no notice of, and what a shard cannot give.
void refuse_unused(const SharedOptions& shared, const SimilarityOptions& options) {
  const auto refuse = [](const std::string& what) { throw Error(Error::Usage, what); };
  const struct {
    const char* option;
    bool given;
    const char* method;
  } of_methods[] = {{"--tolerance", options.tolerance.has_value(), "adaptive"},
                    {"--time", options.seconds.has_value(), "adaptive"},
                    {"--heads", options.heads.has_value(), "adaptive"},
                    {"--draws", options.draws.has_value(), "sample"},
                    {"--shard", !options.shard.empty(), "exact"}};
  for (const auto& [option, given, method] : of_methods) {
    if (given && options.method != method) refuse(std::string(option) + " goes with --method " + method);
  }
  if (options.heads && (options.tolerance || options.seconds)) {
    refuse("--heads stands in place of --tolerance and --time");
  }
  if (options.precision != "auto" && !relsim::is_divergence(relsim::method_called(options.method))) {
    refuse("--precision goes with divergences, not with --method " + options.method);
  }
  const auto& output = options.output;
  if (!options.shard.empty() && (options.artifact.empty() || options.models.size() > 1 || output.top ||
                                 !output.pairs.empty() || !output.plot.empty() || shared.json)) {
    refuse("--shard takes one model and only writes a part of it to --output");
  }
}

relsim::ComparisonOptions comparison_of(const SharedOptions& shared, const SimilarityOptions& options) {
  auto comparison = options.comparison;
  comparison.method = relsim::method_called(options.method);
  comparison.precision = relsim::precision_called(options.precision);
  comparison.swapped = options.orientation == "both";
  comparison.heads = options.heads.value_or(comparison.heads);
  comparison.tolerance = options.tolerance.value_or(comparison.tolerance);
  comparison.seconds = options.seconds.value_or(comparison.seconds);
  comparison.draws = options.draws.value_or(comparison.draws);
  comparison.seed = shared.seed;
  return comparison;
}

}  // namespace

void define_similarity(CLI::App& command, SharedOptions& shared, SimilarityOptions& options) {
  add_examples(command, {"relsim-score similarity kb.facts --top 10",
                         "relsim-score similarity kb.facts --method adaptive -o kb.similarity"});
  auto& comparison = options.comparison;
  command
      .add_option(
          "models", options.models,
          "Facts artifacts of `relsim-train facts`, or with --method cosine model artifacts of `relsim-train "
          "embed`, - is standard input; several models of one knowledge base, as of different seeds, give means "
          "and their spread")
      ->type_name("FILE");
  define_pair_output(command, shared, options.output, options.artifact);
  add_heading(command, "Method");
  add_choice(
      command, "--method", options.method, {"exact", "adaptive", "sample", "jaccard", "profile", "cosine"},
      "exact: over all heads and tails; adaptive: all tails, and as many heads as tolerance or time ask for, with "
      "intervals; sample: the published estimator, for comparison. No divergences but 1 - similarity, to compare with: "
      "jaccard, the share of pairs of entities that two relations have in common; profile, the cosine of how often "
      "entities are their heads and tails; cosine, that of their vectors in an embedding");
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
                  "With adaptive: visit N heads per relation in place of --tolerance and --time")
      ->type_name("N")
      ->check(above_zero());
  command.add_option("--draws", options.draws, "With sample: facts drawn per relation (default: 20)")->type_name("N");
  add_choice(command, "--orientation", options.orientation, {"both", "same"},
             "same: do not compare with heads and tails swapped, which takes about 40 % of the time");
  add_seed(command, shared);
  command
      .add_option("--shard", options.shard,
                  "Write only part i of n of an exact comparison to --output, for `relsim-score merge`")
      ->type_name("I/N")
      ->group(kCourseGroup);
  add_choice(command, "--combine", comparison.combine, {"max", "min", "mean"},
             "How a pair's divergences in both directions become one");
  command.add_option("--temperature", comparison.temperature, "τ of the score exp(-divergence/τ), in nats")
      ->type_name("NATS")
      ->check(above_zero());
  add_choice(
      command, "--precision", options.precision, {"auto", "single", "double", "bfloat16"},
      "Arithmetic; auto takes double where that costs seconds, else single; bfloat16: single, with the factors of "
      "the large products rounded, in less time on CPUs with AVX512_BF16");
  command.add_option("--least-facts", comparison.least_facts, "Mark relations with fewer facts than N as thin")
      ->type_name("N");
}

int run_similarity(const SharedOptions& shared, const SimilarityOptions& options) {
  refuse_unused(shared, options);
  const bool sharded = !options.shard.empty();
  const bool print = !sharded && wants_table(shared, options.output, options.artifact);
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  auto comparison = comparison_of(shared, options);
  formats::Header header;
  header.producer = shared.producer;
  header.arguments = shared.arguments;
  std::vector<relsim::ComparedModel> models;
  for (const auto& path : options.models) {
    models.push_back(relsim::read_compared(path, comparison.method));
    header.parents.push_back(models.back().digest);
  }
  const auto& first = models.front();
  const bool draws = comparison.method == Method::Adaptive || comparison.method == Method::Sample;
  header.seed = draws ? shared.seed : first.seed;
  core::Progress progress("comparing", comparison.method == Method::Exact && !sharded ? first.facts.entities.size() : 0,
                          shared.progress);
  comparison.on_progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done, "heads"); };
  if (sharded) {
    const auto [shard, shards] = parse_shard(options.shard);
    write_similarity_part(*sink, header, relsim::compare_shard(first, comparison, shard, shards));
    sink->finish();
    return 0;
  }
  if (relsim::is_divergence(comparison.method)) std::ranges::for_each(models, say_mixed_counts);
  const auto similarity = relsim::compare_models(models, comparison);
  warn_of_thin(similarity, comparison.least_facts);
  warn_of_open(similarity);
  if (sink) {
    write_similarity(*sink, header, similarity);
    sink->finish();
  }
  show_pairs(shared, options.output, similarity, print);
  return 0;
}

}  // namespace terse::tools::relsim_score
