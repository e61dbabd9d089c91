#include "relsim-dedup/dedup.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "common/messages.hpp"
#include "relsim-dedup/evidence_command.hpp"
#include "relsim-dedup/phrase_command.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/linkage/dendrogram.hpp"
#include "terse/relsim/linkage/gold.hpp"
#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/linkage/rewrite.hpp"
#include "terse/relsim/ranking/far_end.hpp"

namespace terse::tools {
namespace {

constexpr double kFalseMerges = 0.05;

relsim::Linkage linkage_of(const std::string& word) {
  if (word == "complete") return relsim::Linkage::Complete;
  return word == "single" ? relsim::Linkage::Single : relsim::Linkage::Average;
}

/// Why relations are left alone whatever they are like, or although they are alike.
enum class Alone : std::uint8_t { No, TooFewFacts, IntervalTooWide };

/// @param as_estimated  the clusters as they would be without intervals, if there are any
std::vector<Alone> left_alone(const formats::Similarity& similarity, const formats::Clusters& clusters,
                              const std::optional<formats::Clusters>& as_estimated, const DedupOptions& options) {
  std::vector<Alone> alone(similarity.relations.size());
  const auto is_single = [](const formats::Clusters& all, std::size_t relation) {
    return std::ranges::count(all.cluster, all.cluster[relation]) == 1;
  };
  for (std::size_t r = 0; r < alone.size(); ++r) {
    if (!options.merge_thin && !similarity.thin.empty() && similarity.thin[r]) alone[r] = Alone::TooFewFacts;
    if (as_estimated && is_single(clusters, r) && !is_single(*as_estimated, r)) alone[r] = Alone::IntervalTooWide;
  }
  return alone;
}

void say_alone(const formats::Similarity& similarity, const std::vector<Alone>& alone, Alone why,
               const std::string& words) {
  const auto count = static_cast<std::uint64_t>(std::ranges::count(alone, why));
  if (count == 0) return;
  say_note(plural(count, "relation", "relations") + " left alone for " + words);
  std::string names;
  for (std::size_t r = 0; r < alone.size(); ++r) {
    if (alone[r] == why) names += (names.empty() ? "" : ", ") + similarity.relations[r];
  }
  say_detail("left alone: " + names);
}

void say_clusters(const formats::Similarity& similarity, const formats::Clusters& clusters,
                  const std::optional<formats::Clusters>& as_estimated, const std::vector<Alone>& alone) {
  say_note(
      plural(clusters.relations.size(), "relation in ", "relations in ") +
      plural(clusters.representatives.size(), "cluster", "clusters") +
      (as_estimated && as_estimated->representatives.size() != clusters.representatives.size()
           ? ", " + std::to_string(as_estimated->representatives.size()) + " if divergences were exactly as estimated"
           : ""));
  say_alone(similarity, alone, Alone::TooFewFacts, "having too few facts");
  say_alone(similarity, alone, Alone::IntervalTooWide, "intervals that are too wide");
}

core::Cell word_for(Alone alone) {
  switch (alone) {
    case Alone::No:
      return {};
    case Alone::TooFewFacts:
      return std::string("too few facts");
    case Alone::IntervalTooWide:
      return std::string("interval too wide");
  }
  throw Error(Error::Internal, "no such reason");
}

void print_clusters(const formats::Similarity& similarity, const formats::Clusters& clusters,
                    const std::vector<Alone>& alone, const SharedOptions& shared) {
  // The merge that brought each relation into its cluster.
  std::vector<const formats::Merge*> entered(clusters.relations.size());
  for (const auto& merge : clusters.merges) {
    for (const auto node : {merge.a, merge.b}) {
      if (static_cast<std::size_t>(node) < entered.size()) entered[static_cast<std::size_t>(node)] = &merge;
    }
  }
  std::vector<std::int64_t> sizes(clusters.representatives.size());
  for (const auto cluster : clusters.cluster) ++sizes[static_cast<std::size_t>(cluster)];
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"relation"},
                           {"cluster"},
                           {"size"},
                           {"representative"},
                           {"orientation"},
                           {"facts"},
                           {"confidence", 3},
                           {"reason"}});
  std::vector<std::size_t> order(clusters.relations.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return clusters.cluster[a] < clusters.cluster[b]; });
  for (const auto r : order) {
    const auto cluster = static_cast<std::size_t>(clusters.cluster[r]);
    table.row({clusters.relations[r], static_cast<std::int64_t>(cluster), sizes[cluster],
               clusters.relations[static_cast<std::size_t>(clusters.representatives[cluster])],
               std::string(clusters.swapped[r] ? "inverse" : "same"), similarity.counts[r],
               entered[r] ? core::Cell(entered[r]->confidence) : core::Cell(),
               entered[r] ? core::Cell(entered[r]->reason) : word_for(alone[r])});
  }
  table.finish();
  sink->finish();
}

