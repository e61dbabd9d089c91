#include "terse/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

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

  const std::size_t count, length, ranges;
  const Body& body;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex failure_mutex;
  std::exception_ptr failure;
  std::size_t failed_range = 0;
};

/// Threads that sleep between jobs: starting one costs more than quantizing a small tensor.
class Pool {
 public:
  /// Runs `job` here and on up to `helpers` other threads. The caller holds `in_use`.
  void run(Job& job, std::size_t helpers) {
    resize(helpers);
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++generation_;
      running_ = workers_.size();
    }
    wake_.notify_all();
    job.work();
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return running_ == 0; });
    job_ = nullptr;
  }

  std::mutex in_use;

 private:
  void resize(std::size_t helpers) {
    if (workers_.size() == helpers) return;
    workers_.clear();  // asks each to stop and joins it
    workers_.reserve(helpers);
    std::uint64_t seen;
    {
      const std::lock_guard lock(mutex_);
      seen = generation_;
    }
    while (workers_.size() < helpers) {
      workers_.emplace_back([this, seen](const std::stop_token& stop) { serve(stop, seen); });
    }
  }

  void serve(const std::stop_token& stop, std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [&] { return generation_ != seen; })) {
      seen = generation_;
      Job& job = *job_;
      lock.unlock();
      job.work();
      lock.lock();
      if (--running_ == 0) idle_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable idle_;
  Job* job_ = nullptr;
  std::uint64_t generation_ = 0;
  std::size_t running_ = 0;
  std::vector<std::jthread> workers_;  // last: joined before the rest goes
};

Pool& pool() {
  static Pool instance;
  return instance;
}

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
  const std::size_t helpers = std::min(static_cast<std::size_t>(threads()), job.ranges) - 1;
  std::unique_lock<std::mutex> use;
  if (helpers > 0 && !inside_parallel) use = std::unique_lock(pool().in_use, std::try_to_lock);
  if (use) {
    // Always the same number of sleepers, so that a job of few ranges does not restart them all.
    pool().run(job, static_cast<std::size_t>(threads()) - 1);
  } else {
    job.work();  // nested, alone, or the pool serves another thread's job
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace terse::core
