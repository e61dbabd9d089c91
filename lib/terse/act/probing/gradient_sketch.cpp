#include "terse/act/probing/gradient_sketch.hpp"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "terse/act/tensor/graph.hpp"
#include "terse/core/philox.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kWordBits = 32;

/// Adds up to 32 elements to as many sums, each with the sign that its bit of `signs` says.
void fold(const float* values, std::size_t count, std::uint32_t signs, double* sums) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto flipped = std::bit_cast<std::uint32_t>(values[i]) ^ ((signs >> i) << 31);
    sums[i] += static_cast<double>(std::bit_cast<float>(flipped));
  }
}

void fold(const at::Tensor& gradient, const core::RandomKey& key, GradientSketch& sketch) {
  const at::Tensor dense = real_parts(gradient.detach()).to(at::kFloat).contiguous();
  const auto* values = dense.const_data_ptr<float>();
  const auto count = static_cast<std::size_t>(dense.numel());
  for (std::size_t begin = 0; begin < count; begin += 4 * kWordBits) {
    const auto words = core::random_block(key, begin / (4 * kWordBits));
    for (std::size_t w = 0; w < 4 && begin + w * kWordBits < count; ++w) {
      const std::size_t at = begin + w * kWordBits;
      fold(values + at, std::min(kWordBits, count - at), words[w], sketch.data() + at % kSketchSize);
    }
  }
}

}  // namespace

GradientSketch sketch_gradient(const NamedTensors& parameters, std::uint64_t seed) {
  GradientSketch sketch(kSketchSize);
  std::unordered_set<const void*> seen;
  for (const auto& [name, parameter] : parameters) {
    if (!parameter.grad().defined() || !seen.insert(parameter.unsafeGetTensorImpl()).second) continue;
    fold(parameter.grad(), {seed, core::stream_of(("sketch/" + name).c_str()), 0}, sketch);
  }
  return sketch;
}

double squared_distance(const GradientSketch& a, const GradientSketch& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace terse::act
