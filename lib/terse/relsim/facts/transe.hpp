#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

struct TransEOptions {
  std::int64_t dim = 100;
  std::int64_t epochs = 50;
  double lr = 0.01, margin = 1;
  std::uint64_t seed = 0;
};

/// Vectors with h + r ≈ t for facts.
struct TransEVectors {
  std::vector<float> entity;    ///< [E, dim], each row of length at most 1
  std::vector<float> relation;  ///< [R, dim]
};

/// Trains TransE by stochastic gradient descent on the margin loss max(0, margin + |h + r - t| - |h' + r - t'|) with
/// Euclidean distance; (h', t') has head or tail replaced by a uniformly drawn entity. One thread; a few hundred
/// nanoseconds a fact.
/// @param progress  called after each epoch with its number; may be empty
/// Source: Bordes et al., NIPS 2013.
TransEVectors train_transe(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations,
                           const TransEOptions& options, const std::function<void(std::int64_t epoch)>& progress = {});

}  // namespace terse::relsim
