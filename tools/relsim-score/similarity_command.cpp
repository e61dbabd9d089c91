#include "relsim-score/similarity_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/core/progress.hpp"
#include "terse/core/table.hpp"
#include "terse/formats/facts.hpp"
#include "terse/formats/similarity.hpp"
#include "terse/relsim/counts/count_divergence.hpp"
#include "terse/relsim/divergence/exact_divergence.hpp"
#include "terse/relsim/model/fact_artifact.hpp"
#include "terse/relsim/redundancy/pair_ranking.hpp"

namespace terse::tools {
namespace {

relsim::Precision precision_of(const std::string& word) {
  if (word == "single") return relsim::Precision::Single;
  return word == "double" ? relsim::Precision::Double : relsim::Precision::Auto;
}

relsim::Divergences neural_divergences(const formats::Facts& facts, const SharedOptions& shared,
                                        const SimilarityOptions& options) {
  const auto model = relsim::load_fact_model(facts);
  relsim::ExactOptions exact;
  exact.precision = precision_of(options.precision);
  core::Progress progress("comparing", facts.entities.size(), shared.progress);
  exact.on_progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done, "heads"); };
  return relsim::exact_divergences(model, exact);
}

relsim::Divergences counted_divergences(const formats::Facts& facts) {
  std::vector<relsim::Triple> triples(facts.triples.size() / 3);
  for (std::size_t i = 0; i < triples.size(); ++i) {
    triples[i] = {facts.triples[3 * i], facts.triples[3 * i + 1], facts.triples[3 * i + 2]};
  }
  const auto size = [](const auto& names) { return static_cast<std::int32_t>(names.size()); };
  return relsim::count_divergences(relsim::CountModel(triples, size(facts.entities), size(facts.relations),
                                                      facts.hyperparameters.at("smoothing").as_double()));
}

bool only_counts(const formats::Facts& facts) {
  const auto* model = facts.hyperparameters.find("model");
  return model && model->is_string() && model->as_string() == "counts";
}

formats::Similarity compute(const formats::Facts& facts, const SharedOptions& shared, const SimilarityOptions& options) {
  auto divergences = only_counts(facts) ? counted_divergences(facts) : neural_divergences(facts, shared, options);

  formats::Similarity similarity;
  similarity.relations = facts.relations;
  similarity.counts = facts.counts;
  similarity.divergence = std::move(divergences.same);
  similarity.swapped = std::move(divergences.swapped);
  for (const auto count : facts.counts) similarity.thin.push_back(count < options.least_facts);
  similarity.method = "exact";
  similarity.combine = options.combine;
  similarity.temperature = options.temperature;
  similarity.details = formats::Value::Map{{"heads", static_cast<std::int64_t>(facts.entities.size())},
                                           {"precision", divergences.double_precision ? "double" : "single"},
                                           {"least_facts", options.least_facts}};
  return similarity;
}

void warn_of_thin(const formats::Similarity& similarity, std::int64_t least) {
  const auto thin = std::count(similarity.thin.begin(), similarity.thin.end(), 1);
  if (thin == 0) return;
  say_warning(std::to_string(thin) + (thin == 1 ? " relation has" : " relations have") + " fewer than " +
              std::to_string(least) + " facts: marked as thin");
}

void print_pairs(const formats::Similarity& similarity, const SharedOptions& shared, std::optional<std::size_t> top) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"relation_a"}, {"relation_b"}, {"orientation"}, {"kl_ab", 4}, {"kl_ba", 4}, {"divergence", 4},
                           {"score", 4}, {"rank_ab"}, {"rank_ba"}, {"facts_a"}, {"facts_b"}, {"thin"}});
  const auto pairs = relsim::rank_pairs(similarity);
  const auto count = std::min(pairs.size(), top.value_or(pairs.size()));
  for (std::size_t i = 0; i < count; ++i) {
    const auto& pair = pairs[i];
    const auto a = static_cast<std::size_t>(pair.a), b = static_cast<std::size_t>(pair.b);
    const auto rank = [](std::int64_t rank) { return rank > 0 ? core::Cell(rank) : core::Cell(); };
    table.row({similarity.relations[a], similarity.relations[b], std::string(relsim::to_string(pair.orientation)),
               pair.kl_ab, pair.kl_ba, pair.divergence, pair.score, rank(pair.rank_ab), rank(pair.rank_ba),
               similarity.counts[a], similarity.counts[b], similarity.thin[a] || similarity.thin[b]});
  }
  table.finish();
  sink->finish();
}

}  // namespace

void define_similarity(CLI::App& command, SimilarityOptions& options) {
  add_input(command, "facts", options.facts, "A facts artifact of `relsim-train facts`");
  add_file(command, "-o,--output", options.artifact,
           "Write a similarity artifact to FILE, - is standard output; the table is then printed only with --top or "
           "--json");
  command.add_option("--top", options.top, "Print only the N nearest pairs")->type_name("N");
  add_choice(command, "--combine", options.combine, {"max", "min", "mean"},
             "How a pair's divergences in both directions become one");
  command.add_option("--temperature", options.temperature, "τ of the score exp(-divergence/τ), in nats")
      ->type_name("NATS")
      ->check(CLI::PositiveNumber.description(""));
  add_choice(command, "--precision", options.precision, {"auto", "single", "double"},
             "Arithmetic; auto takes double where that costs seconds");
  command.add_option("--least-facts", options.least_facts, "Mark relations with fewer facts than N as thin")->type_name("N");
}

int run_similarity(const SharedOptions& shared, const SimilarityOptions& options) {
  const bool print = options.artifact.empty() || options.top || shared.json;
  if (print && options.artifact == "-") {
    throw Error(Error::Usage, "the table and the artifact cannot both go to standard output");
  }
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  const auto facts = formats::read_facts(core::open_source(options.facts));
  const auto similarity = compute(facts.content, shared, options);
  warn_of_thin(similarity, options.least_facts);
  if (sink) {
    formats::Header header;
    header.producer = shared.producer;
    header.arguments = shared.arguments;
    header.seed = facts.header.seed;
    header.parents = {facts.digest};
    write_similarity(*sink, header, similarity);
    sink->finish();
  }
  if (print) print_pairs(similarity, shared, options.top);
  return 0;
}

}  // namespace terse::tools
