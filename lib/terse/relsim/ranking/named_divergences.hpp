#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::relsim {

/// Divergences between relations that another model knows by other numbers.
struct NamedDivergences {
  std::vector<double> divergences;  ///< [R, R]; infinity where not known
  std::int32_t unknown = 0;         ///< relations that the artifact does not know: infinitely far from all others
  std::string digest;               ///< the artifact's
};

/// Those of a similarity artifact in the order of `relations`, by name, both directions combined.
/// @param combine  "max", "min" or "mean" of both; empty: as the artifact has it
/// @throws Error::BadInput where it knows none of them
NamedDivergences read_divergences(const std::string& path, const Vocabulary& relations, std::string_view combine = "");

}  // namespace terse::relsim
