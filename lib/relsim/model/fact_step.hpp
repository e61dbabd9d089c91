#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/model/mlp_pass.hpp"
#include "terse/relsim/model/pair_product.hpp"

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

/// Steps a fact model with Adam. What makes a step cheap: P(h|q) has one row for each distinct query of the batch;
/// softmax and loss are one pass over the logits, which the gradient then replaces, so rows × entities is held once;
/// a parameter's slice is stepped where its gradient arises; products with the entity table run over panels of it that
/// stay in near caches (block_product.hpp), and may round their factors (pair_product.hpp). Same bits for any number of
/// threads.
/// Memory: (batch + 2R) · E floats.
class FactStep {
 public:
  /// `model`'s tensors are changed in place.
  /// @param rounding  of a step's large products: those with the entity table, and between hidden layers; likelihoods are
  ///                  never rounded
  FactStep(const FactModel& model, double lr, double weight_decay, Rounding rounding = Rounding::None);

  /// One step on the summed loss of `batch`. @return the loss before the step
  Nats step(std::span<const Observation> batch);
  /// Log likelihoods of any number of observations, `batch` at a time.
  std::vector<FactLogs> log_likelihoods(std::span<const Observation> observations, std::int64_t batch = 256);

  void set_lr(double lr) { lr_ = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  /// All parameters with their moments, in the order of FactModel::named().
  std::vector<const AdamParameter*> parameters() const;

 private:
  /// Fills the inputs of both perceptrons: distinct queries, then one tail row an observation.
  void gather(std::span<const Observation> batch);
  void compute_logits(Rounding rounding);
  void multiply_table();
  void multiply_rounded_table();
  /// From the gradient in the logits, that in the natural parameters.
  void compute_parameter_gradients();
  /// `sum` [rows, padded dim] of the table's rows, weighed by rows begin … begin + rows - 1 of the gradient.
  void add_table_rows(std::size_t begin, std::size_t rows, std::vector<float>& sum) const;
  void add_rounded_table_rows(std::size_t begin, std::size_t rows, std::vector<float>& sum) const;
  Nats softmax_and_loss(std::span<const Observation> batch);
  /// Gradient [panel, padded dim] in the entities first … first + panel - 1 as tails and heads, from all rows.
  void multiply_gradient(std::size_t first, std::vector<float>& product) const;
  void multiply_rounded_gradient(std::size_t first, std::vector<float>& product) const;
  void update_entities(std::span<const Observation> batch, const AdamRates& rates, std::vector<Task>& tasks);
  void update_queries(std::span<const Observation> batch, const AdamRates& rates);

  AdamParameter entity_, query_;
  MlpPass head_, tail_;
  double lr_, weight_decay_;
  Rounding rounding_;
  std::int64_t steps_ = 0;

  std::vector<std::int32_t> distinct_;          // queries of the batch, ascending
  std::vector<std::vector<std::int32_t>> heads_;  // for each of them, the heads of its observations
  std::vector<float> u_;                        // [rows, padded dim] natural parameters: head rows, then tail rows
  at::Tensor du_;                               // [rows, dim] gradient of the loss in them
  /// [rows, padded E], then their gradient. Where products are rounded, the gradient's pairs lie where a panel's first half
  /// was: of entities e and 32 + e.
  std::vector<float> logits_;
  std::vector<std::uint32_t> entity_pairs_;     // [panels, 32, padded dim] pairs of entities as above
  std::vector<std::uint32_t> u_pairs_;          // [rows / 2, padded dim] pairs of rows 2i and 2i + 1
  std::int64_t rows_ = 0;
};

}  // namespace terse::relsim
