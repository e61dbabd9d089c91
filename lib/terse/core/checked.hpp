#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace terse::core {

/// a*b and a+b for sizes that come from files. @throws Error::BadInput naming `what` on overflow of 64 bits
std::uint64_t checked_multiply(std::uint64_t a, std::uint64_t b, std::string_view what);
std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view what);

/// Product of a shape's extents (1 for rank 0). @throws Error::BadInput on a negative extent or overflow
std::uint64_t checked_numel(std::span<const std::int64_t> shape, std::string_view what);

}  // namespace terse::core
