#include "terse/act/memory/allocator.hpp"

#include <sys/resource.h>

#include <thread>

#include "terse/act/tensor/torch.hpp"
#include "terse/core/memory.hpp"
#include "terse_catch.hpp"

namespace terse::act {

namespace {
constexpr std::uint64_t kMiB = 1u << 20;

at::Tensor bytes(std::uint64_t count) { return at::empty({static_cast<std::int64_t>(count)}, at::kByte); }
}  // namespace

TEST_CASE("live and peak bytes are exact", "[allocator]") {
  install_allocator();
  const std::uint64_t before = allocator_figures().live_bytes;
  reset_allocator_peak();
  {
    const at::Tensor small = bytes(1000), large = bytes(5 * kMiB + 3);
    CHECK(allocator_figures().live_bytes - before == 1000 + 5 * kMiB + 3);
    { const at::Tensor more = bytes(7 * kMiB); }
    CHECK(allocator_figures().live_bytes - before == 1000 + 5 * kMiB + 3);
    CHECK(allocator_figures().peak_bytes - before == 1000 + 12 * kMiB + 3);
    reset_allocator_peak();
    CHECK(allocator_figures().peak_bytes == allocator_figures().live_bytes);
  }
  CHECK(allocator_figures().live_bytes == before);
}

TEST_CASE("blocks are aligned and writable to their ends", "[allocator]") {
  install_allocator();
  for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{63}, kMiB - 1, kMiB, kMiB + 1, 3 * kMiB + 17}) {
    at::Tensor block = bytes(count);
    const auto address = reinterpret_cast<std::uintptr_t>(block.data_ptr());
    CHECK(address % 64 == 0);
    if (count >= kMiB) CHECK(address % 4096 == 0);
    if (count >= 2 * kMiB) CHECK(address % (2 * kMiB) == 0);
    block.fill_(7);
    CHECK(block.sum().item<std::int64_t>() == static_cast<std::int64_t>(7 * count));
  }
  CHECK(bytes(0).numel() == 0);
}

TEST_CASE("freed blocks are reused within an eighth of their size and the cache is bounded", "[allocator]") {
  install_allocator(16 * kMiB);
  const void* first = [] { return bytes(9 * kMiB).data_ptr(); }();
  CHECK(allocator_figures().cached_bytes >= 9 * kMiB);
  CHECK(bytes(8 * kMiB).data_ptr() == first);
  CHECK(bytes(7 * kMiB).data_ptr() != first);
  { const at::Tensor a = bytes(10 * kMiB), b = bytes(12 * kMiB); }
  CHECK(allocator_figures().cached_bytes <= 16 * kMiB);
  { const at::Tensor beyond = bytes(40 * kMiB); }
  CHECK(allocator_figures().cached_bytes <= 16 * kMiB);
  install_allocator(0);
  CHECK(allocator_figures().cached_bytes == 0);
  install_allocator();
}

TEST_CASE("a log tells stores and what is restored from them, and what the process takes beside tensors",
          "[allocator]") {
  install_allocator();
  start_allocation_log();
  at::Tensor saved = bytes(3 * kMiB), stored, restored;
  saved.fill_(1);
  log_saved(0, saved.storage().data());
  stored = bytes(kMiB);
  log_stored(stored.data_ptr());
  restored = bytes(3 * kMiB);
  log_restored(restored.data_ptr(), stored.data_ptr());
  saved.reset();
  const auto blocks = blocks_of_saved();
  const auto log = stop_allocation_log();
  REQUIRE(log.size() == 4);
  CHECK(blocks == std::vector<std::uint64_t>{log[0].block});
  CHECK(log[0].stores == 0);
  CHECK(log[1].stores == 1);
  CHECK(log[2].restores == log[1].block);
  REQUIRE(log[3].unmanaged);
  CHECK(*log[3].unmanaged > 0);
  CHECK(static_cast<std::uint64_t>(*log[3].unmanaged) < core::peak_resident_bytes());
}

TEST_CASE("resident memory follows live bytes", "[allocator]") {
  install_allocator();
  const std::uint64_t before = core::resident_bytes();
  {
    std::vector<at::Tensor> blocks;
    for (int i = 0; i < 64; ++i) blocks.push_back(bytes(4 * kMiB + static_cast<std::uint64_t>(i) * 8192).fill_(1));
    CHECK(core::resident_bytes() - before > 250 * kMiB);
    // Every second block goes: a heap would keep the holes.
    for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
    CHECK(core::resident_bytes() - before < (128 + 64 + 24) * kMiB);
  }
  CHECK(core::resident_bytes() < before + (64 + 24) * kMiB);
}

