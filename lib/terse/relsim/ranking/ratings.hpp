#pragma once

#include <cstddef>
#include <vector>

#include "terse/core/tsv_reader.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/statistics/correlation.hpp"

namespace terse::relsim {

/// Pairs of relations rated by people, beside a similarity's own score.
struct RatedPairs {
  std::vector<double> score;                 ///< [pairs] minus the divergence: rises with similarity
  std::vector<double> mean;                  ///< [pairs] mean rating
  std::vector<std::vector<double>> ratings;  ///< [pairs][raters]; NaN where a rater did not say
  std::size_t raters = 0;
  std::size_t unknown = 0;  ///< pairs left out: the similarity does not know both relations
};

/// Reads `relation<TAB>relation<TAB>rating…` lines; a rating that is empty or - was not given. A pair is scored in the
/// orientation in which it is closer; a relation does not diverge from itself.
/// @throws Error::BadInput as `file:line: …` for a line of another form or without any rating
RatedPairs read_ratings(core::TsvReader& reader, const formats::Similarity& similarity);

/// Each rater against the mean of the others, averaged over raters: the most that a similarity could agree with them.
/// NaN for a single rater.
Correlations agreement_of_raters(const RatedPairs& rated);

}  // namespace terse::relsim
