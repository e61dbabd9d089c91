#pragma once

#include <cstdint>
#include <vector>

namespace terse::core {

/// Up to `most` places in [0, count), all of them where there are no more: spread evenly, and over the residues of any
/// period too (a row's columns, a head's features), where every k-th place would show one column again and again. The
/// k-th lies at the fraction k φ mod 1, φ the golden ratio (a Weyl sequence); not in order.
inline std::vector<std::int64_t> spread_places(std::int64_t count, std::int64_t most) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;  // of 2^64
  std::vector<std::int64_t> places;
  places.reserve(static_cast<std::size_t>(count < most ? count : most));
  for (std::int64_t k = 0; k < count && k < most; ++k) {
    if (count <= most) {
      places.push_back(k);
    } else {
      __extension__ using Wide = unsigned __int128;
      const std::uint64_t fraction = static_cast<std::uint64_t>(k + 1) * kGolden;  // of 2^64
      places.push_back(
          static_cast<std::int64_t>(static_cast<Wide>(fraction) * static_cast<std::uint64_t>(count) >> 64));
    }
  }
  return places;
}

}  // namespace terse::core
