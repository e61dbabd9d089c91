#pragma once

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::tools::act_inspect {

/// Writes a tensor as a NumPy array file, format 1.0, C order, little-endian. NumPy has no bfloat16: those
/// elements are widened to float32, which is exact. Does not finish the sink. @throws Error::OutputFailed
/// Source: numpy/lib/format.py, "Format Version 1.0".
void write_npy(core::ByteSink& sink, const formats::Tensor& tensor);

}  // namespace terse::tools::act_inspect
