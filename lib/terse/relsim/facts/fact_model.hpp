#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::relsim {

/// Sizes of a fact model; the defaults are the paper's.
struct FactModelShape {
  std::int64_t entities = 0, relations = 0;
  std::int64_t dim = 100, hidden = 1024;
};

/// A perceptron of three layers with ReLU between them: [n, dim] to [n, dim]. The first weight is [hidden, dim], one
/// row an output; the others are [hidden, hidden] and [hidden, dim], one row an input, so that a hidden unit which is
/// zero is a row that need not be read.
struct Mlp {
  at::Tensor weight[3], bias[3];

  /// Layer i's weight as PyTorch's Linear has it, [out, in]; a view.
  at::Tensor linear_weight(int i) const { return i == 0 ? weight[0] : weight[i].t(); }
};

/// The parameters of P(h,t|q) = P(h|q) P(t|h,q), both softmax over all entities with one shared entity table:
/// P(h|q) ∝ exp(MLP1(q)·e_h), P(t|h,q) ∝ exp(MLP2(q + e_h)·e_t).
/// A query q is a relation in one of its two directions: row r of `query` is relation r, row R + r its inverse, the
/// same facts with heads and tails swapped. So the divergence from a relation to another's inverse is computed exactly
/// as that between two relations. All float32, contiguous, on the CPU.
/// Source: ACL 2019, arXiv 1907.08937; the inverse rows are ours.
struct FactModel {
  at::Tensor entity;  ///< [E, dim]
  at::Tensor query;   ///< [2R, dim]
  Mlp head, tail;     ///< MLP1 and MLP2

  FactModelShape shape() const;
  /// All tensors, as they are laid out here: "entity", "query", "head.0.weight", "head.0.bias", … "tail.4.bias".
  std::vector<std::pair<std::string, at::Tensor>> named() const;
  FactModel clone() const;

  /// MLP layers uniform in ±1/√fan_in as PyTorch's Linear, embeddings uniform in ±√(6 / (2·dim)) as Xavier's rule
  /// has it for square tables. Depends on shape and seed only.
  static FactModel random(const FactModelShape& shape, std::uint64_t seed);
};

/// The perceptron's output [n, dim] for each of [n, dim] rows. `precise` computes and returns float64.
at::Tensor run_mlp(const Mlp& mlp, const at::Tensor& rows, bool precise = false);

}  // namespace terse::relsim
