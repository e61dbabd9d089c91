// Variance of the reconstruction against stored bytes, per element, for tensors of the shapes that training
// saves. The last columns say what more an ideal entropy coder of the codes could save: their order-0 entropy
// with the scales. Usage: quant_error_bench [ELEMENTS]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/quant/codec.hpp"

using namespace terse;

namespace {

struct Tensor {
  std::string name;
  std::vector<float> x;
};

/// Normal numbers; after ReLU; a convolution's channels, each with its mean; rows of a softmax over 128;
/// GELU-like tails.
std::vector<Tensor> tensors(std::size_t count) {
  core::RandomSequence random({11, 12, 13});
  std::vector<Tensor> all{{"normal", {}}, {"relu", {}}, {"channels", {}}, {"softmax", {}}, {"heavy_tails", {}}};
  for (auto& tensor : all) tensor.x.resize(count);
  double mean = 0, deviation = 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 1024 == 0) mean = 2 * random.normal(), deviation = std::exp2(random.normal());
    const double z = random.normal();
    all[0].x[i] = static_cast<float>(z);
    all[1].x[i] = static_cast<float>(std::fmax(z, 0));
    all[2].x[i] = static_cast<float>(mean + deviation * z);
    all[3].x[i] = static_cast<float>(std::exp(2 * random.normal()));
    all[4].x[i] = static_cast<float>(z * std::exp(random.normal()));
  }
  for (std::size_t row = 0; row + 128 <= count; row += 128) {
    double sum = 0;
    for (std::size_t i = 0; i < 128; ++i) sum += static_cast<double>(all[3].x[row + i]);
    for (std::size_t i = 0; i < 128; ++i) all[3].x[row + i] /= static_cast<float>(sum);
  }
  return all;
}

/// Order-0 entropy of round((value - least) / step) in a group, in bits an element, over the whole tensor.
double code_entropy(const std::vector<float>& values, std::size_t group, int levels) {
  std::vector<double> counts(static_cast<std::size_t>(levels), 0);
  for (std::size_t begin = 0; begin < values.size(); begin += group) {
    const std::size_t end = std::min(values.size(), begin + group);
    float low = values[begin], high = low;
    for (std::size_t i = begin; i < end; ++i) low = std::min(low, values[i]), high = std::max(high, values[i]);
    for (std::size_t i = begin; i < end; ++i) {
      const float place = high > low ? (values[i] - low) / (high - low) * static_cast<float>(levels - 1) : 0;
      counts[static_cast<std::size_t>(std::lround(place))] += 1;
    }
  }
  double bits = 0;
  for (const double count : counts) {
    const double p = count / static_cast<double>(values.size());
    if (p > 0) bits -= p * std::log2(p);
  }
  return bits;
}

void report(const Tensor& tensor, int levels, std::uint32_t group, bool wide) {
  quant::Layout layout;
  layout.codec = quant::Codec::Affine;
  layout.count = tensor.x.size();
  layout.levels = static_cast<std::uint16_t>(levels);
  layout.group = group;
  layout.wide_scales = wide;
  std::vector<std::byte> payload(quant::payload_bytes(layout)), metadata(quant::metadata_bytes(layout));
  std::vector<float> back(tensor.x.size());
  quant::encode(tensor.x.data(), layout, {1, 2, 3}, payload, metadata);
  quant::decode(layout, payload, metadata, back.data());
  double error = 0, mean = 0, square = 0;
  const double count = static_cast<double>(tensor.x.size());
  for (std::size_t i = 0; i < tensor.x.size(); ++i) {
    const double x = static_cast<double>(tensor.x[i]), e = static_cast<double>(back[i]) - x;
    error += e * e / count;
    mean += x / count;
    square += x * x / count;
  }
  const double stored = 8 * static_cast<double>(payload.size() + metadata.size()) / count;
  const double entropy = code_entropy(back, group, levels) + 8 * static_cast<double>(metadata.size()) / count;
  std::printf("%s\t%d\t%u\t%s\t%.3f\t%.4g\t%.3f\n", tensor.name.c_str(), levels, group, wide ? "float32" : "bfloat16",
              stored, error / (square - mean * mean), entropy);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1 << 20;
  std::puts("#tensor\tlevels\tgroup\tscales\tstored_bits\trelative_variance\tentropy_bits");
  for (const Tensor& tensor : tensors(count)) {
    for (const int levels : {2, 3, 4, 5, 6, 7, 9, 11, 16, 23, 40, 84, 256}) report(tensor, levels, 256, false);
    for (const std::uint32_t group : {64u, 128u, 512u}) report(tensor, 16, group, false);
    report(tensor, 16, 256, true);
  }
}
