#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::tools {

/// [R, R] divergences of a similarity artifact in the order of `relations`, by name, both directions combined.
/// Relations that it does not know are infinitely far from all others; there is a warning.
/// @param parent   the artifact's digest
/// @param combine  "max", "min" or "mean" of both; empty: as the artifact has it
/// @throws Error::BadInput where it knows none of them
std::vector<double> read_divergences(const std::string& path, const relsim::Vocabulary& relations, std::string& parent,
                                     std::string_view combine = "");

}  // namespace terse::tools
