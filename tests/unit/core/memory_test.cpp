#include "terse/core/memory.hpp"

#include <sys/mman.h>

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

TEST_CASE("the resident peak remembers what was given back") {
  const std::uint64_t before = resident_bytes();
  REQUIRE(before > 0);
  use_memory_for_a_moment();
  CHECK(resident_bytes() < before + kBlock / 2);
  CHECK(peak_resident_bytes() >= before + kBlock / 2);
}
