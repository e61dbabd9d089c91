#include "terse/core/philox.hpp"

#include <Random123/philox.h>
#include <xxhash.h>

#include <cmath>
#include <cstring>
#include <numbers>

namespace terse::core {

namespace {

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

std::array<std::uint32_t, 4> block(const StreamWords& words, std::uint64_t index) {
  return philox4x32_10({low(index), high(index), words.upper[0], words.upper[1]}, words.key);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(const std::array<std::uint32_t, 4>& counter,
                                           const std::array<std::uint32_t, 2>& key) {
  const r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type k = {{key[0], key[1]}};
  const r123::Philox4x32::ctr_type r = r123::Philox4x32()(c, k);
  return {r[0], r[1], r[2], r[3]};
}

StreamWords stream_words(const RandomKey& key) {
  const auto mixed = philox4x32_10({low(key.stream), high(key.stream), 0, 0}, {low(key.seed), high(key.seed)});
  return {{mixed[0], mixed[1]}, {key.step, mixed[2]}};
}

std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint64_t index) {
  return block(stream_words(key), index);
}

float to_unit_float(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

double to_unit_double(std::uint32_t high_word, std::uint32_t low_word) {
  const std::uint64_t word = static_cast<std::uint64_t>(high_word) << 32 | low_word;
  return static_cast<double>(word >> 11) * 0x1p-53;
}

std::uint64_t stream_of(const char* name) { return XXH3_64bits(name, std::strlen(name)); }

std::uint32_t RandomSequence::word() {
  if (used_ == 4) {
    block_ = block(words_, next_block_++);
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double RandomSequence::uniform() {
  const std::uint32_t high_word = word();
  return to_unit_double(high_word, word());
}

double RandomSequence::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u lies in (0, 1]
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t RandomSequence::below(std::uint64_t bound) {
  // Lemire 2019: the high half of a product, rejecting the few low halves that would favour some results.
  using Wide = unsigned __int128;
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t high_word = word();
    const Wide product = static_cast<Wide>(high_word << 32 | word()) * bound;
    if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64);
  }
}

}  // namespace terse::core
