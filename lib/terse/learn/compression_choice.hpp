#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "terse/act/packing/options.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/formats/kinds/policy.hpp"

namespace terse::learn {

/// How a training run keeps what its backward passes need.
struct CompressionChoice {
  act::Level level = act::Level::L0;
  int bits = 0;                             ///< not 0: in place of the level's; 32 for none
  std::optional<bool> entropy = {};         ///< act::CompressionOptions::entropy; unset: as the level has it
  std::map<std::string, int> bits_of = {};  ///< by SavedTensor::id
  std::uint32_t group = 256;
  std::uint64_t small_bytes = 1024;           ///< tensors below this are kept as they are
  std::shared_ptr<act::SwapStore> swap = {};  ///< where stored tensors go; null: they stay in memory
  std::uint64_t adapt_every = 100;  ///< at an adaptive level: steps between choices of bits; 0: as the policy says
  std::uint64_t budget = 0;         ///< not 0: bytes of resident size, in place of an adaptive level's average bits
  std::vector<formats::PolicyTensor> policy = {};  ///< at an adaptive level: what is known of the tensors to begin with
  bool policy_bits = false;                        ///< and its bits are those of the level
  std::string policy_digest = {};                  ///< of the policy's artifact, or ""
  bool as_rounded = false;                         ///< act::CompressionOptions::as_rounded
  std::uint64_t seed = 0;                          ///< of rounding

  /// Whether anything is compressed.
  bool wanted() const;
  /// Whether bits follow sensitivities.
  bool adapts() const;
  /// What shapes the run, among its options in a checkpoint: level, bits, budget and adapt_every.
  void add_to(formats::Value::Map& options) const;
  /// What the steps' act::Compression is made with.
  act::CompressionOptions steps() const;
};

/// @throws Error::Usage for a budget without an adaptive level
void check(const CompressionChoice& choice);

/// The names of all levels, "L0" first: what an option for them takes.
std::vector<std::string> level_names();
/// The same and those that also switch a second tier on (act::level_beside_swap()).
std::vector<std::string> level_names_beside_swap();

}  // namespace terse::learn
