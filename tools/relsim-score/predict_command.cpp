#include "relsim-score/predict_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "relsim-score/prediction_tables.hpp"
#include "relsim-score/relation_models.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse/relsim/prediction/count_scorer.hpp"
#include "terse/relsim/prediction/scorer_mixture.hpp"

namespace terse::tools {
namespace {

using relsim::Triple;

/// All that predicts, over one knowledge base's names; and all facts that are known to hold.
struct Bench {
  relsim::KnowledgeBase kb;  // names; triples: every known fact
  std::vector<std::string> relations;
  std::vector<RelationModel> models;
  std::shared_ptr<relsim::RelationScorer> counts;

  std::vector<std::pair<std::string, const relsim::RelationScorer*>> scorers() const {
    std::vector<std::pair<std::string, const relsim::RelationScorer*>> all;
    for (const auto& model : models) all.emplace_back(model.name, model.scorer.get());
    if (counts) all.emplace_back("counts", counts.get());
    return all;
  }
};

/// Facts of a file over the bench's names; others are left out with a warning. Known from now on.
std::vector<Triple> read_facts_of(const std::string& path, Bench& bench) {
  auto [facts, skipped] = relsim::read_known_facts(path, bench.kb);
  if (skipped > 0) {
    say_warning(path + ": " + plural(skipped, "fact names", "facts name") + " what the models do not know: left out");
  }
  if (facts.empty()) throw Error(Error::BadInput, path + ": no facts that the models know the names of");
  bench.kb.triples.insert(bench.kb.triples.end(), facts.begin(), facts.end());
  return facts;
}

Bench read_bench(const PredictOptions& options) {
  Bench bench;
  for (std::size_t i = 0; i + 1 < options.files.size(); ++i) {
    bench.models.push_back(read_relation_model(options.files[i]));
    const auto& first = bench.models.front();
    const auto& last = bench.models.back();
    if (last.entities != first.entities || last.relations != first.relations) {
      throw Error(Error::BadInput, last.name + ": is a model of another knowledge base than " + first.name);
    }
    bench.kb.triples.insert(bench.kb.triples.end(), last.triples.begin(), last.triples.end());
  }
  std::vector<Triple> counted;
  if (bench.models.empty()) {
    bench.kb = relsim::read_knowledge_base(options.counts);
    counted = bench.kb.triples;
  } else {
    bench.kb.entities = relsim::Vocabulary(bench.models.front().entities);
    bench.kb.relations = relsim::Vocabulary(bench.models.front().relations);
    for (const auto& input : options.counts) {
      const auto facts = read_facts_of(input, bench);
      counted.insert(counted.end(), facts.begin(), facts.end());
    }
    relsim::make_distinct(counted);
  }
  if (!options.counts.empty()) {
    const double mean = static_cast<double>(counted.size()) / static_cast<double>(bench.kb.relations.size());
    bench.counts = std::make_shared<relsim::CountScorer>(counted, bench.kb.entities.size(), bench.kb.relations.size(),
                                                         options.smoothing.value_or(mean));
  }
  bench.relations = bench.kb.relations.names();
  return bench;
}

void say_weights(const relsim::ScorerMixture& mixture, const std::vector<std::string>& names) {
  std::string text = "mixture:";
  char weight[32];
  for (std::size_t k = 0; k < names.size(); ++k) {
    std::snprintf(weight, sizeof weight, " %.4g × ", mixture.weights()[k]);
    text += (k > 0 ? " +" : "") + std::string(weight) + names[k];
  }
  say_note(text);
}

}  // namespace

void define_predict(CLI::App& command, PredictOptions& options) {
  command
      .add_option(
          "files", options.files,
          "MODEL... TEST: model artifacts of `relsim-train embed` and facts artifacts of `relsim-train facts`, of one "
          "knowledge base, and then the facts whose relations to predict, of any kind that triples may be; no MODEL "
          "with --counts")
      ->required()
      ->type_name("FILE");
  command
      .add_option(
          "--counts", options.counts,
          "Also predict by counting in the training facts of FILE, P(r) P(h|r) P(t|r); may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);  // what follows is TEST
  command
      .add_option("--smoothing", options.smoothing,
                  "With --counts: weight of the smoothing, in facts (default: the mean of a relation's facts)")
      ->type_name("X")
      ->check(above_zero());
  command
      .add_option("--known", options.known,
                  "Further facts that hold: filtered ranks leave their relations out; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_file(command, "--mix", options.mix,
           "Also predict by a mixture of all, whose weights are learned from the facts in FILE, which no model has "
           "learned from");
  add_file(command, "--prior", options.prior,
           "Learn what each relation's score is to be raised by from the facts in FILE, in place of trusting its share "
           "of the facts");
  command.add_flag("--seeds", options.seeds,
                   "The models differ in their seed: print mean and standard deviation over them as well");
  command.add_flag("--by-relation", options.by_relation, "One row a relation in place of averages");
  add_file(
      command, "--errors", options.errors,
      "Print how similar wrong answers are to right ones in place of how many there are, by a similarity artifact");
  command.add_flag("--histogram", options.histogram, "With --errors: count the wrong answers of each similarity rank");
  add_file(command, "--plot", options.plot, "With --errors: draw that histogram as SVG (needs gnuplot)");
}

int run_predict(const SharedOptions& shared, const PredictOptions& options) {
  if (options.files.size() < 2 && options.counts.empty()) {
    throw Error(Error::Usage, "there is nothing to predict with: give a MODEL before TEST, or --counts");
  }
  if (options.errors.empty() && (options.histogram || !options.plot.empty())) {
    throw Error(Error::Usage, "--histogram and --plot go with --errors");
  }
  if (options.by_relation && !options.errors.empty())
    throw Error(Error::Usage, "--by-relation does not go with --errors");
  if (options.seeds && (options.by_relation || !options.errors.empty())) {
    throw Error(Error::Usage, "--seeds goes with averages, not with --by-relation and --errors");
  }
  auto bench = read_bench(options);
  std::optional<formats::Similarity> similarity;
  if (!options.errors.empty()) similarity = read_similarity_of(options.errors, bench.relations);
  const auto test = read_facts_of(options.files.back(), bench);
  for (const auto& path : options.known) read_facts_of(path, bench);
  const auto mix = options.mix.empty() ? std::vector<Triple>() : read_facts_of(options.mix, bench);
  const auto for_prior = options.prior.empty() ? std::vector<Triple>() : read_facts_of(options.prior, bench);
  const relsim::PairIndex known(bench.kb.triples);

  auto scorers = bench.scorers();
  std::vector<std::unique_ptr<relsim::ScorerMixture>> owned;
  if (!for_prior.empty()) {
    for (auto& [name, scorer] : scorers) {
      relsim::MixtureOptions only_biases;
      only_biases.learn_weights = false;
      owned.push_back(
          std::make_unique<relsim::ScorerMixture>(relsim::learn_mixture({scorer}, for_prior, known, only_biases)));
      scorer = owned.back().get();
    }
  }
  if (!mix.empty()) {
    std::vector<const relsim::RelationScorer*> parts;
    std::vector<std::string> names;
    for (const auto& [name, scorer] : scorers) {
      parts.push_back(scorer);
      names.push_back(name);
    }
    owned.push_back(std::make_unique<relsim::ScorerMixture>(relsim::learn_mixture(parts, mix, known)));
    say_weights(*owned.back(), names);
    scorers.emplace_back("mixture", owned.back().get());
  }
  std::vector<Prediction> predictions;
  for (const auto& [name, scorer] : scorers) {
    predictions.push_back({name, relsim::rank_relations(*scorer, test, known, similarity.has_value())});
  }
  if (similarity) {
    print_errors(shared, predictions, test, bench.relations, *similarity, {options.histogram, options.plot});
  } else if (options.by_relation) {
    print_ranks_by_relation(shared, predictions, test, bench.kb.relations);
  } else {
    print_ranks(shared, predictions, test, bench.kb.relations.size(), options.seeds ? bench.models.size() : 0);
  }
  return 0;
}

}  // namespace terse::tools
