#include "terse/act/probing/sensitivity_probes.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "terse/act/probing/gradient_probe.hpp"
#include "terse/act/probing/gradient_sketch.hpp"
#include "terse/act/probing/output_gradient.hpp"
#include "terse/act/probing/probe_schedule.hpp"
#include "terse/act/tensor/graph.hpp"

namespace terse::act {

namespace {

// A pass of fast_sensitivities() may take as long as its probes do, but not much more memory than a training step.
constexpr double kAnyCost = 1e9, kMostOfStored = 0.5;

class ExactGradients {
 public:
  ExactGradients(ProfiledRun& run, const std::vector<std::string>& quantized)
      : run_(run), options_(run.compression()), pass_(run.batch(0)) {
    options_.level = Level::L1;
    options_.bits = 0;
    for (const auto& id : quantized) options_.bits_of[id] = kKeptBits;
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
  std::vector<at::Tensor> gradient(const CompressionOptions& options, std::uint32_t draw) {
    const auto kept = run_.keep_state();
    Compression compression(options);
    run_.own(compression);
    compression.batch(pass_.inputs);
    {
      const auto guard = compression.step(draw);
      pass_.forward().loss.backward();
    }
    std::vector<at::Tensor> gradients;
    std::set<const void*> seen;  // a tied parameter has several names
    for (const auto& [name, parameter] : run_.parameters()) {
      if (seen.insert(parameter.unsafeGetTensorImpl()).second) gradients.push_back(parameter.grad());
    }
    run_.clear_gradients();
    return gradients;
  }

  ProfiledRun& run_;
  CompressionOptions options_;
  Pass pass_;
};

double squared_distance_of(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined()) sum += squared_norm(a[i] - b[i]);
  }
  return sum;
}

/// The compression of which sensitivities are meant: every tensor that can be is rounded to 4 bits.
CompressionOptions at_level_1(const ProfiledRun& run) {
  auto options = run.compression();
  options.level = Level::L1;
  options.bits = 0;
  return options;
}

}  // namespace

std::vector<MeasuredSensitivity> exact_sensitivities(ProfiledRun& run, const std::vector<std::string>& ids,
                                                     const SensitivityOptions& options,
                                                     const std::function<void(std::size_t)>& tick) {
  ExactGradients probe(run, ids);
  const auto exact = probe.exact_gradient();
  const double levels = std::exp2(options.bits) - 1;
  const auto draws = static_cast<double>(options.draws);
  std::vector<MeasuredSensitivity> result;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (tick) tick(i);
    double sum = 0, squares = 0;
    for (std::uint32_t draw = 0; draw < options.draws; ++draw) {
      const double c = squared_distance_of(probe.gradient_with(ids[i], options.bits, draw), exact) * levels * levels;
      sum += c;
      squares += c * c;
    }
    const double mean = sum / draws;
    const double variance = std::max(0.0, (squares - sum * mean) / std::max(1.0, draws - 1));
    result.push_back({mean, std::sqrt(variance / draws)});
  }
  return result;
}

PrecisionTable fast_sensitivities(ProfiledRun& run, std::uint64_t draws,
                                  const std::function<void(std::size_t, std::size_t)>& tick) {
  const Pass batch = run.batch(0);
  Compression compression(at_level_1(run));
  run.own(compression);
  compression.batch(batch.inputs);
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : run.parameters()) parameters.push_back(parameter);

  PrecisionTable table;
  const auto pass = [&](const std::set<std::string>& ids) {
    const auto kept = run.keep_state();
    compression.probe(ids);
    const auto guard = compression.step();
    const auto loss = batch.forward().loss;
    GradientProbe probe(parameters, [&](const ProbeResult& result) {
      table.add_draw(result.id, {result.sensitivity, result.passed, probe_cost(result.reach, table.tensors().size())});
    });
    probe.attach(loss, compression.take_probes());
    loss.backward();
    run.clear_gradients();
  };
  pass({});
  table.note(compression.saved());
  for (;;) {
    // PolicyTensor::probed counts the tensor's probes here, so that those with fewest come first.
    std::size_t ready = 0;
    for (const auto& tensor : table.tensors()) ready += tensor.probed >= draws;
    if (ready == table.tensors().size()) return table;
    if (tick) tick(ready, table.tensors().size());
    const auto group = next_probes(table, kAnyCost, kMostOfStored);
    pass(group.ids);
    for (auto& tensor : table.tensors()) tensor.probed += group.ids.contains(tensor.id) ? 1 : 0;
  }
}

double squared_output_gradient(ProfiledRun& run) {
  const auto kept = run.keep_state();
  const auto found = run.batch(0).forward();
  const auto gradient = OutputGradient::watch(found.output);
  found.loss.backward();
  run.clear_gradients();
  return gradient->squared_norm();
}

VarianceFigures measure_variance(ProfiledRun& run, const PrecisionTable& table, std::uint64_t draws) {
  Compression compression(at_level_1(run));
  run.own(compression);
  const auto gradient = [&](std::uint64_t ahead, std::uint32_t rounding) {
    const auto kept = run.keep_state();
    const Pass batch = run.batch(ahead);
    compression.batch(batch.inputs);
    {
      const auto guard = compression.step(rounding);
      batch.forward().loss.backward();
    }
    GradientSketch sketch = sketch_gradient(run.parameters(), run.seed());
    run.clear_gradients();
    return sketch;
  };
  VarianceFigures figures{.predicted = table.predicted_variance()};
  GradientSketch one = gradient(0, 0);
  double between = 0;
  for (std::uint32_t draw = 1; draw <= draws; ++draw) {
    GradientSketch other = gradient(0, draw);
    figures.measured += squared_distance(one, other) / 2 / static_cast<double>(draws);
    // The batch's own part: neighbours in the order of batches, so that each distance is of two independent ones.
    between += squared_distance(gradient(2 * draw - 1, draw), gradient(2 * draw, draw)) / 2;
    one = std::move(other);
  }
  figures.gradient = std::max(0.0, between / static_cast<double>(draws) - figures.measured);
  return figures;
}

}  // namespace terse::act
