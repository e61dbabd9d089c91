#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace terse::train {

/// Which parts of a network run once more in the backward pass (terse/act/packing/recompute.hpp): "blocks", the blocks
/// that a built-in model is made of, or patterns of module paths, joined by commas. A pattern is matched component by
/// component: layer1.* names layer1.0 and layer1.1, each with all that is inside, layer?.[1-9] every block but the
/// first of each layer.
class RecomputeChoice {
 public:
  /// @param slices  of the batch in which each part runs, one after the other
  /// @throws Error::Usage for an empty pattern or one with an empty component
  explicit RecomputeChoice(const std::string& text, int slices = 1);

  /// No part at all.
  static RecomputeChoice nothing() { return {}; }

  bool is_blocks() const { return is_blocks_; }
  const std::string& text() const { return text_; }
  int slices() const { return slices_; }
  /// The block that a module belongs to, or nullopt: "layer1.0" of "layer1.0.conv1" under layer1.*
  std::optional<std::string> block_of(std::string_view module_path) const;

 private:
  RecomputeChoice() = default;

  bool is_blocks_ = false;
  std::string text_;
  int slices_ = 1;
  std::vector<std::vector<std::string>> patterns_;  // components of each
};

}  // namespace terse::train
