#include "terse/act/probing/variance_check.hpp"

#include <algorithm>
#include <cstring>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

constexpr std::uint32_t kOtherRounding = 1u << 31;  // steps from here on are no training steps

formats::Value to_value(const GradientSketch& sketch) {
  const auto bytes = core::as_bytes(sketch.data(), sketch.size());
  return core::Bytes(bytes.begin(), bytes.end());
}

GradientSketch sketch_from(const formats::Value& value) {
  const core::Bytes& bytes = value.as_bytes();
  if (!bytes.empty() && bytes.size() != kSketchSize * sizeof(double)) {
    throw Error(Error::BadInput, "a sketch of " + std::to_string(bytes.size()) + " bytes");
  }
  GradientSketch sketch(bytes.size() / sizeof(double));
  if (!sketch.empty()) std::memcpy(sketch.data(), bytes.data(), bytes.size());
  return sketch;
}

}  // namespace

void VarianceCheck::draw(const NamedTensors& parameters, const GradientPass& pass, std::uint32_t step) {
  pass(step | kOtherRounding);
  other_ = sketch_gradient(parameters, seed_);
  for (const auto& [name, parameter] : parameters) at::Tensor(parameter).mutable_grad().reset();
}

std::optional<VarianceFigures> VarianceCheck::see_gradient(const NamedTensors& parameters, double predicted) {
  if (!under_way()) return std::nullopt;
  GradientSketch sketch = sketch_gradient(parameters, seed_);
  if (!other_.empty()) {
    figures_.predicted = predicted;
    figures_.measured = squared_distance(other_, sketch) / 2;
    other_.clear();
    first_ = std::move(sketch);
    return std::nullopt;
  }
  figures_.gradient = std::max(0.0, squared_distance(first_, sketch) / 2 - figures_.measured);
  first_.clear();
  return figures_;
}

formats::Value VarianceCheck::state() const {
  if (first_.empty()) return {};
  return formats::Value::Map{
      {"gradient", to_value(first_)}, {"predicted", figures_.predicted}, {"measured", figures_.measured}};
}

void VarianceCheck::restore(const formats::Value& state) {
  other_.clear();
  first_.clear();
  if (state.is_nil()) return;
  first_ = sketch_from(state.at("gradient"));
  figures_.predicted = state.at("predicted").as_double();
  figures_.measured = state.at("measured").as_double();
}

}  // namespace terse::act
