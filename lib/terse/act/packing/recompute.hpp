#pragma once

#include <functional>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// A part of a forward pass. It runs twice and must do the same each time: no state but its parameters, buffers and
/// LibTorch's default generator, no input changed in place.
using BlockFunction = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& inputs)>;

/// Runs `block`. Under a Compression::Step, and where gradients are on, nothing is stored of what it saves for backward
/// but `inputs`, without loss; when the backward pass asks for the first of it the block runs once more, and what it
/// then saves is stored under the ids, and with the bits, that it has without recomputation. The graph is the one of
/// the first run: gradients are accumulated in the same order, to the same bits where nothing is rounded. The second
/// run begins with the first one's generator state, and leaves the generator and the buffers as they were.
///
/// Inside another recomputed block, and without a step, it is block(inputs) and no more.
/// @param inputs   tensors; undefined ones are allowed
/// @param buffers  what the block changes in place (batch statistics)
/// @throws Error::Usage in the backward pass where the second run saves other tensors than the first
///
/// Source: Chen et al. 2016 (arXiv 1604.06174); by saved-tensor hooks as PyTorch's non-reentrant checkpoint has it.
std::vector<at::Tensor> recompute(const BlockFunction& block, std::vector<at::Tensor> inputs,
                                  const std::vector<at::Tensor>& buffers = {});

/// The same for a block whose examples do not meet: the first dimension of `inputs` and of its results is cut into as
/// many `slices` (fewer where there are not as many examples), each of which runs, and runs again, by itself, so that
/// what the block works with is a slice's. Inputs with another first extent than the first one's go to each slice
/// whole. Gradients of parameters are sums over slices. Outside a step, too, slice by slice.
std::vector<at::Tensor> recompute_in_slices(const BlockFunction& block, const std::vector<at::Tensor>& inputs,
                                            std::int64_t slices);

}  // namespace terse::act