namespace {
/// A step of training: blocks that live together at its peak, and others while they go.
void step() {
  std::vector<at::Tensor> kept;
  for (int i = 0; i < 40; ++i) kept.push_back(bytes(2 * kMiB + static_cast<std::uint64_t>(i) * 40960).fill_(1));
  while (!kept.empty()) {
    const at::Tensor gradient = bytes(static_cast<std::uint64_t>(kept.back().numel())).fill_(2);
    kept.pop_back();
  }
}

std::int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}
}  // namespace

TEST_CASE("a step finds the pages of the step before it, and no more are kept than its peak needs", "[allocator]") {
  install_allocator(4 * kMiB);
  expect_step();
  const std::int64_t before_all = page_faults();
  step();
  expect_step();
  const std::int64_t before_next = page_faults();
  step();
  CHECK((page_faults() - before_next) * 4 < before_next - before_all);
  CHECK(allocator_figures().cached_bytes > 80 * kMiB);
  CHECK(allocator_figures().cached_bytes < 125 * kMiB);
  {
    // What else is taken meanwhile takes the place of what is kept.
    const at::Tensor other = bytes(60 * kMiB);
    CHECK(allocator_figures().cached_bytes < 65 * kMiB);
  }
  expect_step();  // after one that was small: what the last step did not need goes
  expect_step();
  CHECK(allocator_figures().cached_bytes <= 4 * kMiB);
  step();
  expect_step();
  step();
  expect_no_step();
  CHECK(allocator_figures().cached_bytes <= 4 * kMiB);
  install_allocator();
}

TEST_CASE("threads share the allocator", "[allocator]") {
  install_allocator();
  const std::uint64_t before = allocator_figures().live_bytes;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        std::vector<at::Tensor> held;
        for (int i = 0; i < 400; ++i) {
          held.push_back(bytes(static_cast<std::uint64_t>(1 + (i * 37 + t) % 50) * (i % 3 == 0 ? kMiB / 16 : 64)));
          held.back().fill_(t);
          if (i % 2) held.erase(held.begin() + (i % static_cast<int>(held.size())));
        }
        for (const auto& block : held) {
          if (!block.eq(t).all().item<bool>()) throw std::logic_error("another thread wrote into the block");
        }
      });
    }
  }
  CHECK(allocator_figures().live_bytes == before);
}

TEST_CASE("the log tells every allocation and release in order", "[allocator]") {
  install_allocator();
  const at::Tensor earlier = bytes(100);
  start_allocation_log();
  at::Tensor a = bytes(3 * kMiB);
  CHECK(allocation_block(a.data_ptr()) == 1);
  CHECK(allocation_block(earlier.data_ptr()) == 0);
  at::Tensor b = bytes(500);
  CHECK(allocation_log_length() == 2);
  a.reset();
  b.reset();
  const auto log = stop_allocation_log();
  REQUIRE(log.size() == 4);
  const std::int64_t sizes[] = {3 << 20, 500, -(3 << 20), -500};
  const std::uint64_t blocks[] = {1, 2, 1, 2};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(log[i].bytes == sizes[i]);
    CHECK(log[i].block == blocks[i]);
  }
}

// Last, since it bounds this process's allocator.
TEST_CASE("kept blocks and what lives stay within a bound, and are whole pages", "[allocator]") {
  install_allocator(64 * kMiB);
  const std::uint64_t before = allocator_figures().held_bytes;
  bound_allocator(before + 20 * kMiB);
  { const at::Tensor a = bytes(6 * kMiB), b = bytes(9 * kMiB); }
  CHECK(allocator_figures().cached_bytes >= 15 * kMiB);
  CHECK(allocator_figures().cached_bytes <= 20 * kMiB);
  {
    const at::Tensor c = bytes(12 * kMiB + 1);
    CHECK(allocator_figures().held_bytes == before + held_bytes(12 * kMiB + 1));
    CHECK(allocator_figures().held_bytes + allocator_figures().cached_bytes <= before + 20 * kMiB);
  }
  { const at::Tensor beyond = bytes(30 * kMiB); }  // is given all the same
  const at::Tensor all = bytes(20 * kMiB - 8192), small = bytes(200 * 1024);
  CHECK(allocator_figures().cached_bytes == 0);
  CHECK(held_bytes(200 * 1024) == 200 * 1024);
  CHECK(held_bytes(200 * 1024 + 1) == 204 * 1024);
  CHECK(held_bytes(100) == 100);
  bound_allocator(UINT64_MAX);
}

}  // namespace terse::act
