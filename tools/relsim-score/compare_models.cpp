#include "relsim-score/compare_models.hpp"

#include <algorithm>
#include <cmath>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/core/progress.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/relsim/counts/count_divergence.hpp"
#include "terse/relsim/counts/overlap.hpp"
#include "terse/relsim/divergence/adaptive_divergence.hpp"
#include "terse/relsim/divergence/sampled_divergence.hpp"
#include "terse/relsim/embedding/embedding_artifact.hpp"
#include "terse/relsim/embedding/vector_distances.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"

namespace terse::tools {
namespace {

using formats::Value;
using relsim::Divergences;

constexpr std::int64_t kDraws = 20;
constexpr double kTolerated = 0.05;
constexpr std::string_view kPrecisions[] = {"auto", "bfloat16", "single", "double"};  // as relsim::Precision has them

relsim::Precision precision_of(std::string_view word) {
  return static_cast<relsim::Precision>(std::ranges::find(kPrecisions, word) - std::begin(kPrecisions));
}

std::string name_of(relsim::Precision precision) {
  return std::string(kPrecisions[static_cast<std::size_t>(precision)]);
}

bool only_counts(const formats::Facts& facts) {
  const auto* model = facts.hyperparameters.find("model");
  return model && model->is_string() && model->as_string() == "counts";
}

std::int32_t size_of(const std::vector<std::string>& names) { return static_cast<std::int32_t>(names.size()); }

std::vector<relsim::Triple> triples_of(const formats::Facts& facts) {
  std::vector<relsim::Triple> triples(facts.triples.size() / 3);
  for (std::size_t i = 0; i < triples.size(); ++i) {
    triples[i] = {facts.triples[3 * i], facts.triples[3 * i + 1], facts.triples[3 * i + 2]};
  }
  return triples;
}

Divergences counted(const formats::Facts& facts) {
  auto result =
      relsim::count_divergences(relsim::CountModel(triples_of(facts), size_of(facts.entities), size_of(facts.relations),
                                                   facts.hyperparameters.at("smoothing").as_double()));
  result.heads = static_cast<std::int64_t>(facts.entities.size());
  return result;
}

/// By one of the measures that divergences are set against.
Divergences distances_of(const ComparedModel& model, const std::string& method) {
  if (model.embedding) return relsim::vector_distances(*model.embedding);
  const auto& facts = model.facts;
  const auto triples = triples_of(facts);
  if (triples.empty())
    throw Error(Error::BadInput, model.name + ": holds no triples, which --method " + method + " compares");
  return method == "jaccard" ? relsim::jaccard_distances(triples, size_of(facts.relations))
                             : relsim::profile_distances(triples, size_of(facts.entities), size_of(facts.relations));
}

/// Says what a model's similarity leaves out: the counts that its held-out facts mix into it. Their mixture is no
/// exponential family, so that its divergences cannot be had from a head's mean tail, which is what makes them cheap.
void say_mixture(const formats::Facts& facts, const std::string& name) {
  const auto mixture = relsim::load_count_mixture(facts, name);
  if (!mixture) return;
  double head = 0, tail = 0, all = 0;
  for (std::size_t r = 0; r < facts.counts.size(); ++r) {
    const auto count = static_cast<double>(facts.counts[r]);
    head += count * static_cast<double>(mixture->head[r]);
    tail += count * static_cast<double>(mixture->tail[r]);
    all += count;
  }
  const auto percent = [&](double share) {
    return std::to_string(std::lround(100 * (all > 0 ? 1 - share / all : 0))) + " %";
  };
  const auto text = "the trained model alone is compared, without the independent counts that predictions take " +
                    percent(head) + " of heads and " + percent(tail) + " of tails from";
  const bool is_weak = head + tail < all;
  if (is_weak)
    say_warning(text + ": they tell held-out facts better, so that what the model says of similarity is to be doubted");
  else
    say_note(text);
}

template <class MethodOptions>
MethodOptions method_options(const SimilarityOptions& options, core::Progress& progress) {
  MethodOptions method;
  method.precision = precision_of(options.precision);
  method.swapped = options.orientation == "both";
  method.on_progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done, "heads"); };
  return method;
}

