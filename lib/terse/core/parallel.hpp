#pragma once

#include <cstddef>
#include <functional>

namespace terse::core {

/// Threads that parallel_for uses; 0 in set_threads means all cores. Default: all cores.
void set_threads(int count);
int threads();

/// Calls body(begin, end) on disjoint ranges that cover [0, count), each at least `grain` long but the last and
/// beginning at a multiple of `grain`. The split depends on count and grain only, never on the thread count; which
/// thread runs a range is open. The first exception is rethrown here. Nested calls run serially.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace terse::core
