#pragma once

#include <optional>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// Whether there are intervals, the estimator's or by the spread over models.
bool has_intervals(const formats::Similarity& similarity);

/// The similarity with each divergence at the upper end of its 95 % interval: the estimator's, or where it is wider
/// that of the mean over several models, by their spread. Nothing where there are no intervals, as of exact divergences
/// of one model.
std::optional<formats::Similarity> far_end(const formats::Similarity& similarity);

}  // namespace terse::relsim
