#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::formats {

/// What one shard of a job array knows of an exact similarity (similarity.md, Parts).
struct SimilarityPart {
  Similarity frame;                    ///< everything but the matrices
  std::int64_t first_lane = 0;         ///< of the sums here
  std::int64_t lanes = 0;              ///< of all shards together
  std::int64_t queries = 0;            ///< Q: R, or 2R with the swapped orientation
  std::int64_t shard = 0, shards = 0;  ///< which part of how many this is, from 1; 0: a part of before it was said
  std::vector<double> heads;           ///< [R, Q] divergence of head distributions; the same in every part
  std::vector<double> sums;            ///< [lanes here, R, Q]

  std::int64_t lanes_here() const;
  /// "part 2/5", or "lanes 13 to 25 of 64".
  std::string description() const;
};

/// Writes to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_similarity_part(core::ByteSink& sink, Header header, const SimilarityPart& part);

/// @throws Error::BadInput where the source is not a sound part of a similarity
Loaded<SimilarityPart> read_similarity_part(std::unique_ptr<core::ByteSource> source,
                                            ArtifactReader::Limits limits = {});

}  // namespace terse::formats
