#include "terse/relsim/comparison/model_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/relsim/counts/count_divergence.hpp"
#include "terse/relsim/counts/overlap.hpp"
#include "terse/relsim/divergence/adaptive_divergence.hpp"
#include "terse/relsim/divergence/sampled_divergence.hpp"
#include "terse/relsim/embedding/embedding_artifact.hpp"
#include "terse/relsim/embedding/vector_distances.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/kb/stored_facts.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

constexpr std::string_view kMethods[] = {"exact", "adaptive", "sample", "jaccard", "profile", "cosine"};

std::int32_t size_of(const std::vector<std::string>& names) { return static_cast<std::int32_t>(names.size()); }

Divergences divergences_of_counts(const formats::Facts& facts) {
  auto result = count_divergences(CountModel(triples_of(facts), size_of(facts.entities), size_of(facts.relations),
                                             facts.hyperparameters.at("smoothing").as_double()));
  result.heads = static_cast<std::int64_t>(facts.entities.size());
  return result;
}

Divergences distances_of(const ComparedModel& model, Method method) {
  if (model.embedding) return vector_distances(*model.embedding);
  const auto triples = triples_of(model.facts);
  if (triples.empty()) {
    throw Error(Error::BadInput,
                model.name + ": holds no triples, which the method " + std::string(to_string(method)) + " compares");
  }
  const auto relations = size_of(model.facts.relations);
  return method == Method::Jaccard ? jaccard_distances(triples, relations)
                                   : profile_distances(triples, size_of(model.facts.entities), relations);
}

AdaptiveDivergences adaptively(const FactModel& model, const ComparisonOptions& options, Value::Map& details) {
  auto result = adaptive_divergences(model, {.precision = options.precision,
                                             .swapped = options.swapped,
                                             .heads = options.heads,
                                             .tolerance = options.tolerance,
                                             .seconds = options.seconds,
                                             .seed = options.seed,
                                             .on_progress = options.on_progress});
  if (options.heads > 0) {
    details["heads_a_relation"] = options.heads;
  } else {
    details["tolerance"] = options.tolerance;
    details["rounds"] = result.rounds;
    if (result.sketched_heads > 0) details["heads_at_some_tails"] = result.sketched_heads;
    details["relations_beyond_tolerance"] = result.open_relations;
  }
  return result;
}

Divergences divergences_of(const ComparedModel& compared, const ComparisonOptions& options, Value::Map& details) {
  if (!is_divergence(options.method)) return distances_of(compared, options.method);
  if (only_counts(compared.facts)) {
    if (options.method != Method::Exact)
      throw Error(Error::Usage, compared.name + ": counts are compared by the method exact alone");
    return divergences_of_counts(compared.facts);
  }
  const auto model = load_fact_model(compared.facts, compared.name);
  if (options.method == Method::Adaptive) {
    const Divergences& divergences = adaptively(model, options, details);  // its intervals are in the details
    return divergences;
  }
  if (options.method == Method::Exact) {
    return exact_divergences(
        model, {.precision = options.precision, .swapped = options.swapped, .on_progress = options.on_progress});
  }
  details["draws"] = options.draws;
  return sampled_divergences(model, {.precision = options.precision,
                                     .swapped = options.swapped,
                                     .draws = options.draws,
                                     .seed = options.seed,
                                     .on_progress = options.on_progress});
}

/// Running mean, spread and error of one matrix over models.
class MatrixMean {
 public:
  void add(const std::vector<double>& values, const std::vector<double>& errors) {
    ++models_;
    if (mean_.empty()) mean_.resize(values.size()), squares_.resize(values.size());
    if (!errors.empty() && error_squares_.empty()) error_squares_.resize(errors.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == mean_[i]) continue;  // infinite in every model stays infinite
      const double off = values[i] - mean_[i];
      mean_[i] += off / models_;
      squares_[i] += off * (values[i] - mean_[i]);
    }
    for (std::size_t i = 0; i < errors.size(); ++i) error_squares_[i] += errors[i] * errors[i];
  }
  void store(std::vector<double>& mean, std::vector<double>& error, std::vector<double>& spread) {
    mean = mean_;
    error = error_squares_;
    for (auto& value : error) value = std::sqrt(value) / models_;
    if (models_ < 2) return;
    spread = squares_;
    for (auto& value : spread) value = std::sqrt(value / (models_ - 1));
  }

 private:
  double models_ = 0;
  std::vector<double> mean_, squares_, error_squares_;
};

}  // namespace

