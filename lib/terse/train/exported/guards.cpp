#include "terse/train/exported/guards.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "terse/core/error.hpp"

namespace terse::train::exported {

namespace {

using torch::jit::Stack;

/// No window of a real network is as long, and three such factors still fit 64 bits.
constexpr std::int64_t kLongestExtent = std::int64_t{1} << 20;

constexpr std::array<std::string_view, 9> kExtents = {"kernel_size",    "stride",         "padding",
                                                      "dilation",       "groups",         "num_groups",
                                                      "output_padding", "upscale_factor", "downscale_factor"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The integers of a value, of a list or by themselves; a symbolic one is a number by now.
std::vector<std::int64_t> integers_of(const c10::IValue& value) {
  if (value.isInt()) return {value.toInt()};
  if (value.isIntList()) return value.toIntVector();
  return {};
}

std::vector<double> reals_of(const c10::IValue& value) {
  if (value.isDouble()) return {value.toDouble()};
  if (value.isInt()) return {static_cast<double>(value.toInt())};
  if (value.isDoubleList()) return value.toDoubleVector();
  return {};
}

/// The least number of a signed integer type; nullopt for other types.
std::optional<std::int64_t> least_of(at::ScalarType type) {
  switch (type) {
    case at::kChar:
      return std::numeric_limits<std::int8_t>::min();
    case at::kShort:
      return std::numeric_limits<std::int16_t>::min();
    case at::kInt:
      return std::numeric_limits<std::int32_t>::min();
    case at::kLong:
      return std::numeric_limits<std::int64_t>::min();
    default:
      return std::nullopt;
  }
}

bool holds(const at::Tensor& tensor, std::int64_t number) {
  return tensor.numel() > 0 && tensor.eq(at::Scalar(number)).any().item<bool>();
}

}  // namespace

Guards::Guards(const c10::FunctionSchema& schema) {
  const auto& arguments = schema.arguments();
  const auto has = [&](std::string_view name) { return schema.argumentIndexWithName(std::string(name)).has_value(); };
  // A stride beside a storage offset or a size is a tensor's, which LibTorch checks against its memory.
  const bool has_stride = has("stride");
  const bool has_window = has("kernel_size") || has("padding") || has("dilation");
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i].name();
    const bool is_extent = is_one_of(name, kExtents) && (name != "stride" || has_window);
    if (is_extent) extents_.emplace_back(i, name);
    // "int[2]": one element for each of two dimensions. A schema's "int[1]" is any number of them; of a window's, one
    // may stand for all. Callers that are compiled cannot pass another number, so that some kernels do not look.
    const auto length = arguments[i].N();
    if (length && *length >= 2) lists_.push_back({i, name, static_cast<std::size_t>(*length), is_extent && has_stride});
    if (name.starts_with("scale") && has("output_size")) scales_.emplace_back(i, name);
    if (name == "output_size") output_size_ = i;
  }
  constexpr std::array<std::string_view, 5> kDivisions = {"div", "divide", "floor_divide", "remainder", "fmod"};
  std::string_view op = schema.name();
  op.remove_prefix(std::min(op.size(), op.find("::") + 2));
  if (op.ends_with('_')) op.remove_suffix(1);
  divides_ = is_one_of(op, kDivisions) && arguments.size() >= 2;
}

void Guards::check(const Stack& stack) const {
  const at::NoGradGuard no_grad;
  if (!lists_.empty()) check_lists(stack);
  if (!extents_.empty()) check_extents(stack);
  if (divides_) check_division(stack);
  if (!scales_.empty()) check_scales(stack);
}

void Guards::check_lists(const Stack& stack) const {
  for (const FixedList& list : lists_) {
    const c10::IValue& value = stack.at(list.place);
    if (!value.isList()) continue;
    const std::size_t length = value.toListRef().size();
    if (length == list.length || (list.may_be_short && length < 2)) continue;
    throw Error(Error::BadInput,
                list.name + " has " + std::to_string(length) + " elements, not " + std::to_string(list.length));
  }
}

void Guards::check_extents(const Stack& stack) const {
  for (const auto& [place, name] : extents_) {
    for (const std::int64_t extent : integers_of(stack.at(place))) {
      if (extent < -kLongestExtent || extent > kLongestExtent) {
        throw Error(Error::BadInput, name + " of " + std::to_string(extent) + " is out of range");
      }
    }
  }
}

/// The least integer divided by -1 is no integer of its type: the processor stops the program.
void Guards::check_division(const Stack& stack) const {
  const auto as_tensor = [](const c10::IValue& value) {
    if (value.isTensor()) return value.toTensor();
    return value.isInt() ? at::scalar_tensor(value.toInt(), at::kLong) : at::Tensor();
  };
  const at::Tensor dividend = as_tensor(stack.at(0)), divisor = as_tensor(stack.at(1));
  if (!dividend.defined() || !divisor.defined() || !at::isIntegralType(divisor.scalar_type(), false)) return;
  const auto least = least_of(dividend.scalar_type());
  if (least && holds(divisor, -1) && holds(dividend, *least)) {
    throw Error(Error::BadInput, "the least integer divided by -1 is no integer");
  }
}

/// A scale says how far apart the output's elements lie in the input: one that does not fit the sizes reads elsewhere.
void Guards::check_scales(const Stack& stack) const {
  if (!stack.at(0).isTensor()) return;
  const at::Tensor input = stack[0].toTensor();
  std::vector<double> scales;
  for (const auto& [place, name] : scales_) {
    const auto some = reals_of(stack.at(place));
    scales.insert(scales.end(), some.begin(), some.end());
  }
  if (scales.empty() || !input.defined()) return;
  for (const double scale : scales) {
    if (!(scale > 0) || !std::isfinite(scale)) {
      throw Error(Error::BadInput, "a scale of " + std::to_string(scale));
    }
  }
  const auto sizes = integers_of(stack.at(*output_size_));
  const auto spatial = static_cast<std::int64_t>(scales.size());
  if (static_cast<std::int64_t>(sizes.size()) != spatial || input.dim() < spatial) return;
  // One scale a dimension, the last ones of the input. Rounding of a scale moves the size by one at most.
  for (std::int64_t d = 0; d < spatial; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t from = input.size(input.dim() - spatial + d), to = sizes[i];
    if (std::fabs(static_cast<double>(from) * scales[i] - static_cast<double>(to)) > 1) {
      throw Error(Error::BadInput, "a scale of " + std::to_string(scales[i]) + " does not make " + std::to_string(to) +
                                       " elements of " + std::to_string(from));
    }
  }
}

}  // namespace terse::train::exported
