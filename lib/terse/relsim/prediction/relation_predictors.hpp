#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "terse/relsim/prediction/relation_model.hpp"
#include "terse/relsim/prediction/scorer_mixture.hpp"
#include "terse/relsim/ranking/relation_ranks.hpp"

namespace terse::relsim {

/// What relations are predicted with and for. Facts come from files of any kind that read_input() takes.
struct PredictionInputs {
  std::vector<std::string> models;       ///< artifacts of one knowledge base; may be empty where `counts` is not
  std::vector<std::string> counts;       ///< facts to count in, as one more predictor; empty: none
  std::optional<double> smoothing = {};  ///< of the counts, in facts; unset: the mean of a relation's facts
  std::string test;                      ///< the facts whose relations are predicted
  std::vector<std::string> known;        ///< further facts that hold: filtered ranks leave their relations out
  std::string mix;                       ///< facts to learn a mixture of all predictors from; empty: none
  std::string prior;                     ///< facts to learn what each relation's score is raised by from; empty: do not
  /// Told how many facts of a file name what the models do not know; these are left out. May be empty.
  std::function<void(const std::string& path, std::size_t skipped)> on_skipped;
};

/// What one predictor made of the test facts.
struct Prediction {
  std::string name;
  std::vector<RelationRank> ranks;
};

/// Predictors over one knowledge base's names: models, counts, and mixtures of them.
class RelationPredictors {
 public:
  /// Reads everything. @throws Error::BadInput where models are of different knowledge bases, or a file holds no facts
  /// that the models know the names of
  explicit RelationPredictors(const PredictionInputs& inputs);

  const Vocabulary& relations() const { return kb_.relations; }
  const std::vector<Triple>& test() const { return test_; }

  /// Learns priors and the mixture where facts for them are given, and ranks the test facts' relations by each
  /// predictor: models in order, "counts", "mixture".
  /// @param with_above  fill RelationRank::above
  std::vector<Prediction> predict(bool with_above);

  /// Predictors and their weights in the mixture; empty without one, and before predict().
  const std::vector<std::pair<std::string, double>>& mixture_weights() const { return mixture_weights_; }

 private:
  std::vector<Triple> read_facts(const std::string& path, const PredictionInputs& inputs);
  void read_models(const PredictionInputs& inputs);
  void read_counts(const PredictionInputs& inputs);

  KnowledgeBase kb_;  // names; triples: every known fact
  std::vector<RelationModel> models_;
  std::shared_ptr<RelationScorer> counts_;
  std::vector<Triple> test_, mix_, prior_;
  std::vector<std::pair<std::string, double>> mixture_weights_;
};

}  // namespace terse::relsim
