#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::formats {

using SafetensorsMetadata = std::map<std::string, std::string>;

/// The content of a .safetensors file: tensors in the order of their data, and the `__metadata__` strings.
struct Safetensors {
  std::vector<Tensor> tensors;
  SafetensorsMetadata metadata;
};

/// Reads a .safetensors file front to back (a pipe will do). The data must be covered by the tensors without
/// overlap or gap, as the format demands.
/// @param limit  largest data section in bytes
/// @throws Error::BadInput naming the source, and the tensor where there is one; element types other than
///         core::DType's are refused by name
/// Source: https://github.com/huggingface/safetensors, README "Format".
Safetensors read_safetensors(core::ByteSource& source, std::uint64_t limit = std::uint64_t{64} << 30);

/// Writes a .safetensors file: largest elements first and by name within one size, so that every tensor is
/// aligned to its elements. Does not finish the sink. Same content, same bytes.
/// @param metadata  readers of PyTorch's world expect {"format": "pt"}
/// @throws Error::Internal where two tensors have one name or data and shape disagree
void write_safetensors(core::ByteSink& sink, std::span<const Tensor> tensors,
                       const SafetensorsMetadata& metadata = {{"format", "pt"}});

}  // namespace terse::formats
