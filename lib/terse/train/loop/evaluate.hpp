#pragma once

#include <cstdint>

#include "terse/train/base/network.hpp"
#include "terse/train/data/data.hpp"

namespace terse::train {

struct Evaluation {
  std::uint64_t examples = 0;  ///< labels that counted
  double loss = 0;             ///< mean cross entropy, nats
  double accuracy = 0;         ///< share of labels that have the largest logit
};

/// A network in evaluation mode for as long as this lives; then in training mode.
class EvaluationMode {
 public:
  explicit EvaluationMode(Network& network) : network_(network) { network_.set_training(false); }
  // NOLINTNEXTLINE(bugprone-exception-escape): a flag, or those of modules that were set before
  ~EvaluationMode() { network_.set_training(true); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Network& network_;
};

/// Mean cross entropy of a batch, over the labels that count.
/// @param logits  [n, classes] or, with a label a pixel, [n, classes, h, w]
/// @param labels  [n] or [n, h, w]
/// @param classes  of the data set, of which a batch may lack some
/// @throws Error::Usage where the network's result has another shape or fewer classes than the labels need
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, std::int64_t classes = 0);

/// Loss and accuracy of a network in evaluation mode over a whole data set, `batch` examples at a time. A network that
/// takes whole batches only gets the last one filled up with examples that do not count. Leaves the network in training
/// mode.
Evaluation evaluate(Network& network, const DataSet& data, std::int64_t batch);

/// Evaluates the first and the last batch, so that what the network does not take is known before it is trained.
/// @throws what evaluate() would
void try_evaluation(Network& network, const DataSet& data, std::int64_t batch);

}  // namespace terse::train
