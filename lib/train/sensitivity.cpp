#include "terse/train/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "terse/act/gradient_probe.hpp"
#include "terse/act/gradient_sketch.hpp"
#include "terse/act/output_gradient.hpp"
#include "terse/act/probe_schedule.hpp"

namespace terse::train {

namespace {

// A pass of fast_sensitivities() may take as long as its probes do, but not much more memory than a training step.
constexpr double kAnyCost = 1e9, kShareOfStored = 0.5;

class GradientProbe {
 public:
  GradientProbe(Trainer& trainer, const std::vector<std::string>& quantized)
      : trainer_(trainer), batch_(trainer.batches().take(trainer.steps_done())), generator_(generator_state()) {
    options_ = trainer.options().compression;
    options_.level = act::Level::L1;
    options_.bits = 0;
    for (const auto& id : quantized) options_.bits_of[id] = act::kKeptBits;
  }

  /// Gradient of every parameter where all tensors are stored without loss.
  std::vector<at::Tensor> exact_gradient() { return gradient(options_, 0); }

  /// The same where the tensor `id` is stored in `bits`.
  std::vector<at::Tensor> gradient_with(const std::string& id, int bits, std::uint32_t draw) {
    auto options = options_;
    options.bits_of[id] = bits;
    return gradient(options, draw);
  }

 private:
  std::vector<at::Tensor> gradient(const act::CompressionOptions& options, std::uint32_t draw) {
    act::Compression compression(options);
    set_generator_state(generator_);
    own_tensors(compression, trainer_.network());
    compression.batch(batch_.inputs);
    {
      const auto guard = compression.step(draw);
      cross_entropy(trainer_.network().forward(batch_.inputs), batch_.labels).backward();
    }
    std::vector<at::Tensor> gradients;
    std::set<const void*> seen;  // a tied parameter has several names
    for (const auto& [name, parameter] : trainer_.network().parameters()) {
      if (seen.insert(parameter.unsafeGetTensorImpl()).second) gradients.push_back(parameter.grad());
    }
    trainer_.optimizer().clear_gradients();
    return gradients;
  }

  Trainer& trainer_;
  act::CompressionOptions options_;
  Batch batch_;
  at::Tensor generator_;
};

double squared_distance(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined()) sum += (a[i] - b[i]).to(at::kDouble).square().sum().item<double>();
  }
  return sum;
}

/// The compression of which sensitivities are meant: every tensor that can be is rounded to 4 bits.
act::CompressionOptions at_level_1(const Trainer& trainer) {
  auto options = trainer.options().compression;
  options.level = act::Level::L1;
  options.bits = 0;
  return options;
}

}  // namespace

std::vector<Sensitivity> exact_sensitivities(Trainer& trainer, const std::vector<std::string>& ids,
                                             const SensitivityOptions& options,
                                             const std::function<void(std::size_t)>& tick) {
  GradientProbe probe(trainer, ids);
  const auto exact = probe.exact_gradient();
  const double levels = std::exp2(options.bits) - 1;
  const auto draws = static_cast<double>(options.draws);
  std::vector<Sensitivity> result;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (tick) tick(i);
    double sum = 0, squares = 0;
    for (std::uint32_t draw = 0; draw < options.draws; ++draw) {
      const double c = squared_distance(probe.gradient_with(ids[i], options.bits, draw), exact) * levels * levels;
      sum += c;
      squares += c * c;
    }
    const double mean = sum / draws;
    const double variance = std::max(0.0, (squares - sum * mean) / std::max(1.0, draws - 1));
    result.push_back({mean, std::sqrt(variance / draws)});
  }
  return result;
}

act::PrecisionTable fast_sensitivities(Trainer& trainer, std::uint64_t draws,
                                       const std::function<void(std::size_t, std::size_t)>& tick) {
  const Batch batch = trainer.batches().take(trainer.steps_done());
  act::Compression compression(at_level_1(trainer));
  own_tensors(compression, trainer.network());
  compression.batch(batch.inputs);
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : trainer.network().parameters()) parameters.push_back(parameter);

  act::PrecisionTable table;
  const auto pass = [&](const std::set<std::string>& ids) {
    const StateKeeper keeper(trainer.network());
    compression.probe(ids);
    const auto guard = compression.step();
    const auto loss = cross_entropy(trainer.network().forward(batch.inputs), batch.labels);
    act::GradientProbe probe(parameters, [&](const act::ProbeResult& result) {
      table.add_draw(result.id, result.sensitivity, act::probe_cost(result.reach, table.tensors().size()));
    });
    probe.attach(loss, compression.take_probes());
    loss.backward();
    trainer.optimizer().clear_gradients();
  };
  pass({});
  table.note(compression.saved());
  for (;;) {
    // PolicyTensor::probed counts the tensor's probes here, so that those with fewest come first.
    std::size_t ready = 0;
    for (const auto& tensor : table.tensors()) ready += tensor.probed >= draws;
    if (ready == table.tensors().size()) return table;
    if (tick) tick(ready, table.tensors().size());
    const auto group = act::next_probes(table, kAnyCost, kShareOfStored);
    pass(group.ids);
    for (auto& tensor : table.tensors()) tensor.probed += group.ids.contains(tensor.id) ? 1 : 0;
  }
}

double squared_output_gradient(Trainer& trainer) {
  const StateKeeper keeper(trainer.network());
  const Batch batch = trainer.batches().take(trainer.steps_done());
  const at::Tensor output = trainer.network().forward(batch.inputs).detach().requires_grad_();
  const auto gradient = act::OutputGradient::watch(output);
  cross_entropy(output, batch.labels).backward();
  return gradient->squared_norm();
}

act::VarianceFigures measure_variance(Trainer& trainer, const act::PrecisionTable& table, std::uint64_t draws) {
  act::Compression compression(at_level_1(trainer));
  own_tensors(compression, trainer.network());
  const std::uint64_t first = trainer.steps_done();
  const auto gradient = [&](std::uint64_t batch_of, std::uint32_t rounding) {
    const StateKeeper keeper(trainer.network());
    const Batch batch = trainer.batches().take(batch_of);
    compression.batch(batch.inputs);
    {
      const auto guard = compression.step(rounding);
      cross_entropy(trainer.network().forward(batch.inputs), batch.labels).backward();
    }
    act::GradientSketch sketch = act::sketch_gradient(trainer.network().parameters(), trainer.options().seed);
    trainer.optimizer().clear_gradients();
    return sketch;
  };
  act::VarianceFigures figures{.predicted = table.predicted_variance()};
  act::GradientSketch one = gradient(first, 0);
  double between = 0;
  for (std::uint32_t draw = 1; draw <= draws; ++draw) {
    act::GradientSketch other = gradient(first, draw);
    figures.measured += act::squared_distance(one, other) / 2 / static_cast<double>(draws);
    // The batch's own part: neighbours in the order of batches, so that each distance is of two independent ones.
    between += act::squared_distance(gradient(first + 2 * draw - 1, draw), gradient(first + 2 * draw, draw)) / 2;
    one = std::move(other);
  }
  figures.gradient = std::max(0.0, between / static_cast<double>(draws) - figures.measured);
  return figures;
}

}  // namespace terse::train
