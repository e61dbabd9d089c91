#include "terse/core/checked.hpp"

#include <string>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {

[[noreturn]] void overflow(std::string_view what) {
  throw Error(Error::BadInput, std::string(what) + ": size does not fit 64 bits");
}

}  // namespace

std::uint64_t checked_multiply(std::uint64_t a, std::uint64_t b, std::string_view what) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) overflow(what);
  return product;
}

std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view what) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) overflow(what);
  return sum;
}

std::uint64_t checked_numel(std::span<const std::int64_t> shape, std::string_view what) {
  std::uint64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw Error(Error::BadInput, std::string(what) + ": negative extent in shape");
    if (extent == 0) {
      empty = true;
    } else {
      // Extents of an empty tensor must fit, too: the answer does not depend on their order.
      product = checked_multiply(product, static_cast<std::uint64_t>(extent), what);
    }
  }
  return empty ? 0 : product;
}

}  // namespace terse::core