Divergences divergences_of(const ComparedModel& compared, const SharedOptions& shared, const SimilarityOptions& options,
                           Value::Map& details) {
  const auto& facts = compared.facts;
  if (options.takes_distances()) return distances_of(compared, options.method);
  if (only_counts(facts)) {
    if (options.method != "exact")
      throw Error(Error::Usage, "a counting model is compared exactly, with --method exact");
    return counted(facts);
  }
  const auto model = relsim::load_fact_model(facts, compared.name);
  say_mixture(facts, compared.name);
  core::Progress progress("comparing", options.method == "exact" ? facts.entities.size() : 0, shared.progress);
  if (options.method == "exact") {
    return relsim::exact_divergences(model, method_options<relsim::ExactOptions>(options, progress));
  }
  if (options.method == "sample") {
    auto sample = method_options<relsim::SampleOptions>(options, progress);
    sample.draws = options.draws.value_or(kDraws);
    sample.seed = shared.seed;
    details["draws"] = sample.draws;
    return relsim::sampled_divergences(model, sample);
  }
  auto adaptive = method_options<relsim::AdaptiveOptions>(options, progress);
  adaptive.heads = options.heads.value_or(0);
  adaptive.tolerance = options.tolerance.value_or(kTolerated);
  adaptive.seconds = options.seconds.value_or(0);
  adaptive.seed = shared.seed;
  auto result = relsim::adaptive_divergences(model, adaptive);
  if (adaptive.heads > 0) {
    details["heads_a_relation"] = adaptive.heads;
  } else {
    details["tolerance"] = adaptive.tolerance;
    details["rounds"] = result.rounds;
    if (result.sketched_heads > 0) details["heads_at_some_tails"] = result.sketched_heads;
    details["relations_beyond_tolerance"] = result.open_relations;
  }
  return result;
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

/// What is missing from lane `next` to `end`: "part 2/5 is missing".
std::string missing(const std::vector<NamedPart>& parts, std::int64_t next, std::int64_t end) {
  const auto shards = parts.front().part.shards;
  std::string numbers;
  std::int64_t count = 0;
  for (std::int64_t shard = 1; shard <= shards; ++shard) {
    if (std::ranges::any_of(parts, [&](const auto& named) { return named.part.shard == shard; })) continue;
    numbers += (count++ > 0 ? ", " : "") + std::to_string(shard) + "/" + std::to_string(shards);
  }
  if (count > 0) return (count == 1 ? "part " : "parts ") + numbers + (count == 1 ? " is missing" : " are missing");
  return "lanes " + std::to_string(next + 1) + " to " + std::to_string(end) + " of " +
         std::to_string(parts.front().part.lanes) + " are missing";
}

/// Puts parts in order. @throws Error::BadInput where they are not all of one comparison, or not each there once
void require_whole(std::vector<NamedPart>& parts) {
  const auto refuse = [](const std::string& what) { throw Error(Error::BadInput, what); };
  std::ranges::stable_sort(parts, {}, [](const auto& named) { return named.part.first_lane; });
  const auto& [first_name, first] = parts.front();
  std::int64_t next = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [name, part] = parts[i];
    const bool fits = part.frame == first.frame && part.lanes == first.lanes && part.queries == first.queries &&
                      part.heads == first.heads;
    if (!fits) refuse(name + ": not a part of the same comparison as " + first_name);
    if (part.shards != first.shards) {
      refuse(name + ": is " + part.description() + ", and " + first_name + " is " + first.description() +
             ": parts of one division are needed");
    }
    if (part.first_lane < next) {
      refuse(name + ": is " + part.description() + ", and so is " + parts[i - 1].name);
    }
    if (part.first_lane > next) refuse(missing(parts, next, part.first_lane));
    next += part.lanes_here();
  }
  if (next != first.lanes) refuse(missing(parts, next, first.lanes));
}

}  // namespace

