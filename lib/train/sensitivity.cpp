#include "terse/train/sensitivity.hpp"

#include <cmath>

namespace terse::train {

namespace {

constexpr int kExactBits = 32;

class GradientProbe {
 public:
  explicit GradientProbe(Trainer& trainer)
      : trainer_(trainer), batch_(trainer.batches().take(trainer.steps_done())), generator_(generator_state()) {}

  /// Gradient of every parameter where the tensors in `bits_of` are stored so and all others exactly.
  std::vector<at::Tensor> gradient(const std::map<std::string, int>& bits_of, std::uint32_t draw) {
    set_generator_state(generator_);
    act::CompressionOptions options = trainer_.options().compression;
    options.level = act::Level::L1;  // any but L0, which looks at no bits
    options.bits = kExactBits;
    options.bits_of = bits_of;
    act::Compression compression(options);
    own_tensors(compression, trainer_.network());
    compression.batch(batch_.inputs);
    {
      const auto guard = compression.step(draw);
      cross_entropy(trainer_.network().forward(batch_.inputs), batch_.labels).backward();
    }
    std::vector<at::Tensor> gradients;
    for (const auto& [name, parameter] : trainer_.network().parameters()) gradients.push_back(parameter.grad());
    trainer_.optimizer().clear_gradients();
    return gradients;
  }

 private:
  Trainer& trainer_;
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

}  // namespace

std::vector<Sensitivity> exact_sensitivities(Trainer& trainer, const std::vector<std::string>& ids,
                                             const SensitivityOptions& options,
                                             const std::function<void(std::size_t)>& tick) {
  GradientProbe probe(trainer);
  const auto exact = probe.gradient({}, 0);
  const double levels = std::exp2(options.bits) - 1;
  const auto draws = static_cast<double>(options.draws);
  std::vector<Sensitivity> result;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (tick) tick(i);
    double sum = 0, squares = 0;
    for (std::uint32_t draw = 0; draw < options.draws; ++draw) {
      const double c = squared_distance(probe.gradient({{ids[i], options.bits}}, draw), exact) * levels * levels;
      sum += c;
      squares += c * c;
    }
    const double mean = sum / draws;
    const double variance = std::max(0.0, (squares - sum * mean) / std::max(1.0, draws - 1));
    result.push_back({mean, std::sqrt(variance / draws)});
  }
  return result;
}

}  // namespace terse::train
