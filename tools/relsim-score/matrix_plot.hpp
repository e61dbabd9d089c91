#pragma once

#include <string>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::tools::relsim_score {

/// Draws the divergences as a matrix, nearer pairs darker, relations in the order in which average linkage joins them,
/// and writes SVG to `path`. Needs gnuplot. @throws Error::Usage where gnuplot is missing or fails
void plot_matrix(const formats::Similarity& similarity, const std::string& path);

}  // namespace terse::tools::relsim_score
