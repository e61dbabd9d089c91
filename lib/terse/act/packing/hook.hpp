#pragma once

#include <memory>

#include "terse/act/stored/stored_tensor.hpp"

namespace terse::act {

/// Receives each tensor that a thread saves for backward.
class PackSink {
 public:
  virtual ~PackSink() = default;
  /// @return what the graph holds instead
  virtual std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) = 0;
};

/// Sends what this thread saves to `sink` from now on; nullptr: LibTorch keeps it as ever. The first call installs
/// the engine that LibTorch asks for hooks, once for the process.
void set_thread_sink(PackSink* sink);
PackSink* thread_sink();

}  // namespace terse::act
