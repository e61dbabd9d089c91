#pragma once

#include <cstdint>
#include <vector>

#include "terse/core/philox.hpp"

namespace terse::relsim {

/// The numbers 0 … count - 1 in random order (Fisher–Yates). Depends on `key` only.
std::vector<std::uint32_t> shuffled(std::size_t count, core::RandomKey key);

}  // namespace terse::relsim
