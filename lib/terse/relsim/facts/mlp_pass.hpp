#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "terse/relsim/facts/fact_model.hpp"
#include "terse/relsim/kernels/pair_product.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"
#include "terse/relsim/training/stepped_parameter.hpp"

namespace terse::relsim {

/// A piece of work that may run beside others of its list.
using Task = std::function<void()>;

/// Runs every task once; results must not depend on their order.
void run_tasks(const std::vector<Task>& tasks);

/// Forward and backward passes of an Mlp over the rows of one batch, with explicit gradients. Rows are worked on in
/// blocks of fixed size, and no sum is split over blocks: the same bits for any number of threads.
///
/// After some training few hidden units are active. Products between the hidden layers then skip the others: forward
/// ones always, those of the backward pass where the whole batch is sparse enough. Otherwise these two are dense and
/// may round their factors (pair_product.hpp).
class MlpPass {
 public:
  /// Optimizer state is made for `mlp`'s weights, which steps then change in place.
  /// @param rule      of the rates that updates get
  /// @param rounding  Bfloat16 has an effect where the hidden layers are a multiple of 64 wide
  MlpPass(const Mlp& mlp, const StepRule& rule, Rounding rounding = Rounding::None);

  /// Weights and biases with their moments, by layer.
  const std::vector<SteppedParameter>& weights() const { return weight_; }
  const std::vector<SteppedParameter>& biases() const { return bias_; }

  /// Prepares for [rows, dim] inputs. @return where the caller writes them, before forward_tasks() run
  at::Tensor inputs(std::int64_t rows);
  /// Computes outputs(); blocks of rows are independent.
  void add_forward_tasks(std::vector<Task>& tasks);
  const at::Tensor& outputs() const { return y_; }  ///< [rows, dim]
  /// What the hidden layers of the last rows take until the backward pass.
  std::uint64_t kept_bytes() const { return a_[0].nbytes() + a_[1].nbytes(); }

  /// From [rows, dim] gradients of the loss in outputs(), computes input_gradients() and what the updates need.
  /// `gradients` stays as it is until the update tasks have run.
  void add_backward_tasks(std::vector<Task>& tasks, const at::Tensor& gradients);
  const at::Tensor& input_gradients() const { return dx_; }  ///< [rows, dim]
  /// Weight gradients and their step, by blocks of weight rows.
  void add_update_tasks(std::vector<Task>& tasks, const StepRates& rates);
  /// The same by gradients that were computed elsewhere: of weight and bias of each layer.
  void add_update_tasks(std::vector<Task>& tasks, const StepRates& rates, std::span<const at::Tensor> gradients);

 private:
  std::int64_t rows() const { return x_.size(0); }
  void forward(std::int64_t begin, std::int64_t count);
  bool is_sparse() const;
  void backward_dense(std::int64_t begin, std::int64_t count);
  /// da_[0] from da_[1], and the pairs that the weight's gradient needs.
  void backward_rounded(std::int64_t begin, std::int64_t count);
  void backward_sparse(std::int64_t begin, std::int64_t count);
  void transpose_weight();
  /// The middle weight's gradient and step, columns `begin` … `begin + count - 1`.
  void update_sparse(std::int64_t begin, std::int64_t count, const StepRates& rates);
  /// Rows `begin` … of layer i's weight gradient, [count, columns].
  void weight_gradient(int i, std::int64_t begin, std::int64_t count, at::Tensor& into) const;
  void rounded_weight_gradient(std::int64_t begin, std::int64_t count, float* into) const;

  std::vector<SteppedParameter> weight_, bias_;
  std::int64_t capacity_ = 0;
  at::Tensor buffer_x_, buffer_y_, buffer_dx_, buffer_a_[2], buffer_da_[2];
  at::Tensor x_, y_, dx_, a_[2], da_[2], dy_;  // the first rows of the buffers; a_ after ReLU
  SparseRows active_[2];                       // a_ again, without its zeros
  bool rounded_;
  std::vector<std::uint32_t> weight_pairs_;  // [hidden, hidden / 2] of the middle weight: outputs j and hidden / 2 + j
  std::vector<float> transposed_;            // the middle weight, where the backward pass is sparse
  // Pairs of rows 2i and 2i + 1 of a_[0] and da_[1], in panels of 64 columns: [hidden / 64, capacity, 64].
  std::vector<std::uint32_t> a_pairs_, da_pairs_;
  bool sparse_ = false;  // how this batch's backward pass works
};

}  // namespace terse::relsim
