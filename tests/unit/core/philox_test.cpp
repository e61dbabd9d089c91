#include "terse/core/philox.hpp"

#include <cmath>
#include <set>
#include <vector>

#include "terse_catch.hpp"

using namespace terse::core;
using Block = std::array<std::uint32_t, 4>;

TEST_CASE("Philox4x32-10 gives Random123's published answers") {
  // kat_vectors of Random123 1.14.
  CHECK(philox4x32_10({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t f = 0xffffffff;
  CHECK(philox4x32_10({f, f, f, f}, {f, f}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("stream words are what random_block counts with") {
  const RandomKey key{123456789012345ull, 987654321ull, 42};
  const StreamWords words = stream_words(key);
  CHECK(words.upper[0] == 42);
  const std::uint64_t index = 0x123456789abcull;
  CHECK(random_block(key, index) == philox4x32_10({0x56789abc, 0x1234, words.upper[0], words.upper[1]}, words.key));
}

TEST_CASE("every part of the key and the index makes another block") {
  std::set<Block> seen;
  const RandomKey base{1, 2, 3};
  const std::vector<RandomKey> keys = {
      base, {2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {1ull << 32 | 1, 2, 3}, {1, 1ull << 32 | 2, 3}, {2, 1, 3}};
  for (const RandomKey& key : keys) {
    for (const std::uint64_t index : {0ull, 1ull, 1ull << 32, (1ull << 32) + 1, ~0ull}) {
      CHECK(seen.insert(random_block(key, index)).second);
    }
  }
}

TEST_CASE("a word as a number lies in [0, 1)") {
  CHECK(to_unit_float(0) == 0.0f);
  CHECK(to_unit_float(0xffffffff) < 1.0f);
  CHECK(to_unit_float(0x80000000) == 0.5f);
  CHECK(to_unit_double(0xffffffff, 0xffffffff) < 1.0);
  CHECK(to_unit_double(0x80000000, 0) == 0.5);
}

TEST_CASE("a stream's name has a fixed hash") {
  CHECK(stream_of("") == 0x2d06800538d394c2ull);  // XXH3_64bits of nothing, seed 0
  CHECK(stream_of("relu#3:result") != stream_of("relu#4:result"));
}

TEST_CASE("a sequence is the blocks in order") {
  const RandomKey key{7, 8, 9};
  RandomSequence sequence(key);
  for (std::uint64_t index = 0; index < 3; ++index) {
    for (const std::uint32_t word : random_block(key, index)) CHECK(sequence.word() == word);
  }
}

TEST_CASE("uniform and normal have their moments") {
  constexpr int kDraws = 200000;
  for (const std::uint64_t seed : {1ull, 2ull, 3ull}) {
    RandomSequence sequence({seed, 0, 0});
    double uniform_sum = 0, sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      uniform_sum += sequence.uniform();
      const double x = sequence.normal();
      sum += x;
      squares += x * x;
    }
    // Four standard errors: of a uniform's mean 1/sqrt(12 n), of a normal's mean 1/sqrt(n), of its square sqrt(2/n).
    CHECK(std::abs(uniform_sum / kDraws - 0.5) < 4 / std::sqrt(12.0 * kDraws));
    CHECK(std::abs(sum / kDraws) < 4 / std::sqrt(1.0 * kDraws));
    CHECK(std::abs(squares / kDraws - 1) < 4 * std::sqrt(2.0 / kDraws));
  }
}

TEST_CASE("below is in range and uniform") {
  RandomSequence sequence({5, 6, 7});
  CHECK(sequence.below(1) == 0);
  constexpr std::uint64_t kBound = 6;
  constexpr int kDraws = 60000;
  std::array<int, kBound> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts[sequence.below(kBound)];
  double chi_squared = 0;
  for (const int count : counts) {
    const double expected = static_cast<double>(kDraws) / kBound;
    chi_squared += (count - expected) * (count - expected) / expected;
  }
  CHECK(chi_squared < 5 + 4 * std::sqrt(2.0 * 5));  // 5 degrees of freedom: mean 5, variance 10
}

TEST_CASE("below has no bias where a plain remainder would have half") {
  // Bound 3/4 of 2^64: a remainder would give the lowest third twice as often as the others.
  constexpr std::uint64_t kBound = 3ull << 62;
  RandomSequence sequence({8, 9, 10});
  constexpr int kDraws = 30000;
  int lowest_third = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t x = sequence.below(kBound);
    REQUIRE(x < kBound);
    lowest_third += x < kBound / 3;
  }
  CHECK(std::abs(lowest_third / static_cast<double>(kDraws) - 1.0 / 3) < 4 * std::sqrt(2.0 / 9 / kDraws));
}
