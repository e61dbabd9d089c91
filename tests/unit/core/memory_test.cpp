#include "terse/core/memory.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cstring>

#include "terse_catch.hpp"

using namespace terse::core;

namespace {

constexpr std::size_t kBlock = 64u << 20;

/// Touches every page of a fresh block and gives it back to the kernel.
void use_memory_for_a_moment() {
  void* block = ::mmap(nullptr, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(block != MAP_FAILED);
  std::memset(block, 1, kBlock);
  CHECK(resident_bytes() >= kBlock);
  ::munmap(block, kBlock);
}

}  // namespace

TEST_CASE("the resident peak remembers what was given back, until it is reset") {
  const std::uint64_t before = resident_bytes();
  REQUIRE(before > 0);
  use_memory_for_a_moment();
  CHECK(resident_bytes() < before + kBlock / 2);
  CHECK(peak_resident_bytes() >= before + kBlock / 2);
  if (reset_peak_resident()) {
    CHECK(peak_resident_bytes() < before + kBlock / 2);
    use_memory_for_a_moment();
    CHECK(peak_resident_bytes() >= kBlock);
  } else {
    WARN("the kernel does not allow the peak to be reset here");
  }
}

// The sanitizers map terabytes of address space and cannot live under a limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("the memory limit follows RLIMIT_AS") {
  const std::uint64_t without = memory_limit_bytes();
  CHECK(without > resident_bytes());
  struct rlimit old {};
  REQUIRE(::getrlimit(RLIMIT_AS, &old) == 0);
  struct rlimit lower = old;
  lower.rlim_cur = without / 2;
  REQUIRE(::setrlimit(RLIMIT_AS, &lower) == 0);
  CHECK(memory_limit_bytes() == without / 2);
  REQUIRE(::setrlimit(RLIMIT_AS, &old) == 0);
}
#endif
