#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "terse/act/bits/precision.hpp"
#include "terse/act/packing/workload.hpp"
#include "terse/act/probing/variance_check.hpp"

namespace terse::act {

/// Sensitivity c of one saved tensor: the gradient's variance is c S(b) where it alone is stored in b bits.
struct MeasuredSensitivity {
  double value = 0;
  double error = 0;  ///< standard error over the draws
};

struct SensitivityOptions {
  int bits = 4;             ///< that a probed tensor is stored in
  std::uint64_t draws = 2;  ///< probes a tensor, each with other random rounding; at least 2, for the error
};

/// Measures the sensitivity of each saved tensor by brute force: one forward and backward pass a draw with that tensor
/// stored in few bits and all others exact, compared with the exact gradient of the same batch (and the same dropout).
/// @param ids   SavedTensor::id of every tensor of the step that is quantized at level L1: these are probed, and kept
///              exactly while another one is; the rest is stored without loss anyway
/// @param tick  called before each tensor with its index, where not empty
/// @return      c = mean of |g' - g|^2 / S(bits), S(b) = (2^b - 1)^-2, in the order of ids
/// Source: GACT (ICML 2022) section 4.2; the exact gradient in place of a second draw halves the passes.
std::vector<MeasuredSensitivity> exact_sensitivities(ProfiledRun& run, const std::vector<std::string>& ids,
                                                     const SensitivityOptions& options,
                                                     const std::function<void(std::size_t)>& tick = {});

/// Measures all sensitivities by probes of the backward pass (GradientProbe) on one batch: forward and backward
/// passes like a training step's, each with as many probes as take half of the stored bytes for their second forms.
/// Parameters, buffers, generator and the step counter stay as they are.
/// @param draws  of each tensor
/// @param tick   called before each pass with the number of tensors that have all their draws, and of all
PrecisionTable fast_sensitivities(ProfiledRun& run, std::uint64_t draws,
                                  const std::function<void(std::size_t, std::size_t)>& tick = {});

/// OutputGradient::squared_norm() on the batch that the sensitivities are measured on.
double squared_output_gradient(ProfiledRun& run);

/// Compares what sensitivities predict for level L1 with the variance that `draws` pairs of gradients of the same batch
/// show, and with that between batches. Leaves the run as fast_sensitivities() does.
VarianceFigures measure_variance(ProfiledRun& run, const PrecisionTable& table, std::uint64_t draws);

}  // namespace terse::act
