#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/formats/kinds/similarity_part.hpp"
#include "terse/relsim/comparison/model_comparison.hpp"

namespace terse::relsim {

/// One of several shards of an exact comparison.
/// @param shard  from 0
/// @throws Error::Usage for another method than exact, a model of counts, or more shards than there are lanes
formats::SimilarityPart compare_shard(const ComparedModel& model, const ComparisonOptions& options, std::int64_t shard,
                                      std::int64_t shards);

/// A part of a comparison and the file that it came from.
struct StoredPart {
  std::string name;
  formats::Header header;
  formats::SimilarityPart part;
};

/// @throws Error::BadInput where `path` holds no sound part
StoredPart read_stored_part(const std::string& path);

/// The comparison that all parts together are: bit for bit what compare_models() gives.
/// @param parts  each once, in any order
/// @throws Error::BadInput where they are not all parts of one comparison, naming files and parts
formats::Similarity join_parts(std::vector<StoredPart> parts);

}  // namespace terse::relsim
