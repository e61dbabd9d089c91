#pragma once

#include <optional>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// Whether divergences have intervals, the estimator's or by the spread over models.
bool has_intervals(const formats::Similarity& similarity);

/// The similarity with each divergence at the upper bound of its 95 % interval: the estimator's interval, or that of
/// the mean over several models, by their spread, where it is wider. Nothing without intervals, as for exact
/// divergences of one model.
std::optional<formats::Similarity> upper_bound(const formats::Similarity& similarity);

}  // namespace terse::relsim
