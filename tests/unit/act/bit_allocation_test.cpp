#include "terse/act/bits/bit_allocation.hpp"

#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using terse::act::allocate_bits;
using terse::act::BitAllocation;
using terse::act::BitLadder;

namespace {

/// Ladders of 1, 2, 4, 8 and 32 bits over tensors of random size and sensitivity, scales and padding counted.
std::vector<BitLadder> random_ladders(std::uint64_t seed, std::size_t count) {
  terse::core::RandomSequence random({seed, 7, 0});
  std::vector<BitLadder> ladders;
  for (std::size_t l = 0; l < count; ++l) {
    const auto elements = static_cast<std::uint64_t>(std::exp(random.uniform() * 10 + 4));
    const double sensitivity = std::exp(random.normal() * 3);
    BitLadder ladder{"t" + std::to_string(l), {}};
    for (int bits : {4, 32, 1, 8, 2}) {
      const std::uint64_t bytes =
          bits == 32 ? elements * 4
                     : (elements * static_cast<std::uint64_t>(bits) + 7) / 8 + (elements + 255) / 256 * 4;
      const double s = bits == 32 ? 0 : std::pow(std::pow(2.0, bits) - 1, -2);
      const double wobble = 0.5 + random.uniform();
      ladder.choices.push_back({bits, bytes, sensitivity * s * wobble});
    }
    ladders.push_back(ladder);
  }
  return ladders;
}

std::uint64_t total(const std::vector<BitLadder>& ladders, bool largest) {
  std::uint64_t sum = 0;
  for (const auto& ladder : ladders) {
    std::uint64_t best = ladder.choices[0].bytes;
    for (const auto& choice : ladder.choices)
      best = largest ? std::max(best, choice.bytes) : std::min(best, choice.bytes);
    sum += best;
  }
  return sum;
}

double brute_force(const std::vector<BitLadder>& ladders, std::size_t from, std::uint64_t budget) {
  if (from == ladders.size()) return 0;
  double best = std::numeric_limits<double>::infinity();
  for (const auto& choice : ladders[from].choices) {
    if (choice.bytes > budget) continue;
    best = std::min(best, choice.variance + brute_force(ladders, from + 1, budget - choice.bytes));
  }
  return best;
}

void check_sums(const std::vector<BitLadder>& ladders, const BitAllocation& allocation, std::uint64_t budget) {
  std::uint64_t bytes = 0;
  double variance = 0;
  for (std::size_t l = 0; l < ladders.size(); ++l) {
    bytes += ladders[l].choices.at(allocation.choice.at(l)).bytes;
    variance += ladders[l].choices[allocation.choice[l]].variance;
  }
  CHECK(bytes == allocation.bytes);
  CHECK(variance == Approx(allocation.variance).epsilon(1e-12));
  CHECK(bytes <= budget);
  CHECK(allocation.lower_bound <= allocation.variance);
}

}  // namespace

TEST_CASE("bit allocation finds the optimum that brute force finds") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto ladders = random_ladders(seed, 7);
    const std::uint64_t low = total(ladders, false), high = total(ladders, true);
    for (int part = 0; part <= 4; ++part) {
      const std::uint64_t budget = low + (high - low) * static_cast<std::uint64_t>(part) / 4;
      const BitAllocation allocation = allocate_bits(ladders, budget);
      check_sums(ladders, allocation, budget);
      CHECK(allocation.variance == Approx(brute_force(ladders, 0, budget)).epsilon(1e-9).margin(1e-300));
    }
  }
}

TEST_CASE("bit allocation of a large model is searched to the end, near the relaxation") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto ladders = random_ladders(seed, 400);
    const std::uint64_t low = total(ladders, false), high = total(ladders, true);
    for (int part = 1; part < 8; ++part) {
      const std::uint64_t budget = low + (high - low) * static_cast<std::uint64_t>(part) / 8;
      const BitAllocation allocation = allocate_bits(ladders, budget);
      check_sums(ladders, allocation, budget);
      CHECK(allocation.optimal);
      CHECK(allocation.variance <= allocation.lower_bound * 1.02);
    }
  }
}

TEST_CASE("more budget never means more variance") {
  const auto ladders = random_ladders(3, 60);
  const std::uint64_t low = total(ladders, false), high = total(ladders, true);
  double last = std::numeric_limits<double>::infinity();
  for (int part = 0; part <= 50; ++part) {
    const auto allocation = allocate_bits(ladders, low + (high - low) * static_cast<std::uint64_t>(part) / 50);
    CHECK(allocation.variance <= last);
    last = allocation.variance;
  }
  CHECK(last == 0.0);
}

TEST_CASE("a budget below the smallest choice is refused with the smallest that could be met") {
  const std::vector<BitLadder> ladders{{"a", {{1, 2048, 1.0}, {32, 65536, 0.0}}}};
  try {
    allocate_bits(ladders, 2047);
    FAIL("accepted");
  } catch (const terse::Error& error) {
    CHECK(error.code() == terse::Error::OutOfMemory);
    CHECK(std::string(error.what()).find("2.00 KiB") != std::string::npos);
  }
}

TEST_CASE("no tensors need no bytes") {
  const auto allocation = allocate_bits({}, 0);
  CHECK(allocation.bytes == 0);
  CHECK(allocation.choice.empty());
}

TEST_CASE("useful choices leave out what another beats") {
  const BitLadder ladder{"a", {{4, 40, 1.0}, {3, 41, 1.5}, {2, 20, 9.0}, {8, 80, 0.9}, {32, 320, 0.0}}};
  CHECK(terse::act::useful_choices(ladder, false) == std::vector<std::size_t>{2, 0, 3, 4});
  CHECK(terse::act::useful_choices(ladder, true) == std::vector<std::size_t>{2, 0, 4});
}
