#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "terse/act/tensor/node_id.hpp"
#include "terse/act/tensor/torch.hpp"
#include "terse/core/dtype.hpp"
#include "terse/quant/layout/layout.hpp"
#include "terse/quant/layout/survey.hpp"

namespace terse::act {

/// What became of a saved tensor, and why.
enum class Reason : std::uint8_t {
  Quantized,   ///< floating, lossy
  Mask,        ///< two values, or an operand of which backward asks one yes or no an element: exact, 1 bit
  Integer,     ///< integers at their true width (indices of max-pool: within the window): lossless
  Constant,    ///< one value: lossless
  Shared,      ///< the same memory at the same version as an earlier saved tensor, with its shape or another
  Parameter,   ///< a parameter of the model: reference kept, costs nothing
  Buffer,      ///< a buffer of the model
  Batch,       ///< the batch itself
  Small,       ///< below CompressionOptions::small_bytes: kept as it is
  NonFinite,   ///< holds NaN or infinity: kept raw
  Device,      ///< not a dense CPU tensor: kept as it is
  Exact,       ///< level L0, 32 bits asked for, or no smaller form exists
  Shape,       ///< backward needs its sizes alone: nothing stored
  Critical,    ///< rounding would spoil the gradient (divisors, logarithms, statistics): kept as it is
  Derived,     ///< computed again from what is stored of `shared_with`, its operand: a layer norm's result, an
               ///< attention's, a smooth activation's, a dropout's (Recipe)
  Recomputed,  ///< inside a recomputed block (recompute.hpp) that has not run again: nothing stored
  NoRule,      ///< nothing is known of what the operator needs it for (operator_table.hpp): kept as it is
};
inline constexpr int kReasonCount = 17;
std::string_view to_string(Reason reason);  ///< "quantized", "mask", "non-finite" …

/// One saved tensor of one step.
struct SavedTensor {
  std::string id;         ///< "relu#3:result", in a ModuleScope "layer1.0/relu#1:result"; stable over steps
  std::string op = {};    ///< operator that saved it: "aten::relu"
  std::string role = {};  ///< "input", "result", …: as far as known
  core::DType dtype = core::DType::Float32;
  std::vector<std::int64_t> shape = {};
  std::optional<NodeId> node = {};  ///< of the graph, that saves it; none of a block's input
  Reason reason = Reason::Exact;
  std::string shared_with = {};  ///< id of the saved tensor that holds the content, or what it is derived from
  quant::Layout layout = {};     ///< of the encoded elements; codec Raw and count 0 where nothing was encoded
  /// Element (i, j, …) of the tensor is encoded element i*strides[0] + j*strides[1] + …: a permuted tensor is encoded
  /// in the order of its memory, an expanded dimension (stride 0) once.
  std::vector<std::int64_t> strides = {};
  /// What keeping the tensor would newly hold alive: its whole storage where it is the first saved tensor of that
  /// storage in the step, else 0; 0 for parameter, buffer, batch.
  std::uint64_t exact_bytes = 0;
  /// Payload and metadata, less what an earlier saved tensor has of them (the mask of a ReLU whose result is encoded
  /// with its zeros apart); or what is kept.
  std::uint64_t stored_bytes = 0;
  std::uint64_t shared_bytes = 0;  ///< that earlier tensor's part
  int least_bits = 0;              ///< what it was rounded to at least, whatever was asked for (Rule::widest_step)
  quant::Survey survey = {};       ///< of the whole content; taken only while an observer is set, it costs a pass
};

/// Sums over the saved tensors of the current or last step.
struct Totals {
  std::uint64_t tensors = 0;
  std::uint64_t exact_bytes = 0;  ///< distinct live bytes after forward without compression
  std::uint64_t stored_bytes = 0;
  std::uint64_t bytes_by_reason[kReasonCount] = {};  ///< exact bytes
  std::uint64_t count_by_reason[kReasonCount] = {};
  std::uint64_t non_finite = 0;
  std::map<std::string, std::uint64_t> without_rule = {};  ///< bytes of Reason::NoRule, by operator: "aten::foo"
};

/// Sees each saved tensor as it is packed, with its exact content and its encoded form.
struct PackedView {
  const SavedTensor& info;
  const at::Tensor& exact;             ///< as saved (may be non-contiguous); what was encoded in its place
                                       ///< otherwise: window positions of a max-pool, two values of a clamp
  std::span<const std::byte> payload;  ///< empty where the tensor is kept or shared
  std::span<const std::byte> metadata;
};
using PackObserver = std::function<void(const PackedView&)>;

}  // namespace terse::act
