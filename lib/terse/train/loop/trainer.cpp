#include "terse/train/loop/trainer.hpp"

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
#include "terse/train/loop/trainer_workload.hpp"

namespace terse::train {

namespace {

TrainOptions checked(TrainOptions options) {
  if (options.batch < 1) throw Error(Error::Usage, "batch must be 1 or more");
  if (options.epochs < 1 && options.steps < 1) throw Error(Error::Usage, "epochs or steps must be 1 or more");
  if (options.recompute_slices > 1 && options.recompute.empty() && options.budget == 0) {
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

}  // namespace

double default_learning_rate(OptimizerKind kind) { return kind == OptimizerKind::Sgd ? 0.05 : 0.001; }

Trainer::Trainer(const TrainOptions& options)
    : options_(checked(options)),
      data_(prepare(options_)),
      made_(make_network_for(options_, data_)),
      batches_(*data_.train, options_.batch, options_.seed),
      optimizer_(made_.network->parameters(), options_.optimizer),
      steps_total_(options_.steps > 0 ? options_.steps : options_.epochs * batches_.steps_per_epoch()),
      schedule_(options_.schedule, options_.learning_rate, steps_total_, options_.warmup) {
  network().set_training(true);
  if (!options_.recompute.empty() &&
      network().recompute(RecomputeChoice(options_.recompute, options_.recompute_slices)) == 0) {
    throw Error(Error::Usage, "recompute '" + options_.recompute + "': model " + options_.model.name +
                                  " has no such modules" +
                                  (options_.recompute == "blocks" ? "; name some of its module paths" : ""));
  }
  if (options_.budget > 0) {
    use(act::BudgetTier::Bits);
  } else {
    set_compression(options_.compression);
  }
  if (const int bits = act::average_bits(options_.compression.level); bits > 0 && options_.compression.bits == 0) {
    adaptation_ = std::make_unique<act::Adaptation>(act::AdaptationOptions{.default_bits = bits,
                                                                           .every = options_.adapt_every,
                                                                           .seed = options_.seed,
                                                                           .entropy = options_.compression.entropy});
  }
}

void Trainer::plan_budget(const formats::Value& resumed) {
  if (!adaptation_) throw Error(Error::Usage, "a budget needs an adaptive level: L2, L2.1 or L2.2");
  TrainerWorkload workload(*this);
  budget_ =
      std::make_unique<act::BudgetKeeper>(workload, *adaptation_, options_.budget, options_.adapt_every > 0, resumed);
  if (!resumed.is_nil()) budget_->bound_memory();
}

std::size_t Trainer::use(act::BudgetTier tier) {
  auto compression = options_.compression;
  if (tier != act::BudgetTier::Swap) compression.swap = nullptr;
  set_compression(compression);
  const std::string parts = options_.recompute.empty() ? "blocks" : options_.recompute;
  return network().recompute(tier == act::BudgetTier::Recompute ? RecomputeChoice(parts, options_.recompute_slices)
                                                                : RecomputeChoice::nothing());
}

void Trainer::set_compression(const act::CompressionOptions& options) {
  compression_ = std::make_unique<act::Compression>(options);
  own_tensors(*compression_, network());
}

StepFigures Trainer::step(const std::function<void()>& before_backward) {
  const auto start = std::chrono::steady_clock::now();
  StepFigures figures{.step = steps_done_ + 1, .epoch = steps_done_ / steps_per_epoch() + 1};
  figures.learning_rate = schedule_.rate(steps_done_);
  const auto& swap = options_.compression.swap;
  const auto swapped_before = swap ? swap->figures() : act::SwapFigures{};
  act::reset_allocator_peak();
  const auto batch = batches_.take(steps_done_);
  compression_->batch(batch.inputs);
  act::with_torch_errors(Error::Usage, [&] {
    if (adaptation_) {
      adaptation_->begin_step(figures.step, network().parameters(), *compression_, [&](std::uint32_t step) {
        const StateKeeper keeper(network());
        const auto guard = compression_->step(step);
        cross_entropy(network().forward(batch.inputs), batch.labels).backward();
      });
    }
    const auto guard = compression_->step(static_cast<std::uint32_t>(figures.step));
    const auto output = network().forward(batch.inputs);
    const auto loss = cross_entropy(output, batch.labels);
    figures.loss = loss.item<double>();
    if (!std::isfinite(figures.loss)) {
      throw core::training_diverged("step " + std::to_string(figures.step), figures.loss);
    }
    if (adaptation_) adaptation_->before_backward(output, loss, network().parameters(), *compression_);
    if (before_backward) before_backward();
    loss.backward();
  });
  if (adaptation_) figures.adaptation = adaptation_->end_step(figures.step, network().parameters(), *compression_);
  if (budget_) {
    figures.budget = {options_.budget, budget_->planned_peak(), budget_->plan().budget().tier};
    budget_->see(compression_->saved());
  }
  optimizer_.step(figures.learning_rate);
  optimizer_.clear_gradients();
  ++steps_done_;
  if (swap) {
    figures.swap = swap->figures();
    figures.swap->swapped_bytes -= swapped_before.swapped_bytes;
    figures.swap->wait_seconds -= swapped_before.wait_seconds;
  }
  figures.activation_bytes_exact = compression_->totals().exact_bytes;
  figures.activation_bytes_stored = compression_->totals().stored_bytes;
  figures.peak_allocated_bytes = act::allocator_figures().peak_bytes;
  figures.peak_resident_bytes = core::peak_resident_bytes();
  figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return figures;
}

Evaluation Trainer::evaluate() {
  return data_.evaluation ? train::evaluate(network(), *data_.evaluation, options_.batch) : Evaluation{};
}

void own_tensors(act::Compression& compression, const Network& network) {
  for (const auto& [name, tensor] : network.parameters()) compression.own(tensor, act::Reason::Parameter);
  for (const auto& [name, tensor] : network.buffers()) compression.own(tensor, act::Reason::Buffer);
  for (const auto& [name, tensor] : network.constants()) compression.own(tensor, act::Reason::Buffer);
}

StateKeeper::StateKeeper(Network& network) : generator_(generator_state()) {
  for (const auto& [name, buffer] : network.buffers()) buffers_.emplace_back(buffer, buffer.clone());
}

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
