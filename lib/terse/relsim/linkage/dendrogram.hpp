#pragma once

#include <string>

#include "terse/formats/kinds/clusters.hpp"

namespace terse::relsim {

/// The merges as a picture: an SVG document with the relations of each cluster of several one below the other, brackets
/// that meet where groups were merged, and the divergence to the right. Relations that were merged with nothing are
/// only counted. Dashed brackets join with heads and tails swapped.
std::string draw_dendrogram(const formats::Clusters& clusters);

}  // namespace terse::relsim
