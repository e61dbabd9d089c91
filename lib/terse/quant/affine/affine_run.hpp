#pragma once

#include <atomic>
#include <vector>

#include "terse/quant/affine/affine_plan.hpp"

// Shared by the codecs that call Affine's kernels on runs of elements: Affine and Sparse.

namespace terse::quant {

/// Room for the scales of a span's groups.
class ScaleBuffer {
 public:
  explicit ScaleBuffer(const AffinePlan& plan)
      : groups_(std::min<std::size_t>(plan.span / plan.group, plan.groups())), values_(2 * groups_) {}
  SpanScales scales() { return {values_.data(), values_.data() + groups_}; }

 private:
  std::size_t groups_;
  std::vector<float> values_;
};

template <class T>
void raise(std::atomic<T>& maximum, T value) {
  T seen = maximum.load(std::memory_order_relaxed);
  while (!(value <= seen) && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace terse::quant