void rewrite(const formats::Clusters& clusters, const DedupOptions& options) {
  const auto sink = core::open_sink("-", core::Content::Text);
  relsim::TripleRewriter rewriter(clusters, *sink, options.keep_repeated);
  for (const auto& input : options.triples) rewriter.rewrite(input);
  sink->finish();
  const auto& counts = rewriter.counts();
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  say_note(plural(counts.facts, "fact: ", "facts: ") + number(counts.renamed) + " renamed, " + number(counts.turned) +
           " of them turned round; " + number(counts.repeated) + " left out as repeated");
  if (counts.unknown > 0) {
    say_warning(plural(counts.unknown, "fact has a relation", "facts have relations") +
                " that the similarity does not know: left as " + (counts.unknown == 1 ? "it is" : "they are"));
  }
}

void write_reliability(const formats::Clusters& clusters, const relsim::Gold& gold, const DedupOptions& options) {
  const auto reliability = relsim::score_confidence(clusters, gold);
  const auto sink = core::open_sink(options.reliability, core::Content::Text);
  core::TableWriter table(*sink, core::table_style(options.shared.json, options.reliability),
                          {{"confidence", 3}, {"right", 3}, {"pairs"}});
  for (const auto& one : reliability) table.row({one.confidence, one.right, one.pairs});
  table.finish();
  sink->finish();
  if (reliability.empty()) return;
  char error[32];
  std::snprintf(error, sizeof error, "%.3f", relsim::calibration_error(reliability));
  say_note(std::string("confidence and share of right pairs differ by ") + error + " on average");
}

void print_gold_scores(const formats::Similarity& similarity, const formats::Clusters& clusters,
                       const DedupOptions& options) {
  core::TsvReader reader(core::open_source(options.gold), true);
  const auto gold = relsim::read_gold(reader, similarity.relations);
  if (gold.unknown > 0) {
    say_warning(options.gold + ": " + plural(gold.unknown, "line is", "lines are") +
                " about relations that the similarity does not know: left out");
  }
  const auto scores = relsim::score_clusters(clusters, gold);
  say_note(plural(scores.relations, "relation of ", "relations of ") + plural(gold.classes, "class, ", "classes, ") +
           plural(scores.positive_pairs, "pair of one class", "pairs of one class"));
  if (!options.reliability.empty()) write_reliability(clusters, gold, options);
  const auto curve = relsim::precision_recall_curve(similarity, gold);
  if (!options.curve.empty()) {
    const auto sink = core::open_sink(options.curve, core::Content::Text);
    core::TableWriter table(*sink, core::table_style(options.shared.json, options.curve),
                            {{"recall"}, {"precision"}, {"divergence"}});
    for (const auto& point : curve) table.row({point.recall, point.precision, point.divergence});
    table.finish();
    sink->finish();
  }
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(options.shared.json, "-"),
                          {{"measure"}, {"precision", 4}, {"recall", 4}, {"f1", 4}, {"average_precision", 4}});
  const auto row = [&](const char* name, const relsim::PrecisionRecall& value) {
    table.row({std::string(name), value.precision, value.recall, value.f1(), core::Cell()});
  };
  row("macro", scores.macro);
  row("micro", scores.micro);
  row("pair", scores.pair);
  table.row({std::string("ranking"), core::Cell(), core::Cell(), core::Cell(), relsim::average_precision(curve)});
  table.finish();
  sink->finish();
}

}  // namespace

