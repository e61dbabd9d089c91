#include "terse/relsim/prediction/relation_model.hpp"

#include <limits>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/relsim/embedding/embedding_artifact.hpp"
#include "terse/relsim/embedding/embedding_scorer.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/kb/stored_facts.hpp"
#include "terse/relsim/prediction/count_scorer.hpp"
#include "terse/relsim/prediction/fact_scorer.hpp"

namespace terse::relsim {
namespace {

/// An embedding together with its scorer.
class OwnedEmbedding : public RelationScorer {
 public:
  explicit OwnedEmbedding(EmbeddingModel model) : model_(std::move(model)), scorer_(model_) {}
  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override {
    scorer_.score(head, tails, scores);
  }
  std::int32_t relations() const override { return model_.relations; }

 private:
  EmbeddingModel model_;
  EmbeddingScorer scorer_;
};

void take_facts(formats::Facts facts, RelationModel& into) {
  into.triples = triples_of(facts);
  if (facts.weights.empty()) {
    const auto* smoothing = facts.hyperparameters.find("smoothing");
    if (!smoothing) throw Error(Error::BadInput, into.name + ": holds no weights and does not count either");
    CountModel counts(into.triples, static_cast<std::int32_t>(facts.entities.size()),
                      static_cast<std::int32_t>(facts.relations.size()), smoothing->as_double());
    into.scorer = std::make_shared<CountModelScorer>(std::move(counts), facts.counts);
  } else {
    std::optional<MixedCounts> mixed;
    if (auto mixture = load_count_mixture(facts, into.name); mixture && !into.triples.empty()) {
      mixed.emplace(std::move(*mixture), RoleCounts(into.triples, static_cast<std::int32_t>(facts.entities.size()),
                                                    static_cast<std::int32_t>(facts.relations.size())));
    }
    into.scorer = std::make_shared<FactScorer>(load_fact_model(facts, into.name), facts.counts, std::move(mixed));
  }
  into.entities = std::move(facts.entities);
  into.relations = std::move(facts.relations);
}

}  // namespace

RelationModel read_relation_model(const std::string& path) {
  // Read once, because standard input cannot be read twice: the kind is in the first record.
  const auto source = core::open_source(path);
  const auto bytes = core::read_all(*source, std::numeric_limits<std::uint64_t>::max());
  const auto again = [&] { return core::memory_source(bytes, source->name()); };
  RelationModel model;
  model.name = path;
  const auto kind = formats::ArtifactReader(again()).header().kind;
  if (kind == formats::Kind::Facts) {
    take_facts(formats::read_facts(again()).content, model);
    return model;
  }
  if (kind != formats::Kind::Model) {
    throw Error(Error::BadInput,
                source->name() + ": expected a model or facts artifact, found " + std::string(to_string(kind)));
  }
  auto stored = load_embedding(formats::read_model(again()).content, source->name());
  model.entities = std::move(stored.entities);
  model.relations = std::move(stored.relations);
  model.triples = std::move(stored.triples);
  model.scorer = std::make_shared<OwnedEmbedding>(std::move(stored.model));
  return model;
}

}  // namespace terse::relsim
