#include "terse/train/loop/trainer_workload.hpp"

#include <algorithm>

namespace terse::train {

namespace {

/// A batch than which the run has none larger.
Batch largest_batch(const DataSet& data, std::int64_t size) {
  std::vector<std::int64_t> examples(static_cast<std::size_t>(std::min(size, data.size())));
  const auto largest = data.largest();
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i] = largest.value_or(static_cast<std::int64_t>(i));
  return data.batch(examples);
}

}  // namespace

void TrainerWorkload::own(act::Compression& compression) const { own_tensors(compression, trainer_.network()); }

act::Pass TrainerWorkload::pass_over(Batch batch) {
  auto inputs = batch.inputs;
  return {std::move(inputs), [this, batch = std::move(batch)] {
            const auto output = trainer_.network().forward(batch.inputs);
            return act::Pass::Result{output, cross_entropy(output, batch.labels)};
          }};
}

act::Pass TrainerWorkload::largest() {
  return pass_over(largest_batch(*trainer_.data().train, trainer_.options().batch));
}

act::Pass TrainerWorkload::batch(std::uint64_t ahead) {
  return pass_over(trainer_.batches().take(trainer_.steps_done() + ahead));
}

double TrainerWorkload::step(const act::CompressionOptions& compression, act::PackObserver observer,
                             const std::function<void()>& before_backward) {
  trainer_.set_compression(compression);
  trainer_.compression().observe(std::move(observer));
  const auto figures = trainer_.step(before_backward);
  trainer_.set_compression(trainer_.options().compression);
  return figures.seconds;
}

std::shared_ptr<void> TrainerWorkload::keep_state() { return std::make_shared<StateKeeper>(trainer_.network()); }

void TrainerWorkload::clear_gradients() { trainer_.optimizer().clear_gradients(); }

void TrainerWorkload::evaluate() {
  if (!trainer_.data().evaluation) return;
  const at::NoGradGuard no_grad;
  trainer_.network().set_training(false);
  trainer_.network().forward(largest_batch(*trainer_.data().evaluation, trainer_.options().batch).inputs);
  trainer_.network().set_training(true);
}

}  // namespace terse::train