ComparedModel read_compared(const std::string& path, const SimilarityOptions& options) {
  if (options.method != "cosine") {
    auto read = formats::read_facts(core::open_source(path));
    return {path, std::move(read.digest), read.header.seed, std::move(read.content), {}};
  }
  auto read = formats::read_model(core::open_source(path));
  auto stored = relsim::load_embedding(read.content, path);
  ComparedModel model{path, std::move(read.digest), read.header.seed, {}, std::move(stored.model)};
  model.facts.relations = std::move(stored.relations);
  model.facts.counts.resize(model.facts.relations.size());
  for (const auto& t : stored.triples) ++model.facts.counts[static_cast<std::size_t>(t.relation)];
  return model;
}

formats::Similarity frame_of(const formats::Facts& facts, const SimilarityOptions& options) {
  formats::Similarity frame;
  frame.relations = facts.relations;
  frame.counts = facts.counts;
  for (const auto count : facts.counts) frame.thin.push_back(count < options.least_facts);
  frame.method = options.method;
  frame.combine = options.combine;
  frame.temperature = options.temperature;
  frame.details = Value::Map{{"least_facts", options.least_facts}};
  return frame;
}

formats::Similarity compare_models(const std::vector<ComparedModel>& models, const SharedOptions& shared,
                                   const SimilarityOptions& options) {
  auto similarity = frame_of(models.front().facts, options);
  auto details = similarity.details.as_map();
  MatrixMean same, swapped;
  std::int64_t heads = 0;
  auto precision = relsim::Precision::Double;
  for (const auto& model : models) {
    if (model.facts.relations != models.front().facts.relations) {
      throw Error(Error::BadInput, model.name + ": its relations are not those of " + models.front().name);
    }
    auto found = divergences_of(model, shared, options, details);
    if (options.orientation == "same") found.swapped.clear();
    same.add(found.same, found.same_error);
    swapped.add(found.swapped, found.swapped_error);
    heads += found.heads;
    precision = std::min(precision, found.precision);
  }
  same.store(similarity.divergence, similarity.divergence_error, similarity.divergence_spread);
  swapped.store(similarity.swapped, similarity.swapped_error, similarity.swapped_spread);
  if (!options.takes_distances()) {
    details["heads"] = heads;
    details["precision"] = name_of(precision);
  }
  if (models.size() > 1) details["models"] = static_cast<std::int64_t>(models.size());
  similarity.details = std::move(details);
  return similarity;
}

formats::SimilarityPart compare_shard(const formats::Facts& facts, const std::string& name, const SharedOptions& shared,
                                      const SimilarityOptions& options, std::int64_t shard, std::int64_t shards) {
  if (only_counts(facts) || options.method != "exact") {
    throw Error(Error::Usage, "--shard goes with a trained model and --method exact");
  }
  core::Progress progress("comparing", 0, shared.progress);
  auto sums = relsim::exact_lane_sums(relsim::load_fact_model(facts, name),
                                      method_options<relsim::ExactOptions>(options, progress), shard, shards);
  formats::SimilarityPart part;
  part.frame = frame_of(facts, options);
  auto details = part.frame.details.as_map();
  details["heads"] = static_cast<std::int64_t>(facts.entities.size());
  details["precision"] = name_of(sums.precision);
  part.frame.details = std::move(details);
  part.shard = shard + 1;
  part.shards = shards;
  part.first_lane = sums.first_lane;
  part.lanes = sums.lanes;
  part.queries = sums.queries;
  part.heads = std::move(sums.heads);
  part.sums = std::move(sums.sums);
  return part;
}

formats::Similarity merge_parts(std::vector<NamedPart> parts) {
  require_whole(parts);
  std::vector<relsim::LaneSums> sums;
  for (auto& [name, part] : parts) {
    relsim::LaneSums lane_sums;
    lane_sums.relations = static_cast<std::int64_t>(part.frame.relations.size());
    lane_sums.queries = part.queries;
    lane_sums.first_lane = part.first_lane;
    lane_sums.lanes = part.lanes;
    if (sums.empty()) lane_sums.heads = part.heads;
    lane_sums.sums = std::move(part.sums);
    sums.push_back(std::move(lane_sums));
  }
  auto joined = relsim::join_lanes(sums);
  auto similarity = std::move(parts.front().part.frame);
  similarity.divergence = std::move(joined.same);
  similarity.swapped = std::move(joined.swapped);
  return similarity;
}

}  // namespace terse::tools
