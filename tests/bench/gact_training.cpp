// Training with GACT as published (gact_control.hpp), for the accuracy that the library's levels are compared with:
//   gact_training MODEL DATA BATCH EPOCHS OPTIMIZER LR SCHEDULE AVERAGE_BITS SEED [WEIGHT_DECAY]
// Everything but the codec and its bits is the library's: the same batches, the same initial weights, the same dropout
// as act-train with that seed. Bits: for each tensor the squared distance of two gradients that differ in its random
// numbers alone (Algorithm 1 of GACT, ICML 2022, all others at 4 bits), every 1,000 steps; then from 8 bits down, at
// each step the tensor whose variance rises least by saved bit, until the average over the elements is met. Prints one
// line: seed, average bits, stored bytes, loss of the last step, accuracy.
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "gact_control.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/train/loop/trainer.hpp"

namespace {

using terse::bench::GactOptions;
using terse::bench::GactSink;
using terse::train::Trainer;

constexpr std::uint64_t kAdaptEvery = 1000;
constexpr int kProbeBits = 4;

double rounding_variance(int bits) { return std::pow(std::exp2(bits) - 1, -2); }

class Control {
 public:
  Control(Trainer& trainer, double average_bits) : trainer_(trainer), average_bits_(average_bits) {
    for (const auto& [name, tensor] : trainer.network().parameters()) owned_.add(tensor, terse::act::Reason::Parameter);
    for (const auto& [name, tensor] : trainer.network().buffers()) owned_.add(tensor, terse::act::Reason::Buffer);
    for (const auto& [name, tensor] : trainer.network().constants()) owned_.add(tensor, terse::act::Reason::Buffer);
  }

  /// One training step. @return  its loss
  double step(std::uint64_t step) {
    const auto batch = trainer_.batches().take(step);
    if (step % kAdaptEvery == 0) adapt(batch, step);
    const double loss = backward(batch, {.bits = kProbeBits, .seed = step << 1, .bits_of = bits_});
    if (!std::isfinite(loss)) throw terse::Error(terse::Error::Negative, "the loss is not finite");
    trainer_.optimizer().step(trainer_.schedule().schedule.rate(step));
    trainer_.optimizer().clear_gradients();
    return loss;
  }

  std::uint64_t stored_bytes() const { return figures_.stored_bytes; }
  double mean_bits() const {
    double bits = 0, elements = 0;
    for (std::size_t i = 0; i < bits_.size(); ++i) {
      bits += bits_[i] * double(figures_.elements[i]);
      elements += double(figures_.elements[i]);
    }
    return bits / elements;
  }

 private:
  double backward(const terse::train::Batch& batch, const GactOptions& options) {
    auto owned = owned_;
    for (const auto& tensor : batch.inputs) owned.add(tensor, terse::act::Reason::Batch);
    GactSink sink(options, owned);
    const at::Tensor loss = [&] {
      const terse::act::SinkScope scope(sink);
      return terse::train::cross_entropy(trainer_.network().forward(batch.inputs), batch.labels);
    }();
    loss.backward();
    figures_ = sink.figures();
    return loss.item<double>();
  }

  std::vector<at::Tensor> gradient(const terse::train::Batch& batch, const GactOptions& options) {
    const terse::train::StateKeeper keeper(trainer_.network());
    backward(batch, options);
    std::vector<at::Tensor> gradients;
    for (const auto& [name, parameter] : trainer_.network().parameters()) gradients.push_back(parameter.grad());
    trainer_.optimizer().clear_gradients();
    return gradients;
  }

  void adapt(const terse::train::Batch& batch, std::uint64_t step) {
    GactOptions options{.bits = kProbeBits, .seed = step << 1};
    const auto first = gradient(batch, options);
    const auto elements = figures_.elements;
    std::vector<double> sensitivity;
    for (std::size_t l = 0; l < elements.size(); ++l) {
      options.redrawn = static_cast<std::int64_t>(l);
      const auto second = gradient(batch, options);
      double distance = 0;
      for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i].defined()) distance += (first[i] - second[i]).to(at::kDouble).square().sum().item<double>();
      }
      sensitivity.push_back(distance / 2 / rounding_variance(kProbeBits));
    }
    allocate(sensitivity, elements);
  }

  void allocate(const std::vector<double>& sensitivity, const std::vector<std::uint64_t>& elements) {
    bits_.assign(elements.size(), 8);
    double all = 0;
    for (const auto count : elements) all += double(count);
    double total = 8 * all;
    while (total > average_bits_ * all) {
      std::size_t best = elements.size();
      double least = INFINITY;
      for (std::size_t l = 0; l < elements.size(); ++l) {
        if (bits_[l] == 1) continue;
        const double rise = sensitivity[l] * (rounding_variance(bits_[l] / 2) - rounding_variance(bits_[l])) /
                            (double(elements[l]) * (bits_[l] - bits_[l] / 2));
        if (rise < least) least = rise, best = l;
      }
      if (best == elements.size()) break;
      bits_[best] /= 2;
      total -= bits_[best] * double(elements[best]);
    }
  }

  Trainer& trainer_;
  double average_bits_;
  terse::act::OwnedTensors owned_;
  std::vector<int> bits_;
  terse::bench::GactFigures figures_;
};

int train(const std::vector<std::string>& arguments) {
  terse::act::install_allocator();
  terse::core::set_threads(1);
  terse::train::TrainOptions options;
  options.model = terse::train::parse_spec(arguments[0], "model");
  options.data = terse::train::parse_spec(arguments[1], "data");
  options.batch = std::stoll(arguments[2]);
  options.epochs = std::stoull(arguments[3]);
  options.optimizer.kind = terse::learn::optimizer_from_string(
      arguments[4], std::array{terse::learn::OptimizerKind::Sgd, terse::learn::OptimizerKind::Adam,
                               terse::learn::OptimizerKind::AdamW});
  options.learning_rate = std::stod(arguments[5]);
  options.schedule = terse::train::parse_spec(arguments[6], "schedule");
  options.seed = std::stoull(arguments[8]);
  if (arguments.size() > 9) options.optimizer.weight_decay = std::stod(arguments[9]);
  options.compression.level = terse::act::Level::L0;
  Trainer trainer(options);
  Control control(trainer, std::stod(arguments[7]));
  double loss = 0;
  const std::uint64_t steps = options.epochs * trainer.steps_per_epoch();
  for (std::uint64_t step = 0; step < steps; ++step) loss = control.step(step);
  std::printf("%s\t%.3f\t%llu\t%.4f\t%.4f\n", arguments[8].c_str(), control.mean_bits(),
              static_cast<unsigned long long>(control.stored_bytes()), loss, trainer.evaluate().accuracy);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 10) {
    std::fputs("usage: gact_training MODEL DATA BATCH EPOCHS OPTIMIZER LR SCHEDULE AVERAGE_BITS SEED [WEIGHT_DECAY]\n",
               stderr);
    return 64;
  }
  try {
    return train(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const terse::Error& error) {
    std::fprintf(stderr, "gact_training: %s\n", error.what());
    return error.exit_code();
  }
}
