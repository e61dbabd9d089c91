#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/core/tsv_reader.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// How a relation stands within its class.
enum class Stance : std::uint8_t { Same, Inverse, Symmetric };

/// Which relations say the same, as somebody knows it.
struct Gold {
  std::vector<std::int32_t> label;  ///< [R] class of each relation, -1 where the gold does not say
  std::vector<Stance> stance;       ///< [R] against the class; only read with `oriented`
  bool oriented = false;  ///< a pair counts only in the right orientation, and a symmetric relation is to be found, too
  std::int32_t classes = 0;
  std::uint64_t unknown = 0;  ///< lines about relations that are not among the names
};

/// Reads `relation<TAB>class[<TAB>same|inverse|symmetric]` lines. One third field makes the gold oriented.
/// @param relations  names, as in the artifact to be judged
/// @throws Error::BadInput as `file:line: …` for a line of another form, a relation given twice, or a word not listed
///         above; and where no line names one of `relations`
Gold read_gold(core::TsvReader& reader, const std::vector<std::string>& relations);

struct PrecisionRecall {
  double precision = 0, recall = 0;
  double f1() const { return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0; }
};

/// Clusters against gold, over the relations that the gold labels. Source: Galárraga et al., CIKM 2014, section 5.
struct GoldScores {
  std::int64_t relations = 0, positive_pairs = 0;
  PrecisionRecall macro;  ///< share of clusters that lie within one class; of classes that lie within one cluster
  PrecisionRecall micro;  ///< share of relations in their cluster's largest class; in their class's largest cluster
  PrecisionRecall pair;   ///< share of pairs in one cluster that are of one class; of pairs of one class in one cluster
};

GoldScores score_clusters(const formats::Clusters& clusters, const Gold& gold);

/// What merges of about one confidence turned out to be, over pairs of labelled relations that they brought together.
struct Reliability {
  double confidence = 0;  ///< mean
  double right = 0;       ///< share of the pairs that are of one class
  std::int64_t pairs = 0;
};

/// By tenths of confidence, the surest first; those without pairs are left out.
std::vector<Reliability> score_confidence(const formats::Clusters& clusters, const Gold& gold);

/// By how much confidence and share of right ones differ, on average over pairs. NaN where there are none.
double calibration_error(const std::vector<Reliability>& reliability);

/// Where the ranking of pairs stands after each group of equally near ones that holds a right pair.
struct CurvePoint {
  double recall = 0, precision = 0, divergence = 0;
};

/// Over labelled relations, nearest pairs first; relations paired with themselves take part where the gold is oriented.
/// Empty without a positive pair.
std::vector<CurvePoint> precision_recall_curve(const formats::Similarity& similarity, const Gold& gold);

/// Average precision of the ranking of pairs (equally near ones count together): the area under its curve. NaN where
/// that is empty because there is no positive pair.
double average_precision(const std::vector<CurvePoint>& curve);

}  // namespace terse::relsim
