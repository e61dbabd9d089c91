#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// Divergences between all pairs of relations, in nats (similarity.md). Matrices are row-major [R, R]:
/// element (i, j) at i*R + j is KL(relation i ‖ relation j).
struct Similarity {
  std::vector<std::string> relations;  ///< [R] names
  std::vector<std::int64_t> counts;    ///< [R] facts of each relation
  std::vector<double> divergence;      ///< [R, R] same orientation: KL(P(h,t|i) ‖ P(h,t|j))
  std::vector<double> swapped;         ///< [R, R] KL(P(h,t|i) ‖ P(t,h|j)), heads and tails of j swapped; may be empty
  std::vector<double> divergence_error;  ///< [R, R] half width of the 95 % interval; empty where exact
  std::vector<double> swapped_error;     ///< [R, R] alike
  /// [R, R] standard deviation over several models, of which `divergence` is then the mean; empty for one model
  std::vector<double> divergence_spread, swapped_spread;
  std::vector<std::uint8_t> thin;  ///< [R] 1 where a relation has too few facts for its row to be trusted; may be empty
  std::string
      method;  ///< "exact", "adaptive", "sample"; "jaccard", "profile", "cosine": 1 - similarity for divergences
  std::string combine = "max";   ///< how a pair's two directions become one score
  double temperature = 1;        ///< τ of the score exp(-KL/τ)
  Value details = Value::Map{};  ///< heads visited, precision, tolerance, models …

  bool operator==(const Similarity&) const = default;
};

/// Writes to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_similarity(core::ByteSink& sink, Header header, const Similarity& similarity);

/// @throws Error::BadInput where the source is not a sound similarity artifact
Loaded<Similarity> read_similarity(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