void define(CLI::App& app, DedupOptions& options) {
  add_input(app, "similarity", options.similarity, "A similarity artifact of `relsim-score similarity -o`");
  add_file(app, "-o,--output", options.artifact,
           "Write a clusters artifact to FILE, - is standard output; the table is then printed only with --json");
  add_json(app, options.shared);
  add_choice(app, "--linkage", options.linkage, {"average", "complete", "single"},
             "How far apart two groups are: mean, largest or smallest divergence of their members");
  app.add_option("--threshold", options.threshold, "Merge groups up to this divergence (default: 0.5)")
      ->type_name("NATS");
  add_file(app, "--facts", options.facts,
           "The facts artifact that the similarity was computed from, for --auto and --explain");
  app.add_flag(
      "--auto", options.automatic,
      "Merge by the evidence in the facts, with a threshold chosen without labels: only where the chance that two "
      "relations do not say the same, as the evidence has it, is below --false-merges");
  app.add_option("--false-merges", options.false_merges,
                 "With --auto: the largest chance of being wrong that a merge may have, as the evidence has it "
                 "(default: 0.05; with --phrases "
                 "any, and no merge has less than 0.1)")
      ->type_name("SHARE")
      ->check(CLI::Range(1e-9, 0.999).description(""));
  app.add_flag("--names", options.names, "With --auto: count words that names of relations share as evidence, too");
  app.add_flag(
      "--phrases", options.phrases,
      "With --auto: relations are phrases of Open IE; group those of one kind, by their words and arguments, until "
      "groups are no more alike than two phrases at random; takes no similarity, or a file of one, whose "
      "thin relations are then left alone");
  app.add_option(
         "--groupings", options.groupings,
         "With --phrases: merge what most of N groupings have together, which weigh the words and arguments of phrases "
         "and the kinds of their tails differently; 1 is a single one (default: 16; 1 beyond 20000 phrases)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  app.add_flag("--merge-negated", options.merge_negated,
               "With --phrases: put phrases that deny (\"is not in\") together with those of their kind that do not");
  app.add_option("--explain", options.explain,
                 "Tell what speaks for and against merging relations A and B, with facts that "
                 "they share and facts that they do not")
      ->type_name("A B")
      ->expected(2);
  app.add_option("--top", options.top, "With --explain: facts shown of each kind")->type_name("N");
  app.add_option("--count", options.count, "Merge down to N clusters, in place of a threshold")->type_name("N");
  app.add_flag("--merge-thin", options.merge_thin, "Merge relations that are marked as having too few facts, too");
  app.add_flag("--cautious", options.cautious,
               "Take each divergence at the upper end of its 95 % interval, where the similarity has intervals: what "
               "merges would "
               "do so wherever in the interval the divergence is (--auto does this anyway)");
  app.add_flag("--no-inverse", options.no_inverse, "Compare relations as they stand only, never turned round");
  auto* triples =
      app.add_option(
             "--triples", options.triples,
             "Print these triples, on standard output, with each relation replaced by its cluster's "
             "representative, inverses turned round: TSV, or what else `relsim-train facts` reads (FILE.nt, nt:FILE, "
             "openke:DIR, wordnet[:DIR]); may be given several times")
          ->type_name("FILE")
          ->allow_extra_args(false);
  add_file(app, "--dendrogram", options.dendrogram, "Draw the merges as a tree to FILE, in SVG");
  add_file(
      app, "--gold", options.gold,
      "Judge the clusters by FILE, relation<TAB>class a line, and print precision, recall, F1 and average precision");
  add_file(app, "--curve", options.curve,
           "With --gold: write the ranking's precision and recall to FILE, pair by pair");
  add_file(
      app, "--reliability", options.reliability,
      "With --gold: write to FILE how many of the pairs that merges bring together are right, by tenths of confidence");
  app.add_flag("--keep-repeated", options.keep_repeated, "With --triples: keep facts that have become equal")
      ->needs(triples);
}

