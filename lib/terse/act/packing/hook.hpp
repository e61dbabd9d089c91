#pragma once

#include <memory>

#include "terse/act/stored/stored_tensor.hpp"
#include "terse/act/tensor/step_context.hpp"

namespace terse::act {

/// Receives each tensor that is saved for backward.
class PackSink {
 public:
  virtual ~PackSink() = default;
  /// @return what the graph holds instead
  virtual std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) = 0;
};

/// While it lives, what this thread's step saves goes to `sink`. The first one installs the engine that LibTorch asks
/// for hooks, once for the process.
class SinkScope {
 public:
  explicit SinkScope(PackSink& sink);

 private:
  Scoped<PackSink*> sink_;
};

}  // namespace terse::act
