#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "terse/core/table.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/kb/vocabulary.hpp"
#include "terse/relsim/ranking/relation_ranks.hpp"

namespace terse::tools {

/// What one scorer made of the test facts.
struct Prediction {
  std::string name;
  std::vector<relsim::RelationRank> ranks;
};

/// One figure over models that differ in their seed.
struct OverSeeds {
  double mean = 0;
  core::Cell deviation;  ///< standard deviation; none of one model
};
OverSeeds over_seeds(std::span<const double> values);

/// A row over all facts (micro) and one over relations (macro) for each scorer.
/// @param seeds  how many of the first are one model under several seeds: their mean and standard deviation follow;
///               0: none
void print_ranks(const SharedOptions& shared, std::span<const Prediction> predictions,
                 std::span<const relsim::Triple> facts, std::int32_t relations, std::size_t seeds);
/// A row for each scorer and relation that has facts.
void print_ranks_by_relation(const SharedOptions& shared, std::span<const Prediction> predictions,
                             std::span<const relsim::Triple> facts, const relsim::Vocabulary& relations);

/// How similar wrong answers, and all false relations ranked above the true one, are to the true relation.
struct ErrorOutput {
  bool histogram = false;  ///< a row for each rank in place of a summary
  std::string plot;        ///< SVG of the histogram; empty: none
};
/// Relations that the similarity does not know are left out, with a warning.
void print_errors(const SharedOptions& shared, std::span<const Prediction> predictions,
                  std::span<const relsim::Triple> facts, const std::vector<std::string>& relations,
                  const formats::Similarity& similarity, const ErrorOutput& output);

/// A similarity artifact to analyse errors of models of `relations` by.
/// @throws Error::BadInput where it knows none of them
formats::Similarity read_similarity_of(const std::string& path, const std::vector<std::string>& relations);

}  // namespace terse::tools
