#include "terse/core/limits.hpp"

#include <atomic>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/size.hpp"

namespace terse::core {

namespace {
std::atomic<std::uint64_t> allowance{kDefaultAllowance};
}

void set_memory_allowance(std::uint64_t bytes) { allowance.store(bytes, std::memory_order_relaxed); }

std::uint64_t memory_allowance() { return allowance.load(std::memory_order_relaxed); }

std::uint64_t memory_limit(std::uint64_t received) {
  std::uint64_t limit = 0;
  if (__builtin_mul_overflow(received, kAllowedExpansion, &limit) ||
      __builtin_add_overflow(limit, memory_allowance(), &limit)) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return limit;
}

void require_within_limit(std::uint64_t wanted, std::uint64_t received, const std::string& what) {
  if (wanted <= memory_limit(received)) return;
  throw Error(Error::OutOfMemory, what + " needs " + format_size(wanted) + ", more than " +
                                      std::to_string(kAllowedExpansion) + " times the input's " +
                                      format_size(received) + " and the " + format_size(memory_allowance()) +
                                      " of --max-memory");
}

}  // namespace terse::core
