#include "terse/train/loop/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "terse/act/memory/allocator.hpp"
#include "terse/act/tensor/torch_errors.hpp"
#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"
#include "terse/core/memory.hpp"
#include "terse/core/parallel.hpp"
#include "terse/train/data/channels_last.hpp"
#include "terse/train/data/load_data.hpp"

namespace terse::train {

namespace {

TrainOptions checked(TrainOptions options) {
  if (options.batch < 1) throw Error(Error::Usage, "batch must be 1 or more");
  if (options.epochs < 1 && options.steps < 1) throw Error(Error::Usage, "epochs or steps must be 1 or more");
  if (options.recompute_slices > 1 && options.recompute.empty() && options.compression.budget == 0) {
    throw Error(Error::Usage, "recompute-slices: nothing is recomputed");
  }
  if (options.learning_rate == 0) options.learning_rate = default_learning_rate(options.optimizer.kind);
  options.compression.seed = options.seed;
  return options;
}

Data prepare(const TrainOptions& options) {
  at::globalContext().setFlushDenormal(true);
  at::set_num_threads(core::threads());
  at::manual_seed(options.seed);
  return load_data(options.data, options.seed);
}

/// The network; puts the data in the order that it wants.
MadeNetwork make_network_for(const TrainOptions& options, Data& data) {
  auto made = make_network(options.model, data.shape, options.trust_model);
  if (made.channels_last) put_channels_last(data);
  return made;
}

/// The largest batch of a run.
Batch largest_batch(const DataSet& data, std::int64_t size) {
  std::vector<std::int64_t> examples(static_cast<std::size_t>(std::min(size, data.size())));
  const auto largest = data.largest();
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i] = largest.value_or(static_cast<std::int64_t>(i));
  return data.batch(examples);
}

}  // namespace

double default_learning_rate(learn::OptimizerKind kind) { return kind == learn::OptimizerKind::Sgd ? 0.05 : 0.001; }

class Trainer::Loop final : public learn::TrainingLoop {
 public:
  explicit Loop(Trainer& trainer) : trainer_(trainer) {}

  NamedTensors parameters() const override { return trainer_.network().parameters(); }
  NamedTensors buffers() const override { return lasting_tensors(trainer_.network()); }
  act::Pass largest() override { return pass_over(largest_batch(*trainer_.data_.train, trainer_.options_.batch)); }
  void clear_gradients() override { trainer_.optimizer_.clear_gradients(); }
  std::shared_ptr<void> keep_state() override { return std::make_shared<StateKeeper>(trainer_.network()); }
  void evaluate() override {
    if (!trainer_.data_.evaluation) return;
    const at::NoGradGuard no_grad;
    const EvaluationMode mode(trainer_.network());
    trainer_.network().forward(largest_batch(*trainer_.data_.evaluation, trainer_.options_.batch).inputs);
  }
  std::size_t recompute(bool again) override {
    const auto& options = trainer_.options_;
    const std::string parts = options.recompute.empty() ? "blocks" : options.recompute;
    return trainer_.network().recompute(again ? RecomputeChoice(parts, options.recompute_slices)
                                              : RecomputeChoice::nothing());
  }
  act::Pass batch(std::uint64_t ahead) override {
    return pass_over(trainer_.batches_.take(trainer_.steps_done_ + ahead));
  }
  void run_step(const std::function<void()>& before_backward) override { trainer_.step(before_backward); }

  act::Pass pass_over(Batch batch) {
    auto inputs = batch.inputs;
    return {std::move(inputs), [this, batch = std::move(batch)] {
              const auto output = trainer_.network().forward(batch.inputs);
              return act::Pass::Result{output, cross_entropy(output, batch.labels, trainer_.data_.shape.classes)};
            }};
  }

 private:
  Trainer& trainer_;
};

Trainer::Trainer(const TrainOptions& options)
    : options_(checked(options)),
      data_(prepare(options_)),
      made_(make_network_for(options_, data_)),
      batches_(*data_.train, options_.batch, options_.seed),
      optimizer_(made_.network->parameters(), options_.optimizer),
      steps_total_(options_.steps > 0 ? options_.steps : options_.epochs * batches_.steps_per_epoch()),
      schedule_(make_schedule(options_.schedule, options_.learning_rate, steps_total_, options_.warmup)),
      loop_(std::make_unique<Loop>(*this)) {
  network().set_training(true);
  if (!options_.recompute.empty() &&
      network().recompute(RecomputeChoice(options_.recompute, options_.recompute_slices)) == 0) {
    throw Error(Error::Usage, "recompute '" + options_.recompute + "': model " + options_.model.name +
                                  " has no such modules" +
                                  (options_.recompute == "blocks" ? "; name some of its module paths" : ""));
  }
  compressed_ = std::make_unique<learn::CompressedTraining>(options_.compression, *loop_);
}

Trainer::~Trainer() = default;

StepFigures Trainer::step(const std::function<void()>& before_backward) {
  const auto start = std::chrono::steady_clock::now();
  StepFigures figures{.step = steps_done_ + 1, .epoch = steps_done_ / steps_per_epoch() + 1};
  figures.learning_rate = schedule_.schedule.rate(steps_done_);
  act::reset_allocator_peak();
  const auto pass = loop_->pass_over(batches_.take(steps_done_));
  act::with_torch_errors(Error::Usage, [&] {
    figures.compression = compressed_->step(figures.step, pass, [&](const act::Pass::Result& result) {
      figures.loss = result.loss.item<double>();
      if (!std::isfinite(figures.loss)) {
        throw core::training_diverged("step " + std::to_string(figures.step), figures.loss);
      }
      if (before_backward) before_backward();
    });
  });
  optimizer_.step(figures.learning_rate);
  optimizer_.clear_gradients();
  ++steps_done_;
  figures.peak_allocated_bytes = act::allocator_figures().peak_bytes;
  figures.peak_resident_bytes = core::peak_resident_bytes();
  figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return figures;
}

void Trainer::try_evaluation() {
  if (!data_.evaluation || made_.program_digest.empty()) return;
  const StateKeeper keeper(network());
  act::with_torch_errors(Error::Usage, [&] { train::try_evaluation(network(), *data_.evaluation, options_.batch); });
}

Evaluation Trainer::evaluate() {
  return data_.evaluation ? train::evaluate(network(), *data_.evaluation, options_.batch) : Evaluation{};
}

NamedTensors lasting_tensors(const Network& network) {
  auto tensors = network.buffers();
  for (auto& constant : network.constants()) tensors.push_back(std::move(constant));
  return tensors;
}

StateKeeper::StateKeeper(Network& network) : generator_(generator_state()) {
  for (const auto& [name, buffer] : network.buffers()) buffers_.emplace_back(buffer, buffer.clone());
}

// NOLINTNEXTLINE(bugprone-exception-escape): copies into tensors of the same shape and type
StateKeeper::~StateKeeper() {
  const at::NoGradGuard no_grad;
  for (auto& [buffer, held] : buffers_) buffer.copy_(held);
  set_generator_state(generator_);
}

at::Tensor generator_state() { return at::globalContext().defaultGenerator(at::kCPU).get_state(); }

void set_generator_state(const at::Tensor& state) {
  auto generator = at::globalContext().defaultGenerator(at::kCPU);
  generator.set_state(state);
}

}  // namespace terse::train
