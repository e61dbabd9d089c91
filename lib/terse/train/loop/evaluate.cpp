#include "terse/train/loop/evaluate.hpp"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/core/error.hpp"

namespace terse::train {

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  const auto needed = labels.numel() > 0 ? labels.max().item<std::int64_t>() + 1 : 0;
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
  network.set_training(false);
  double loss = 0;
  std::int64_t examples = 0, correct = 0;
  std::vector<std::int64_t> indices;
  for (std::int64_t begin = 0; begin < data.size(); begin += batch) {
    indices.resize(static_cast<std::size_t>(std::min(batch, data.size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const auto taken = data.batch(indices);
    const auto logits = network.forward(taken.inputs);
    const auto counted = taken.labels.ne(kIgnoredLabel).sum().item<std::int64_t>();
    if (counted == 0) continue;
    loss += cross_entropy(logits, taken.labels).item<double>() * static_cast<double>(counted);
    correct += logits.argmax(1).eq(taken.labels).sum().item<std::int64_t>();
    examples += counted;
  }
  network.set_training(true);
  if (examples == 0) return {};
  const auto total = static_cast<double>(examples);
  return {static_cast<std::uint64_t>(examples), loss / total, static_cast<double>(correct) / total};
}

}  // namespace terse::train
