#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "terse/learn/compressed_training.hpp"
#include "terse/learn/optimizer.hpp"
#include "terse/train/data/batch_stream.hpp"
#include "terse/train/data/data.hpp"
#include "terse/train/loop/evaluate.hpp"
#include "terse/train/loop/schedule_spec.hpp"
#include "terse/train/networks/make_network.hpp"

namespace terse::train {

/// What shapes a training run. Everything here but `trust_model` goes into checkpoints.
struct TrainOptions {
  Spec model, data;
  bool trust_model = false;
  std::int64_t batch = 64;
  std::uint64_t epochs = 1;
  std::uint64_t steps = 0;  ///< not 0: in place of epochs
  learn::OptimizerOptions optimizer;
  double learning_rate = 0;  ///< 0: the optimizer's default
  Spec schedule = {.what = "schedule", .name = "constant"};
  std::uint64_t warmup = 0;                                          ///< steps
  learn::CompressionChoice compression = {.level = act::Level::L1};  ///< its seed is this one's
  std::string recompute = {};  ///< parts that run again in the backward pass (RecomputeChoice); "": none. Under a
                               ///< budget, that may; "": blocks
  int recompute_slices = 1;    ///< of the batch, in which these parts run one after the other
  std::uint64_t seed = 1;      ///< of batches, parameters, dropout and rounding
};

/// Learning rate where none is given: 0.05 for SGD, 0.001 for Adam and AdamW.
double default_learning_rate(learn::OptimizerKind kind);

/// What one step did and took.
struct StepFigures {
  std::uint64_t step = 0;   ///< from 1
  std::uint64_t epoch = 0;  ///< from 1
  double loss = 0;          ///< mean cross entropy of the batch, nats
  double learning_rate = 0;
  std::uint64_t peak_allocated_bytes = 0;   ///< of CPU tensors within the step; 0 without install_allocator()
  std::uint64_t peak_resident_bytes = 0;    ///< of the process since its start
  double seconds = 0;                       ///< batch, forward, backward and update
  learn::StepCompression compression = {};  ///< what its passes took
};

/// A training run that advances step by step.
class Trainer {
 public:
  /// Reads the data, builds the network and seeds LibTorch's default generator; sets LibTorch's thread count to
  /// core::threads() and flush-denormal on this thread, before LibTorch starts its own.
  explicit Trainer(const TrainOptions& options);
  ~Trainer();

  /// Forward, backward and update on the next batch.
  /// @param before_backward  called between forward and backward where not empty
  /// @throws Error::Negative where the loss is not finite
  StepFigures step(const std::function<void()>& before_backward = {});
  /// Says now what evaluate() would say after the training, of a network whose code is the user's.
  /// @throws Error::BadInput, Error::Usage
  void try_evaluation();
  Evaluation evaluate();

  std::uint64_t steps_done() const { return steps_done_; }
  std::uint64_t steps_total() const { return steps_total_; }
  std::uint64_t steps_per_epoch() const { return batches_.steps_per_epoch(); }
  bool finished() const { return steps_done_ >= steps_total_; }
  /// Continues as if `steps` steps had been done; the tensors are the caller's to restore.
  void set_steps_done(std::uint64_t steps) { steps_done_ = steps; }

  const TrainOptions& options() const { return options_; }
  const Data& data() const { return data_; }
  const MadeNetwork& made() const { return made_; }
  Network& network() { return *made_.network; }
  learn::Optimizer& optimizer() { return optimizer_; }
  const NamedSchedule& schedule() const { return schedule_; }
  BatchStream& batches() { return batches_; }
  /// How steps are compressed: level, bits, budget and second tier. With a budget, CompressedTraining::plan_budget() is
  /// to be called before the first step, after a checkpoint's precision was taken in.
  learn::CompressedTraining& compressed() { return *compressed_; }
  act::Compression& compression() { return compressed_->compression(); }

 private:
  class Loop;

  TrainOptions options_;
  Data data_;
  MadeNetwork made_;
  BatchStream batches_;
  learn::Optimizer optimizer_;
  std::uint64_t steps_total_;
  NamedSchedule schedule_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<learn::CompressedTraining> compressed_;
  std::uint64_t steps_done_ = 0;
};

/// Tensors of a network that live anyway and are no parameters.
NamedTensors lasting_tensors(const Network& network);

/// Puts the network's buffers (batch statistics) and LibTorch's default generator back to where they were when it was
/// made: around passes that are no training steps.
class StateKeeper {
 public:
  explicit StateKeeper(Network& network);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;  // and what they held
  at::Tensor generator_;
};

/// State of LibTorch's default CPU generator (dropout, initial parameters) as bytes, and back.
at::Tensor generator_state();
void set_generator_state(const at::Tensor& state);

}  // namespace terse::train
