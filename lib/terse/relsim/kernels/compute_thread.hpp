#pragma once

#include <cstddef>
#include <functional>

namespace terse::relsim {

/// Readies the calling thread for LibTorch's products: on this thread alone, denormals as zero.
void prepare_compute_thread();

/// core::parallel_for whose bodies call LibTorch: inside, LibTorch runs on the calling thread alone (its own split of
/// a product over threads changes the last bits), without autograd, and denormals count as zero, which made scoring
/// 1.8 times faster.
void parallel_compute(std::size_t count, std::size_t grain,
                      const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace terse::relsim
