#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/dtype.hpp"

namespace terse::tools::act_inspect {

/// How a tensor's elements are distributed. Moments and bins are those of the finite elements.
struct Histogram {
  std::uint64_t count = 0;
  std::uint64_t zeros = 0;
  std::uint64_t non_finite = 0;
  double minimum = 0, maximum = 0, mean = 0, deviation = 0;  ///< 0 where no element is finite
  bool one_value_a_bin = false;                              ///< bin i holds edges[i] alone
  std::vector<double> edges;                                 ///< one more than counts; empty where no element is finite
  std::vector<std::uint64_t> counts;  ///< elements in [edges[i], edges[i+1]), the last bin closed

  std::uint64_t finite() const { return count - non_finite; }
};

/// @param bins  bins of equal width wanted; fewer where the elements are integers of a smaller range or all equal
Histogram histogram(core::DType dtype, std::span<const std::byte> data, int bins);

/// The bars as text, one bin a line: edges, bar, count, share. Lines fit `width` columns where that is at all
/// possible (a bar has at least one cell). A bin that is not empty shows at least a sliver.
/// @param ascii  whole cells of `#` in place of Unicode's eighths
std::string draw(const Histogram& histogram, std::size_t width, bool ascii);

}  // namespace terse::tools::act_inspect
