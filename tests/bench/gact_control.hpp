#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/operator_tracker.hpp"
#include "terse/act/packing/hook.hpp"
#include "terse/act/packing/shared_tensors.hpp"
#include "terse/act/tensor/owned_tensors.hpp"
#include "terse/act/tensor/storage_ledger.hpp"

namespace terse::bench {

struct GactOptions {
  int bits = 4;             ///< 1, 2, 4 or 8: levels L1, L1.1 and L1.2 are 4, 8 and 2
  bool duplicates = false;  ///< store a tensor that was saved before once (theirs: off unless asked for)
  std::uint64_t seed = 0;
  std::vector<int> bits_of = {};  ///< of the quantized tensors in the order of the calls, in place of `bits`
  std::int64_t redrawn = -1;      ///< this one, if any, is rounded with other random numbers
};

struct GactFigures {
  std::uint64_t tensors = 0;
  std::uint64_t stored_bytes = 0;            ///< codes, scales, and what is kept as it is
  std::uint64_t live_units = 0;              ///< positive results of ReLU,
  std::uint64_t lost_units = 0;              ///< and those of them that come back as zero: their gradient is lost
  std::vector<std::uint64_t> elements = {};  ///< of each quantized tensor
};

/// GACT as its authors published it (github.com/LiuXiaoxuanPKU/GACT-ICML: quantizer.py, ops.py,
/// quantization_cuda_kernel.cu), written anew as the control that the library is measured against:
/// - float32 and float16 tensors of rank 2 to 4 that require a gradient are quantized, in row order, groups of 256, the
///   last one padded with zeros, minimum and scale of a group in the element type, stochastic rounding, clamped below;
/// - everything else is kept, whatever operator saves it; parameters, buffers and the batch cost nothing.
/// In the control's favour: a mask of bools and a dropout's two-valued noise cost 1 bit an element (theirs: of uint8
/// alone, which CUDA's dropout saved); duplicates are found exactly, not by 100 samples.
class GactSink final : public act::PackSink {
 public:
  GactSink(GactOptions options, const act::OwnedTensors& owned);
  std::shared_ptr<act::StoredTensor> pack(const at::Tensor& tensor) override;
  const GactFigures& figures() const { return figures_; }

 private:
  bool is_quantized(const at::Tensor& tensor) const;
  std::shared_ptr<act::StoredTensor> keep(const at::Tensor& tensor);
  std::shared_ptr<act::StoredTensor> quantize(const at::Tensor& tensor);
  GactOptions options_for(std::uint32_t number) const;
  void count_lost_units(const at::Tensor& exact, act::StoredTensor& stored);

  GactOptions options_;
  act::OperatorTracker operators_;
  std::unordered_map<const c10::StorageImpl*, act::Reason> owned_;
  act::SharedTensors seen_;
  act::StorageLedger kept_;
  std::uint32_t number_ = 0;  ///< of the next quantized tensor: its random stream
  GactFigures figures_;
};

}  // namespace terse::bench
