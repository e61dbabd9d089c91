#pragma once

#include "terse/act/torch.hpp"

namespace terse::relsim {

/// What an exponential family p(t) ∝ exp(u·e_t) over the rows of a table says at each of n natural parameters u.
struct Partition {
  at::Tensor log_z;  ///< [n] log of the sum of exp(u·e_t)
  at::Tensor mean;   ///< [n, dim] Σ p(t) e_t; not set where not asked for
};

/// Partition function and mean at each row of `u`, without ever holding n × E values.
/// @param u      [n, dim], contiguous, float32 or float64
/// @param table  [E, dim], of the same type
/// float32 with the mean goes through LibTorch's fused attention kernel: queries u, keys and values the table, scale 1;
/// its output is the mean and its logsumexp is log Z.
Partition partition(const at::Tensor& u, const at::Tensor& table, bool with_mean);

}  // namespace terse::relsim
