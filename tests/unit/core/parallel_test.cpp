#include "terse/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "terse_catch.hpp"

using namespace terse::core;

namespace {

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

Ranges ranges_of(std::size_t count, std::size_t grain) {
  Ranges ranges;
  std::mutex mutex;
  parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    ranges.emplace_back(begin, end);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

/// Puts the thread count back.
struct Threads {
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(0); }
};

}  // namespace

TEST_CASE("ranges cover everything once, begin at multiples of the grain, and do not depend on threads") {
  for (const std::size_t count : {0u, 1u, 7u, 255u, 256u, 257u, 100000u}) {
    for (const std::size_t grain : {0u, 1u, 3u, 256u, 1000000u}) {
      Ranges reference;
      for (const int threads : {1, 2, 5}) {
        const Threads use(threads);
        const Ranges ranges = ranges_of(count, grain);
        std::size_t expected_begin = 0;
        for (const auto& [begin, end] : ranges) {
          CHECK(begin == expected_begin);
          CHECK(begin % std::max<std::size_t>(grain, 1) == 0);
          CHECK((end - begin >= grain || end == count));
          expected_begin = end;
        }
        CHECK(expected_begin == count);
        if (threads == 1) reference = ranges;
        CHECK(ranges == reference);
      }
    }
  }
}

TEST_CASE("0 threads means all cores, and negative counts too") {
  set_threads(3);
  CHECK(threads() == 3);
  set_threads(0);
  CHECK(threads() >= 1);
  const int all = threads();
  set_threads(-2);
  CHECK(threads() == all);
  set_threads(0);
}

TEST_CASE("several threads do work at the same time") {
  const Threads use(2);
  // Each range waits for the other: one thread alone would never finish.
  std::atomic<int> arrived{0};
  parallel_for(2, 1, [&](std::size_t, std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  CHECK(arrived == 2);
}

TEST_CASE("the failure of the lowest range is rethrown, for any thread count") {
  for (const int count : {1, 2, 4}) {
    const Threads use(count);
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::string message;
      try {
        parallel_for(1000, 1, [](std::size_t begin, std::size_t) {
          if (begin >= 37) throw std::runtime_error(std::to_string(begin));
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "37");
    }
    // The pool still works afterwards.
    CHECK(ranges_of(10, 1).size() == 10);
  }
}

TEST_CASE("nested calls run on the thread that makes them") {
  const Threads use(4);
  std::atomic<bool> stayed{true};
  std::atomic<std::size_t> sum{0};
  parallel_for(8, 1, [&](std::size_t, std::size_t) {
    const auto self = std::this_thread::get_id();
    parallel_for(100, 1, [&](std::size_t begin, std::size_t end) {
      if (std::this_thread::get_id() != self) stayed = false;
      sum += end - begin;
    });
  });
  CHECK(stayed);
  CHECK(sum == 800);
}

TEST_CASE("calls from several threads at once are all answered") {
  const Threads use(3);
  std::atomic<std::size_t> sum{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (int repeat = 0; repeat < 50; ++repeat) {
          parallel_for(64, 1, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
        }
      });
    }
  }
  CHECK(sum == 4u * 50 * 64);
}

TEST_CASE("the thread count may change between calls") {
  for (int repeat = 0; repeat < 30; ++repeat) {
    const Threads use(1 + repeat % 4);
    std::vector<int> touched(1000);
    parallel_for(touched.size(), 10, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++touched[i];
    });
    CHECK(std::all_of(touched.begin(), touched.end(), [](int x) { return x == 1; }));
  }
}
