#include "terse/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#ifdef __SANITIZE_THREAD__
/// How a parallel region's code comes by its variables; races of what it calls are reported.
extern "C" const char* __tsan_default_suppressions() { return "race_top:_omp_fn\n"; }
#endif

namespace terse::core {

namespace {

using Body = std::function<void(std::size_t, std::size_t)>;

// Enough ranges to even out threads of different speed, few enough that taking one costs nothing.
constexpr std::size_t kMostRanges = 1024;

std::atomic<int> wanted_threads{0};
thread_local bool inside_parallel = false;

struct InsideParallel {
  InsideParallel() : before(inside_parallel) { inside_parallel = true; }
  ~InsideParallel() { inside_parallel = before; }
  const bool before;
};

/// One parallel_for: ranges are taken in order from a shared counter.
struct Job {
  Job(std::size_t count_, std::size_t length_, const Body& body_)
      : count(count_), length(length_), ranges((count_ + length_ - 1) / length_), body(body_) {}

  /// Takes ranges until none is left. Ranges below a failed one were taken before it and are finished by whoever
  /// has them, so the lowest failure is the same for any thread count.
  void work() {
    const InsideParallel inside;
    for (;;) {
      const std::size_t range = next.fetch_add(1, std::memory_order_relaxed);
      if (range >= ranges || failed.load(std::memory_order_relaxed)) return;
      try {
        const std::size_t begin = range * length;
        body(begin, std::min(begin + length, count));
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure || range < failed_range) {
          failure = std::current_exception();
          failed_range = range;
        }
        failed.store(true, std::memory_order_relaxed);
      }
    }
  }

  /// work() on `team` threads. LibTorch's operators run on the same ones: threads of our own would meet theirs, which
  /// spin for a while after each operator, and wake up late.
  void work_on(int team) {
    started.store(true, std::memory_order_release);
#pragma omp parallel num_threads(team)
    {
      // What OpenMP orders by itself, said once more to ThreadSanitizer, which does not know it.
      (void)started.load(std::memory_order_acquire);
      work();
      finished.fetch_add(1, std::memory_order_release);
    }
    (void)finished.load(std::memory_order_acquire);
  }

  const std::size_t count, length, ranges;
  const Body& body;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> started = false, failed = false;
  std::atomic<int> finished = 0;
  std::mutex failure_mutex;
  std::exception_ptr failure;
  std::size_t failed_range = 0;
};

// Held by a parallel_for that has a team: those of other threads meanwhile run alone, or there would be more threads
// than cores.
std::mutex team_in_use;

}  // namespace

void set_threads(int count) { wanted_threads = std::max(count, 0); }

int threads() {
  const int wanted = wanted_threads;
  return wanted > 0 ? wanted : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
  if (count == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  const std::size_t grains = count / grain + (count % grain != 0);
  const std::size_t length = grain * (grains / kMostRanges + (grains % kMostRanges != 0));
  Job job(count, length, body);
  // Always all of them: OpenMP ends the threads that a smaller team leaves over, and starts them anew.
  const int team = job.ranges > 1 ? threads() : 1;
  std::unique_lock<std::mutex> use;
  if (team > 1 && !inside_parallel) use = std::unique_lock(team_in_use, std::try_to_lock);
  if (use) {
    job.work_on(team);
  } else {
    job.work();
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace terse::core