std::string_view to_string(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

Method method_called(std::string_view name) {
  const auto* found = std::ranges::find(kMethods, name);
  if (found == std::end(kMethods)) throw Error(Error::Usage, "no such method: '" + std::string(name) + "'");
  return static_cast<Method>(found - std::begin(kMethods));
}

bool is_divergence(Method method) {
  return method == Method::Exact || method == Method::Adaptive || method == Method::Sample;
}

ComparedModel read_compared(const std::string& path, Method method) {
  if (method != Method::Cosine) {
    auto read = formats::read_facts(core::open_source(path));
    return {path, std::move(read.digest), read.header.seed, std::move(read.content), {}};
  }
  auto read = formats::read_model(core::open_source(path));
  auto stored = load_embedding(read.content, path);
  ComparedModel model{path, std::move(read.digest), read.header.seed, {}, std::move(stored.model)};
  model.facts.relations = std::move(stored.relations);
  model.facts.counts.resize(model.facts.relations.size());
  for (const auto& t : stored.triples) ++model.facts.counts[static_cast<std::size_t>(t.relation)];
  return model;
}

formats::Similarity frame_of(const formats::Facts& facts, const ComparisonOptions& options) {
  formats::Similarity frame;
  frame.relations = facts.relations;
  frame.counts = facts.counts;
  for (const auto count : facts.counts) frame.thin.push_back(count < options.least_facts);
  frame.method = to_string(options.method);
  frame.combine = options.combine;
  frame.temperature = options.temperature;
  frame.details = Value::Map{{"least_facts", options.least_facts}};
  return frame;
}

formats::Similarity compare_models(const std::vector<ComparedModel>& models, const ComparisonOptions& options) {
  auto similarity = frame_of(models.front().facts, options);
  auto details = similarity.details.as_map();
  MatrixMean same, swapped;
  std::int64_t heads = 0;
  auto precision = Precision::Double;
  for (const auto& model : models) {
    if (model.facts.relations != models.front().facts.relations) {
      throw Error(Error::BadInput, model.name + ": its relations are not those of " + models.front().name);
    }
    auto found = divergences_of(model, options, details);
    if (!options.swapped) found.swapped.clear();
    same.add(found.same, found.same_error);
    swapped.add(found.swapped, found.swapped_error);
    heads += found.heads;
    precision = std::min(precision, found.precision);
  }
  same.store(similarity.divergence, similarity.divergence_error, similarity.divergence_spread);
  swapped.store(similarity.swapped, similarity.swapped_error, similarity.swapped_spread);
  if (is_divergence(options.method)) {
    details["heads"] = heads;
    details["precision"] = std::string(to_string(precision));
  }
  if (models.size() > 1) details["models"] = static_cast<std::int64_t>(models.size());
  similarity.details = std::move(details);
  return similarity;
}

std::optional<MixedShares> mixed_shares(const formats::Facts& facts, const std::string& name) {
  const auto mixture = load_count_mixture(facts, name);
  if (!mixture) return std::nullopt;
  double head = 0, tail = 0, all = 0;  // of facts, what the model itself predicts
  for (std::size_t r = 0; r < facts.counts.size(); ++r) {
    const auto count = static_cast<double>(facts.counts[r]);
    head += count * static_cast<double>(mixture->head[r]);
    tail += count * static_cast<double>(mixture->tail[r]);
    all += count;
  }
  const auto share = [&](double own) { return all > 0 ? 1 - own / all : 0; };
  return MixedShares{share(head), share(tail), head + tail < all};
}

}  // namespace terse::relsim
