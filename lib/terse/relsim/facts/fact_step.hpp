#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/facts/mlp_pass.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/kernels/packed_table.hpp"
#include "terse/relsim/kernels/pair_product.hpp"

namespace terse::relsim {

/// A fact as the model sees it: `tail` follows from `head` under `query` (fact_model.hpp). A triple (h, r, t) is
/// observed twice: as (h, r, t) and as (t, R + r, h).
struct Observation {
  std::int32_t head = 0, query = 0, tail = 0;
};

/// Both observations of each triple, forward ones first.
std::vector<Observation> both_directions(std::span<const Triple> triples, std::int32_t relations);

/// Negative log likelihood in nats, summed over observations.
struct Nats {
  double head = 0;  ///< -log P(h|q)
  double tail = 0;  ///< -log P(t|h,q)
  double total() const { return head + tail; }
};

/// What the model says of one observation.
struct FactLogs {
  double head = 0;  ///< log P(h|q)
  double tail = 0;  ///< log P(t|h,q)
};

/// Steps a fact model. What makes a step cheap: P(h|q) has one row for each distinct query of the batch; softmax
/// and gradient never hold rows × entities: the first pass over the entity table leaves log Z and the mean of each row,
/// which is the gradient in its natural parameters, and the last one computes the logits again, a panel of entities at
/// a time, whose gradient is stepped where it arises. Where the products' factors are rounded, their weights are held
/// instead, once, in two bytes each (packed_table.hpp): that takes less time than computing them again. Same bits for
/// any number of threads. Memory: that of the model, what its optimizer keeps of each parameter (step_rule.hpp), twice
/// the entity table, and batch · hidden floats; rounded, 2 bytes of rows × entities.
class FactStep {
 public:
  /// `model`'s tensors are changed in place.
  /// @param rounding  of a step's large products: those with the entity table, and between hidden layers; likelihoods
  ///                  are never rounded
  FactStep(const FactModel& model, const StepRule& rule, Rounding rounding = Rounding::None);

  /// One step on the summed loss of `batch`. @return the loss before the step
  Nats step(std::span<const Observation> batch);
  /// Log likelihoods of any number of observations, `batch` at a time.
  std::vector<FactLogs> log_likelihoods(std::span<const Observation> observations, std::int64_t batch = 256);

  // The parts of a step whose perceptrons are computed elsewhere (fact_graph.hpp).
  /// Finds the batch's distinct queries, each of which is a row of the head's perceptron.
  void find_rows(std::span<const Observation> batch);
  std::int64_t head_rows() const { return static_cast<std::int64_t>(distinct_.size()); }
  std::int64_t dim() const { return entity_.value().size(1); }
  const MlpPass& head() const { return head_; }
  const MlpPass& tail() const { return tail_; }
  /// Inputs of both perceptrons. @param head  [head_rows(), dim] @param tail  [batch, dim]
  void write_inputs(std::span<const Observation> batch, float* head, float* tail) const;
  /// @param rows  [head_rows() + batch, dim] outputs, the head's first
  /// @return the loss; row_gradients() is its gradient
  Nats differentiate_rows(std::span<const Observation> batch, const float* rows);
  const at::Tensor& row_gradients() const { return du_; }
  /// The optimizer's step. @param head_inputs, tail_inputs  gradients in the inputs
  /// @param gradients  of weight and bias of the head's three layers, and the tail's
  void update(std::span<const Observation> batch, const float* head_inputs, const float* tail_inputs,
              const std::vector<at::Tensor>& gradients);

  /// Hidden layers that the last step() kept for its backward pass.
  std::uint64_t kept_bytes() const { return head_.kept_bytes() + tail_.kept_bytes(); }

  void set_lr(double lr) { rule_.lr = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  /// All parameters with their moments, in the order of FactModel::named().
  std::vector<const SteppedParameter*> parameters() const;

 private:
  /// Natural parameters of the batch: of its distinct queries, then of one tail row an observation.
  void compute_rows(std::span<const Observation> batch);
  void pack(PackedTable& table) const;
  /// log Z of each row, and its mean where asked for.
  void partition(const PackedTable& table, bool with_mean);
  /// What the observation's row of P(h|q) or of P(t|h,q) says of `entity`, less log Z.
  double log_probability(std::size_t row, std::int32_t entity) const;
  std::size_t tail_row(std::size_t observation) const { return distinct_.size() + observation; }
  Nats loss(std::span<const Observation> batch) const;
  /// From the means, the gradient in the natural parameters.
  void compute_gradients(std::span<const Observation> batch);
  /// @param dx  gradient in the tail perceptron's inputs
  void update_entities(std::span<const Observation> batch, const float* dx, const StepRates& rates,
                       std::vector<Task>& tasks);
  void update_queries(std::span<const Observation> batch, const float* head_dx, const float* tail_dx,
                      const StepRates& rates);

  StepRule rule_;
  SteppedParameter entity_, query_;
  MlpPass head_, tail_;
  Rounding rounding_;
  std::int64_t steps_ = 0;

  std::vector<std::int32_t> distinct_;  // queries of the batch, ascending
  std::vector<std::size_t> head_row_;   // for each observation, where its query is among them
  PackedTable table_;
  PackedRows packed_rows_;
  HeldWeights held_;
  std::vector<float> u_;      // [rows, dim]
  std::vector<float> log_z_;  // [rows]
  at::Tensor du_;             // [rows, dim] means, then the gradient of the loss in u
};

}  // namespace terse::relsim
