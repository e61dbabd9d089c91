#pragma once

#include <string>
#include <vector>

#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::tools {

/// [R, R] divergences of a similarity artifact in the order of `relations`, by name, both directions combined. Relations
/// that it does not know are infinitely far from all others; there is a warning.
/// @param parent  the artifact's digest
/// @throws Error::BadInput where it knows none of them
std::vector<double> read_divergences(const std::string& path, const relsim::Vocabulary& relations, std::string& parent);

}  // namespace terse::tools
