#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// One step of agglomeration. Nodes 0..R-1 are the relations, node R+k is what merge k made.
struct Merge {
  std::int32_t a = 0, b = 0;  ///< nodes, a < b
  double height = 0;          ///< divergence at which they met, nats
  double confidence = 0;      ///< that the merge is right, 0..1
  bool swapped = false;       ///< b joined with heads and tails swapped
  std::string reason;         ///< in words

  bool operator==(const Merge&) const = default;
};

/// A partition of relations into groups that say the same (clusters.md).
struct Clusters {
  std::vector<std::string> relations;         ///< [R] names
  std::vector<std::int32_t> cluster;          ///< [R] id of each relation's cluster, 0..C-1
  std::vector<std::uint8_t> swapped;          ///< [R] 1: heads and tails swapped against its representative
  std::vector<std::int32_t> representatives;  ///< [C] the relation that stands for each cluster
  std::vector<Merge> merges;                  ///< those carried out, in order
  std::string linkage;                        ///< "average", "complete", …
  double threshold = 0;                       ///< merges stop above this divergence

  bool operator==(const Clusters&) const = default;
};

/// Writes to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_clusters(core::ByteSink& sink, Header header, const Clusters& clusters);

/// Checks that ids are within range and that each representative lies in its own cluster, unswapped.
/// @throws Error::BadInput where the source is not a sound clusters artifact
Loaded<Clusters> read_clusters(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
