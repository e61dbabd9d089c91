#include "terse/train/loop/evaluate.hpp"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/core/error.hpp"

namespace terse::train {

namespace {

/// Sums over labels that counted.
struct Sums {
  double loss = 0;
  std::int64_t examples = 0, correct = 0;
};

void add_batch(Sums& sums, Network& network, const DataSet& data, std::int64_t begin, std::int64_t batch) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(batch, data.size() - begin)));
  std::iota(indices.begin(), indices.end(), begin);
  const auto count = static_cast<std::int64_t>(indices.size());
  auto [inputs, labels] = data.batch(indices);
  const auto rows = network.fixed_batch().value_or(count);
  if (labels.size(0) == count && count < rows) {
    for (std::int64_t i = count; i < rows; ++i) indices.push_back(indices[static_cast<std::size_t>(i % count)]);
    inputs = data.batch(indices).inputs;
  }
  auto logits = network.forward(inputs);
  if (logits.dim() > 0 && logits.size(0) == rows && count < rows) logits = logits.narrow(0, 0, labels.size(0));
  const auto counted = labels.ne(kIgnoredLabel).sum().item<std::int64_t>();
  if (counted == 0) return;
  sums.loss += cross_entropy(logits, labels).item<double>() * static_cast<double>(counted);
  sums.correct += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  sums.examples += counted;
}

}  // namespace

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, std::int64_t classes) {
  const auto needed = std::max(classes, labels.numel() > 0 ? labels.max().item<std::int64_t>() + 1 : 0);
  const auto shape = labels.sizes();
  if (logits.dim() != labels.dim() + 1 || logits.size(0) != shape[0] || logits.size(1) < needed ||
      logits.sizes().slice(2) != shape.slice(1)) {
    std::ostringstream message;
    message << "the model's result has shape " << logits.sizes() << "; ";
    if (labels.dim() == 1) {
      message << shape[0] << " labels need a row each and at least " << needed << " columns";
    } else {
      message << "labels " << shape << " need a score a label for each of at least " << needed << " classes";
    }
    throw Error(Error::Usage, message.str());
  }
  act::ModuleScope scope("loss");
  return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, kIgnoredLabel);
}

Evaluation evaluate(Network& network, const DataSet& data, std::int64_t batch) {
  torch::NoGradGuard guard;
  const EvaluationMode mode(network);
  Sums sums;
  for (std::int64_t begin = 0; begin < data.size(); begin += batch) add_batch(sums, network, data, begin, batch);
  if (sums.examples == 0) return {};
  const auto total = static_cast<double>(sums.examples);
  return {static_cast<std::uint64_t>(sums.examples), sums.loss / total, static_cast<double>(sums.correct) / total};
}

void try_evaluation(Network& network, const DataSet& data, std::int64_t batch) {
  torch::NoGradGuard guard;
  const EvaluationMode mode(network);
  Sums sums;
  const std::int64_t last = (data.size() - 1) / batch * batch;
  add_batch(sums, network, data, 0, batch);
  if (last > 0) add_batch(sums, network, data, last, batch);
}

}  // namespace terse::train
