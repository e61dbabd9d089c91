#pragma once

#include <memory>

#include "terse/act/operators/operator_table.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse/act/tensor/saved_tensor.hpp"

namespace terse::act {

/// How one tensor is to be encoded.
struct EncodeRequest {
  Requirement need = {};
  quant::AffineOptions affine = {};  ///< of rounded elements
  bool sparse = true;                ///< store zeros apart where that is smaller
  bool entropy = false;              ///< a finer grid, entropy coded, where that takes no more bytes
  core::RandomKey key = {};
  /// Stored signs (Need::Positive) of the same tensor: they say where it is not zero. The encoded tensor takes them
  /// in, and they live in its bytes from then on.
  std::shared_ptr<EncodedTensor> positives = nullptr;
  bool survey = false;  ///< fill Encoded::survey and Encoded::content whatever it costs
};

/// What became of it. Where no smaller form exists, `stored` is null and `reason` says why the tensor must be kept.
struct Encoded {
  std::shared_ptr<EncodedTensor> stored;
  Reason reason = Reason::Exact;
  quant::Layout layout = {};
  quant::Survey survey = {};
  at::Tensor content = {};                 ///< what the bytes encode, where that is not the tensor itself
  std::uint64_t shared_bytes = 0;          ///< of the stored bytes, those that `positives` had already
  std::vector<std::int64_t> strides = {};  ///< as SavedTensor::strides
};

/// Encodes a dense CPU tensor of a type that from_torch() knows, as `request` says: floating elements rounded, or as
/// two values or one where that is all they are or all that is needed of them, and in no other form where they are
/// needed exactly; integers and bools lossless. A NaN is never encoded. No autograd.
Encoded encode(const at::Tensor& tensor, const EncodeRequest& request);

/// The content of a tensor as it is, compact: for a small view that would keep a large storage alive.
Encoded copy_out(const at::Tensor& tensor, Reason reason);

}  // namespace terse::act
