#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace terse::act {

/// Names a node of the graph before it exists: LibTorch numbers nodes by thread, and a node has its number when it
/// saves tensors.
struct NodeId {
  std::uint64_t thread = 0;  ///< that made it, as LibTorch counts threads
  std::uint64_t number = 0;

  auto operator<=>(const NodeId&) const = default;

  struct Hash {
    std::size_t operator()(const NodeId& id) const { return static_cast<std::size_t>(id.number ^ id.thread << 48); }
  };
};

}  // namespace terse::act
