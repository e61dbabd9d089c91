#include "terse/relsim/prediction/relation_predictors.hpp"

#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse/relsim/prediction/count_scorer.hpp"

namespace terse::relsim {

RelationPredictors::RelationPredictors(const PredictionInputs& inputs) {
  read_models(inputs);
  read_counts(inputs);
  test_ = read_facts(inputs.test, inputs);
  for (const auto& path : inputs.known) read_facts(path, inputs);
  if (!inputs.mix.empty()) mix_ = read_facts(inputs.mix, inputs);
  if (!inputs.prior.empty()) prior_ = read_facts(inputs.prior, inputs);
}

/// Facts of a file over the names of the knowledge base. Known from now on.
std::vector<Triple> RelationPredictors::read_facts(const std::string& path, const PredictionInputs& inputs) {
  auto [facts, skipped] = read_known_facts(path, kb_);
  if (skipped > 0 && inputs.on_skipped) inputs.on_skipped(path, skipped);
  if (facts.empty()) throw Error(Error::BadInput, path + ": no facts that the models know the names of");
  kb_.triples.insert(kb_.triples.end(), facts.begin(), facts.end());
  return facts;
}

void RelationPredictors::read_models(const PredictionInputs& inputs) {
  for (const auto& path : inputs.models) {
    models_.push_back(read_relation_model(path));
    const auto& first = models_.front();
    const auto& last = models_.back();
    if (last.entities != first.entities || last.relations != first.relations) {
      throw Error(Error::BadInput, last.name + ": is a model of another knowledge base than " + first.name);
    }
    kb_.triples.insert(kb_.triples.end(), last.triples.begin(), last.triples.end());
  }
  if (models_.empty()) return;
  kb_.entities = Vocabulary(models_.front().entities);
  kb_.relations = Vocabulary(models_.front().relations);
}

void RelationPredictors::read_counts(const PredictionInputs& inputs) {
  if (inputs.counts.empty()) return;
  std::vector<Triple> counted;
  if (models_.empty()) {
    kb_ = read_knowledge_base(inputs.counts);
    counted = kb_.triples;
  } else {
    for (const auto& path : inputs.counts) {
      const auto facts = read_facts(path, inputs);
      counted.insert(counted.end(), facts.begin(), facts.end());
    }
    make_distinct(counted);
  }
  const double mean = static_cast<double>(counted.size()) / static_cast<double>(kb_.relations.size());
  counts_ = std::make_shared<CountScorer>(counted, kb_.entities.size(), kb_.relations.size(),
                                          inputs.smoothing.value_or(mean));
}

std::vector<Prediction> RelationPredictors::predict(bool with_above) {
  const PairIndex known(kb_.triples);
  std::vector<std::pair<std::string, const RelationScorer*>> scorers;
  for (const auto& model : models_) scorers.emplace_back(model.name, model.scorer.get());
  if (counts_) scorers.emplace_back("counts", counts_.get());
  std::vector<std::unique_ptr<ScorerMixture>> owned;
  if (!prior_.empty()) {
    for (auto& [name, scorer] : scorers) {
      owned.push_back(std::make_unique<ScorerMixture>(
          learn_mixture({scorer}, prior_, known, MixtureOptions{.learn_weights = false})));
      scorer = owned.back().get();
    }
  }
  mixture_weights_.clear();
  if (!mix_.empty()) {
    std::vector<const RelationScorer*> parts;
    for (const auto& [name, scorer] : scorers) parts.push_back(scorer);
    owned.push_back(std::make_unique<ScorerMixture>(learn_mixture(parts, mix_, known)));
    for (std::size_t k = 0; k < parts.size(); ++k) {
      mixture_weights_.emplace_back(scorers[k].first, owned.back()->weights()[k]);
    }
    scorers.emplace_back("mixture", owned.back().get());
  }
  std::vector<Prediction> predictions;
  for (const auto& [name, scorer] : scorers) {
    predictions.push_back({name, rank_relations(*scorer, test_, known, with_above)});
  }
  return predictions;
}

}  // namespace terse::relsim
