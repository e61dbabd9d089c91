#pragma once

#include <span>
#include <string>
#include <string_view>

#include "terse/core/error.hpp"

namespace terse::core {

/// Whether all of `values` are numbers: no NaN, no infinity. O(n)
bool all_finite(std::span<const float> values);

/// Whether a training loss, a mean over examples, is one that training can go on from: a number that float32 can still
/// tell from one that is 1 larger, which a margin, or a nat of a softmax, asks for. NaN and infinities are not.
bool is_usable_loss(double mean);

/// What a training run ends with where it has diverged: an Error::Negative, `where: training diverged: what`.
/// @param where  "epoch 2, step 17"
Error training_diverged(const std::string& where, std::string_view what);

/// The same for a loss that is not usable: "the loss is not finite", or how large it is.
Error training_diverged(const std::string& where, double loss);

}  // namespace terse::core