int run(const DedupOptions& options) {
  const bool print =
      options.artifact.empty() || options.shared.json || !options.triples.empty() || !options.gold.empty();
  if (print && options.artifact == "-") {
    throw Error(Error::Usage, "text and the artifact cannot both go to standard output");
  }
  const auto piped = std::count(options.triples.begin(), options.triples.end(), "-");
  if (piped > 1) throw Error(Error::Usage, "standard input cannot be read twice: --triples -");
  if (options.similarity == "-" && piped > 0) {
    throw Error(Error::Usage, "the similarity and the triples cannot both come from standard input");
  }
  if (!options.gold.empty() && !options.triples.empty()) {
    throw Error(Error::Usage, "--gold and --triples cannot both print to standard output");
  }
  if (options.dendrogram == "-") throw Error(Error::Usage, "--dendrogram goes to a file");
  if (!options.curve.empty() && (options.gold.empty() || options.curve == "-")) {
    throw Error(Error::Usage, "--curve goes to a file, beside the scores of --gold");
  }
  if (!options.reliability.empty() && (options.gold.empty() || options.reliability == "-")) {
    throw Error(Error::Usage, "--reliability goes to a file, beside the scores of --gold");
  }
  if (options.similarity == "-" && options.gold == "-") {
    throw Error(Error::Usage, "the similarity and the gold cannot both come from standard input");
  }
  if ((options.automatic || !options.explain.empty()) && options.facts.empty()) {
    throw Error(Error::Usage, "--auto and --explain need the facts: --facts FILE");
  }
  if (options.phrases && !options.automatic) throw Error(Error::Usage, "--phrases goes with --auto");
  if (!options.phrases && (options.groupings || options.merge_negated)) {
    throw Error(Error::Usage, "--groupings and --merge-negated go with --phrases");
  }
  if (options.phrases && (options.names || !options.explain.empty())) {
    throw Error(Error::Usage, "--phrases weighs names in its own way, and --explain does not tell of it");
  }
  if (options.cautious && (options.automatic || !options.explain.empty())) {
    throw Error(
        Error::Usage,
        "--cautious is for a --threshold of divergences or a --count: --auto takes the upper ends of intervals anyway");
  }
  if (options.similarity == "-" && options.facts == "-" && !options.phrases) {
    throw Error(Error::Usage, "the similarity and the facts cannot both come from standard input");
  }
  std::vector<std::string> inputs = options.triples;
  inputs.insert(inputs.end(), {options.gold, options.facts});
  for (const auto& input : inputs) {
    if (!input.empty() && input != "-" && input == options.artifact) {
      throw Error(Error::Usage, input + ": is read, and -o would replace it with the clusters artifact");
    }
  }
  const auto sink = options.artifact.empty() ? nullptr : core::open_sink(options.artifact, core::Content::Binary);
  // Phrases are compared by their facts alone: of a similarity only the marks of thin relations count.
  auto loaded = options.phrases && options.similarity == "-"
                    ? formats::Loaded<formats::Similarity>()
                    : formats::read_similarity(core::open_source(options.similarity));
  relsim::ClusterOptions how;
  how.linkage = linkage_of(options.linkage);
  how.threshold = options.threshold.value_or(0.5);
  how.count = options.count;
  how.merge_thin = options.merge_thin;
  std::optional<WeighedFacts> weighed;
  formats::Clusters clusters;
  std::optional<formats::Similarity> estimated;  // what `loaded` would be without intervals, if it has any
  std::optional<formats::Clusters> as_estimated;
  if (options.phrases) {
    clusters = group_phrases(loaded, how, options);
  } else {
    if (options.automatic || !options.explain.empty()) {
      weighed = weigh_facts(loaded.content, options);
      how.threshold = options.threshold.value_or(-std::log1p(-options.false_merges.value_or(kFalseMerges)));
      if (!options.explain.empty()) {
        explain(*weighed, loaded.content, how.threshold, options);
        return 0;
      }
      if (weighed->evidence.limit.has_intervals()) {
        estimated = relsim::to_similarity(weighed->evidence, loaded.content, relsim::Limited::ByEstimate);
      }
      loaded.content = relsim::to_similarity(weighed->evidence, loaded.content);
    } else if (options.cautious) {
      if (auto far = relsim::far_end(loaded.content)) {
        estimated = std::exchange(loaded.content, std::move(*far));
      } else {
        say_note("the similarity has no intervals: it is exact, and of one model");
      }
    }
    if (options.no_inverse) loaded.content.swapped.clear();
    if (estimated && !options.count) {
      if (options.no_inverse) estimated->swapped.clear();
      as_estimated = relsim::cluster_relations(*estimated, how);
    }
    clusters = relsim::cluster_relations(loaded.content, how);
    if (weighed) give_reasons(clusters, weighed->evidence);
  }
  const auto alone = left_alone(loaded.content, clusters, as_estimated, options);
  say_clusters(loaded.content, clusters, as_estimated, alone);
  if (sink) {
    formats::Header header;
    header.producer = options.shared.producer;
    header.arguments = options.shared.arguments;
    header.seed = loaded.header.seed;
    header.parents = {loaded.digest};
    write_clusters(*sink, header, clusters);
    sink->finish();
  }
  if (!options.dendrogram.empty()) {
    const auto picture = core::open_sink(options.dendrogram, core::Content::Text);
    core::write_text(*picture, relsim::draw_dendrogram(clusters));
    picture->finish();
  }
  if (!options.gold.empty()) {
    print_gold_scores(loaded.content, clusters, options);
  } else if (!options.triples.empty()) {
    rewrite(clusters, options);
  } else if (print) {
    print_clusters(loaded.content, clusters, alone, options.shared);
  }
  return 0;
}

}  // namespace terse::tools
