#pragma once

#include <array>
#include <cstdint>

namespace terse::core {

/// A counter-based random stream (Philox4x32-10, Salmon et al., SC 2011; Random123): a pure function of
/// (seed, stream, step) and an element index, so the same numbers come out for any thread count and order.
struct RandomKey {
  std::uint64_t seed = 0;    ///< the user's --seed
  std::uint64_t stream = 0;  ///< which consumer: a tensor's id hash, a purpose
  std::uint32_t step = 0;    ///< the training step, epoch or draw
};

/// Philox4x32-10 itself, for known answers and for vector code that must agree with it.
std::array<std::uint32_t, 4> philox4x32_10(const std::array<std::uint32_t, 4>& counter,
                                           const std::array<std::uint32_t, 2>& key);

/// A stream ready to count: block `index` is philox4x32_10({low(index), high(index), upper[0], upper[1]}, key).
/// Vector and CUDA code takes these four words and agrees with random_block.
struct StreamWords {
  std::array<std::uint32_t, 2> key;
  std::array<std::uint32_t, 2> upper;
};

/// Spreads (seed, stream) over 96 bits with Philox itself, so that close seeds and streams are unrelated; the step
/// is counted in the remaining word.
StreamWords stream_words(const RandomKey& key);

/// Block `index` (index < 2^64) of the stream: four independent uniform 32-bit words.
std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint64_t index);

/// A 32-bit word as a uniform float in [0, 1), 24 bits, and 64 bits as a uniform double in [0, 1), 53 bits.
float to_unit_float(std::uint32_t word);
double to_unit_double(std::uint32_t high, std::uint32_t low);

/// Stable 64-bit hash of a name (xxh3), for RandomKey::stream.
std::uint64_t stream_of(const char* name);

/// Sequential convenience over a stream: words in order of index.
class RandomSequence {
 public:
  explicit RandomSequence(const RandomKey& key) : words_(stream_words(key)) {}
  std::uint32_t word();
  double uniform();                          ///< [0, 1)
  double normal();                           ///< standard normal, Box–Muller
  std::uint64_t below(std::uint64_t bound);  ///< uniform in [0, bound), unbiased; bound > 0

 private:
  StreamWords words_;
  std::uint64_t next_block_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace terse::core
