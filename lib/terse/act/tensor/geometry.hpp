#pragma once

#include <cstdint>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// How a tensor's elements lie in memory, and how they are encoded and restored without their storage.
///
/// A tensor whose elements fill their stretch of memory (contiguous, permuted, expanded, overlapping windows) is
/// encoded as that stretch, without a copy, and comes back with the same sizes and strides. One with gaps (a slice, a
/// chunk) is encoded from a compact copy in the same order of dimensions; it comes back with the same strides where
/// the stretch is at most twice the elements, else compact, so that a slice never costs its whole base.
struct Geometry {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;          ///< as restored
  std::vector<std::int64_t> encoded_strides;  ///< element (i, j, …) is encoded element i*encoded_strides[0] + …
  std::int64_t encoded_count = 0;             ///< elements to encode
  std::int64_t restored_span = 0;             ///< elements that the restored storage holds

  bool has_gaps = false;  ///< encode a compact copy: compact()

  static Geometry of(const at::Tensor& tensor);
  std::vector<std::int64_t> distinct_sizes() const;                        ///< sizes with every expanded dimension as 1
  bool spreads() const { return has_gaps && strides != encoded_strides; }  ///< restored with its gaps
};

/// The compact copy that a tensor with gaps is encoded from. No autograd.
at::Tensor compact(const at::Tensor& tensor, const Geometry& geometry);

/// A tensor over `storage`, from element `offset` on. No dispatcher, no autograd.
at::Tensor view_of(const c10::Storage& storage, at::ScalarType type, const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides, std::int64_t offset = 0);

}  // namespace terse::act
