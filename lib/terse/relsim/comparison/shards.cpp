#include "terse/relsim/comparison/shards.hpp"

#include <algorithm>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/kb/stored_facts.hpp"

namespace terse::relsim {
namespace {

/// What is missing from lane `next` to `end`: "part 2/5 is missing".
std::string missing(const std::vector<StoredPart>& parts, std::int64_t next, std::int64_t end) {
  const auto shards = parts.front().part.shards;
  std::string numbers;
  std::int64_t count = 0;
  for (std::int64_t shard = 1; shard <= shards; ++shard) {
    if (std::ranges::any_of(parts, [&](const auto& stored) { return stored.part.shard == shard; })) continue;
    numbers += (count++ > 0 ? ", " : "") + std::to_string(shard) + "/" + std::to_string(shards);
  }
  if (count > 0) return (count == 1 ? "part " : "parts ") + numbers + (count == 1 ? " is missing" : " are missing");
  return "lanes " + std::to_string(next + 1) + " to " + std::to_string(end) + " of " +
         std::to_string(parts.front().part.lanes) + " are missing";
}

/// Puts parts in order. @throws Error::BadInput where they are not all of one comparison, or not each there once
void require_whole(std::vector<StoredPart>& parts) {
  const auto refuse = [](const std::string& what) { throw Error(Error::BadInput, what); };
  const auto require_same = [&](const StoredPart& one, const StoredPart& first) {
    const bool same = one.header.parents == first.header.parents && one.header.arguments == first.header.arguments &&
                      one.part.frame == first.part.frame && one.part.lanes == first.part.lanes &&
                      one.part.queries == first.part.queries && one.part.heads == first.part.heads;
    if (!same) refuse(one.name + ": not a part of the same comparison as " + first.name);
  };
  for (const auto& one : parts) require_same(one, parts.front());
  std::ranges::stable_sort(parts, {}, [](const auto& stored) { return stored.part.first_lane; });
  const auto& first = parts.front();
  std::int64_t next = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [name, header, part] = parts[i];
    if (part.shards != first.part.shards) {
      refuse(name + ": is " + part.description() + ", and " + first.name + " is " + first.part.description() +
             ": parts of one division are needed");
    }
    if (part.first_lane < next) refuse(name + ": is " + part.description() + ", and so is " + parts[i - 1].name);
    if (part.first_lane > next) refuse(missing(parts, next, part.first_lane));
    next += part.lanes_here();
  }
  if (next != first.part.lanes) refuse(missing(parts, next, first.part.lanes));
}

}  // namespace

formats::SimilarityPart compare_shard(const ComparedModel& model, const ComparisonOptions& options, std::int64_t shard,
                                      std::int64_t shards) {
  if (options.method != Method::Exact || only_counts(model.facts)) {
    throw Error(Error::Usage, model.name + ": only the exact comparison of a trained model has shards");
  }
  auto sums = exact_lane_sums(
      load_fact_model(model.facts, model.name),
      {.precision = options.precision, .swapped = options.swapped, .on_progress = options.on_progress}, shard, shards);
  formats::SimilarityPart part;
  part.frame = frame_of(model.facts, options);
  auto details = part.frame.details.as_map();
  details["heads"] = static_cast<std::int64_t>(model.facts.entities.size());
  details["precision"] = std::string(to_string(sums.precision));
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

StoredPart read_stored_part(const std::string& path) {
  auto read = formats::read_similarity_part(core::open_source(path));
  return {path, std::move(read.header), std::move(read.content)};
}

formats::Similarity join_parts(std::vector<StoredPart> parts) {
  require_whole(parts);
  std::vector<LaneSums> sums;
  for (auto& [name, header, part] : parts) {
    LaneSums lane_sums;
    lane_sums.relations = static_cast<std::int64_t>(part.frame.relations.size());
    lane_sums.queries = part.queries;
    lane_sums.first_lane = part.first_lane;
    lane_sums.lanes = part.lanes;
    if (sums.empty()) lane_sums.heads = part.heads;
    lane_sums.sums = std::move(part.sums);
    sums.push_back(std::move(lane_sums));
  }
  auto joined = join_lanes(sums);
  auto similarity = std::move(parts.front().part.frame);
  similarity.divergence = std::move(joined.same);
  similarity.swapped = std::move(joined.swapped);
  return similarity;
}

}  // namespace terse::relsim
