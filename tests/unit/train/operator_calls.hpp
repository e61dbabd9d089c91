#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/core/philox.hpp"
#include "terse/train/exported/kernels.hpp"
#include "terse/train/exported/operators.hpp"

namespace terse::train::test {

/// An overload that an exported program may name.
struct AllowedOperator {
  std::string text;  ///< "aten::add.Tensor"
  c10::OperatorHandle handle;
  const exported::Kernels* kernels;
  exported::Guards guards;

  std::string_view name() const { return handle.operator_name().name; }
};

/// All of them but those that write to an `out` argument, sorted.
inline std::vector<AllowedOperator> allowed_operators() {
  std::vector<AllowedOperator> found;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (!exported::is_allowed({name.name, name.overload_name})) continue;
    const auto handle = c10::Dispatcher::singleton().findSchema({name.name, name.overload_name});
    if (!handle) continue;
    const auto& arguments = handle->schema().arguments();
    if (std::any_of(arguments.begin(), arguments.end(), [](const c10::Argument& one) { return one.is_out(); }))
      continue;
    const std::string text = name.name + (name.overload_name.empty() ? "" : "." + name.overload_name);
    found.push_back(
        {text, *handle, exported::find_kernels(name.name, name.overload_name), exported::Guards(handle->schema())});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
  return found;
}

/// A trainable argument: a function of `data` times a weight, of which the gradient is asked for.
struct Trainable {
  at::Tensor data;   ///< [rows, features]
  at::Tensor slope;  ///< [rows, columns] of the argument by the product
  at::Tensor leaf;   ///< the argument, [rows, columns] in its own shape

  /// The weight's gradient from that of the argument. [features, columns]
  at::Tensor gradient() const {
    const at::Tensor at_leaf = leaf.grad().reshape(slope.sizes()).to(at::kDouble);
    return data.t().mm(at_leaf * slope);
  }
};

/// A call's arguments as a network would give them: shapes that fit together, numbers of common sizes, and trainable
/// tensors wherever the schema takes one of floating point. What an argument is for is told by its name and type; all
/// dimensions of a call are of one length, so that most operators' demands on shapes are met by chance.
class PlausibleCall {
 public:
  PlausibleCall(const AllowedOperator& op, std::uint64_t seed, std::uint32_t number)
      : random_({seed, core::stream_of(op.text.c_str()), number}) {
    static constexpr std::int64_t kRanks[] = {1, 2, 2, 2, 3, 3, 4, 4, 4, 5};
    rank_ = kRanks[random_.below(std::size(kRanks))];
    side_ = one_in(10) ? 3 : rank_ <= 2 ? 16 : rank_ == 3 ? 8 : rank_ == 4 ? 6 : 4;
    mood_ = random_.below(8);
    integers_ = one_in(12);
    spread_ = std::vector{0.3, 1.0, 3.0, 10.0}[random_.below(4)];
    if (is_recurrent(op.name())) {
      recurrent(op);
      return;
    }
    for (const c10::Argument& argument : op.handle.schema().arguments()) {
      const bool by_default = argument.default_value().has_value() && !one_in(3);
      stack.push_back(by_default ? *argument.default_value() : value(argument.name(), argument.type(), argument.N()));
    }
  }

  torch::jit::Stack stack;
  std::vector<Trainable> trainables;

 private:
  static bool is_recurrent(std::string_view name) {
    return name == "aten::lstm" || name == "aten::gru" || name == "aten::rnn_tanh" || name == "aten::rnn_relu";
  }

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }

  at::Tensor normal(const std::vector<std::int64_t>& sizes) {
    at::Tensor made = at::empty(sizes, at::kDouble);
    double* data = made.data_ptr<double>();
    for (std::int64_t i = 0; i < made.numel(); ++i) data[i] = random_.normal();
    return made;
  }

  at::Tensor whole(const std::vector<std::int64_t>& sizes, std::int64_t end) {
    at::Tensor made = at::empty(sizes, at::kLong);
    std::int64_t* data = made.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < made.numel(); ++i) data[i] = static_cast<std::int64_t>(random_.below(end));
    return made;
  }

  at::Tensor trainable(const std::vector<std::int64_t>& sizes, std::uint64_t mood, double spread) {
    constexpr std::int64_t kFeatures = 4;
    const at::Tensor like = at::empty(sizes, at::kFloat);
    const std::int64_t columns = sizes.empty() ? 1 : sizes.back(),
                       rows = like.numel() / std::max<std::int64_t>(1, columns);
    Trainable made;
    made.data = normal({rows, kFeatures});
    const at::Tensor product = made.data.mm(normal({kFeatures, columns})) / 2;
    at::Tensor x;
    switch (mood) {
      case 0:  // between zero and one
        x = product.sigmoid();
        made.slope = x * (1 - x);
        break;
      case 1:  // positive
        x = product.mul(0.5).exp();
        made.slope = x / 2;
        break;
      case 2:  // above one
        made.slope = product.mul(0.5).exp() / 2;
        x = made.slope * 2 + 1;
        break;
      case 3:  // with zeros
        x = product.clamp_min(0) * spread;
        made.slope = product.gt(0).to(at::kDouble) * spread;
        break;
      default:
        x = product * spread;
        made.slope = at::full_like(product, spread);
    }
    made.leaf = x.to(at::kFloat).reshape(sizes).contiguous().requires_grad_();
    trainables.push_back(made);
    return made.leaf;
  }

  std::vector<std::int64_t> shape(std::string_view name) {
    std::int64_t rank = rank_;
    if (seen_ && one_in(3)) rank = 1 + static_cast<std::int64_t>(random_.below(5));
    if (name == "weight" && rank >= 3 && one_in(2)) {
      std::vector<std::int64_t> kernel(rank, 3);
      kernel[0] = kernel[1] = side_;
      return kernel;
    }
    if (name == "grid") {
      std::vector<std::int64_t> sizes(rank_, side_);
      sizes.back() = rank_ - 2;
      return sizes;
    }
    if (name == "theta") return {side_, 2, 3};
    if (name.starts_with("vec")) return {side_};
    if (name.starts_with("batch")) return {side_, side_, side_};
    if (name == "start" || (name == "end" && one_in(3))) return {};
    if (name == "value" && one_in(2)) return {};
    if (seen_ && (name == "bias" || name == "running_mean" || name == "running_var" || (name == "weight" && one_in(2))))
      return {side_};
    seen_ = true;
    return std::vector<std::int64_t>(rank, side_);
  }

  at::Tensor tensor(std::string_view name) {
    const auto sizes = shape(name);
    if (name == "index" || name == "indices" || name == "repeats" || name == "sorter" ||
        (name == "target" && one_in(2)))
      return whole(sizes, name == "repeats" ? 3 : side_);
    if (name == "mask" || name == "condition") return normal(sizes).gt(0);
    if (name == "running_mean") return normal(sizes).to(at::kFloat);
    if (name == "running_var") return normal(sizes).square().add(0.1).to(at::kFloat);
    if (name == "target")
      return one_in(2) ? normal(sizes).sgn().to(at::kFloat) : normal(sizes).sigmoid().to(at::kFloat);
    if (name == "attn_mask") return normal(sizes).gt(0);
    if (integers_) return whole(sizes, side_);
    if (name == "grid") return trainable(sizes, 4, 0.3);
    // The same tensor twice, now and then.
    for (const Trainable& one : trainables) {
      if (one_in(8) && one.leaf.sizes() == sizes) return one.leaf;
    }
    // Factors beside a wide argument are of common size.
    return trainable(sizes, mood_, trainables.empty() ? spread_ : std::min(spread_, 1.0));
  }

  std::int64_t integer(std::string_view name) {
    static const std::map<std::string_view, std::int64_t> kKnown = {{"N", 0},
                                                                    {"C", 0},
                                                                    {"HxW", 0},
                                                                    {"group", 2},
                                                                    {"groups", 1},
                                                                    {"num_groups", 2},
                                                                    {"k", 2},
                                                                    {"chunks", 2},
                                                                    {"sections", 2},
                                                                    {"upscale_factor", 2},
                                                                    {"downscale_factor", 2},
                                                                    {"length", 2},
                                                                    {"start", 0},
                                                                    {"index", 1},
                                                                    {"step", 1},
                                                                    {"end", 3},
                                                                    {"n_fft", 4},
                                                                    {"num_classes", 16},
                                                                    {"size", 2},
                                                                    {"split_size", 2},
                                                                    {"repeats", 2},
                                                                    {"correction", 1},
                                                                    {"divisor_override", 3},
                                                                    {"n", 4},
                                                                    {"padding_idx", -1},
                                                                    {"decimals", 1},
                                                                    {"hop_length", 2},
                                                                    {"win_length", 4},
                                                                    {"num_samples", 2},
                                                                    {"unroll_dim", 0}};
    std::int64_t plane = 1;
    for (std::int64_t i = 2; i < rank_; ++i) plane *= side_;
    if (name == "N" || name == "C") return side_;
    if (name == "HxW") return plane;
    if (const auto known = kKnown.find(name); known != kKnown.end()) return known->second;
    if (name == "reduction" || name.ends_with("_mode")) return static_cast<std::int64_t>(random_.below(3));
    return static_cast<std::int64_t>(random_.below(rank_ + 1)) - 1;  // a dimension
  }

  double real(std::string_view name) {
    static const std::map<std::string_view, std::vector<double>> kKnown = {{"eps", {1e-5}},
                                                                           {"alpha", {0.5, 1, 1.5}},
                                                                           {"beta", {0.5, 1, 2}},
                                                                           {"p", {0.3, 0.5}},
                                                                           {"lambd", {0.5}},
                                                                           {"threshold", {0.1, 20}},
                                                                           {"min", {-0.5}},
                                                                           {"max", {0.5}},
                                                                           {"min_val", {-0.5}},
                                                                           {"max_val", {0.5}},
                                                                           {"exponent", {2, 3, 4, 0.5, -1, 1.5}},
                                                                           {"negative_slope", {0.1}},
                                                                           {"lower", {0.1}},
                                                                           {"upper", {0.3}},
                                                                           {"ord", {2, 1, 3}},
                                                                           {"maxnorm", {1}},
                                                                           {"std", {1}},
                                                                           {"delta", {0.5}},
                                                                           {"margin", {0.5, 1}},
                                                                           {"q", {0.4}},
                                                                           {"scale", {0.5, 1}},
                                                                           {"input_scale", {0.5, 1, 2}},
                                                                           {"dropout_p", {0}},
                                                                           {"momentum", {0.1}}};
    if (const auto known = kKnown.find(name); known != kKnown.end()) {
      return known->second[random_.below(known->second.size())];
    }
    return 0.5 + random_.uniform();
  }

  std::vector<std::int64_t> integers(std::string_view name, std::size_t length) {
    const auto same = [&](std::size_t n, std::int64_t one) { return std::vector<std::int64_t>(n, one); };
    if (name == "kernel_size") return same(length, 2 + static_cast<std::int64_t>(random_.below(2)));
    if (name == "stride") return same(length, 1 + static_cast<std::int64_t>(random_.below(2)));
    if (name == "padding" || name == "pad") return same(length, static_cast<std::int64_t>(random_.below(2)));
    if (name == "dilation") return same(length, 1);
    if (name == "output_padding" || name.starts_with("expand") || name == "sumdim") return same(length, 0);
    if (name == "output_size") return same(length, 3);
    if (name == "normalized_shape") return same(1 + random_.below(2), side_);
    if (name == "dims" || name == "dim" || name.starts_with("dims_")) {
      std::vector<std::int64_t> order(name == "dims" ? static_cast<std::size_t>(rank_) : 1 + random_.below(2));
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
      std::reverse(order.begin(), order.end());
      return order;
    }
    if (name == "source" || name == "destination") return {static_cast<std::int64_t>(random_.below(rank_))};
    if (name == "split_sizes" || name == "indices") return {2, side_ - 2};
    if (name == "sizes") return {2, side_ / 2};
    if (name == "repeats") return same(static_cast<std::size_t>(rank_), 2);
    if (name == "shifts") return {2};
    if (name == "s") return same(2, side_);
    return same(static_cast<std::size_t>(rank_), side_);  // a size
  }

  std::string word(std::string_view name) {
    static const std::map<std::string_view, std::vector<std::string>> kKnown = {
        {"reduce", {"sum", "prod", "amax", "amin", "mean", "add", "multiply"}},
        {"approximate", {"none", "tanh"}},
        {"padding", {"same", "valid"}},
        {"interpolation", {"linear", "lower", "midpoint"}},
        {"indexing", {"ij"}},
        {"rounding_mode", {"floor", "trunc"}},
        {"mode", {"constant", "reflect", "replicate", "circular"}},
        {"pad_mode", {"reflect"}},
        {"ord", {"fro", "nuc"}},
        {"norm", {"ortho"}},
        {"equation", {"ij,jk->ik", "bij,bjk->bik"}}};
    const auto known = kKnown.find(name);
    return known == kKnown.end() ? "none" : known->second[random_.below(known->second.size())];
  }

  c10::IValue value(std::string_view name, const c10::TypePtr& type, std::optional<std::int32_t> fixed) {
    switch (type->kind()) {
      case c10::TypeKind::OptionalType: {
        static constexpr std::string_view kNone[] = {"dtype",         "layout",    "device", "pin_memory",
                                                     "memory_format", "generator", "path",   "names"};
        if (std::find(std::begin(kNone), std::end(kNone), name) != std::end(kNone) || one_in(2)) return {};
        return value(name, type->castRaw<c10::OptionalType>()->getElementType(), fixed);
      }
      case c10::TypeKind::TensorType:
        return tensor(name);
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        if (name == "dtype" || name == "out_dtype") return static_cast<std::int64_t>(at::kFloat);
        if (name == "layout" || name == "memory_format") return std::int64_t{0};
        return integer(name);
      case c10::TypeKind::FloatType:
      case c10::TypeKind::SymFloatType:
      case c10::TypeKind::NumberType:
        return real(name);
      case c10::TypeKind::BoolType:
      case c10::TypeKind::SymBoolType:
        return name == "training" || name == "train" || name == "use_input_stats" || one_in(2);
      case c10::TypeKind::ScalarTypeType:
        return static_cast<std::int64_t>(at::kFloat);
      case c10::TypeKind::LayoutType:
      case c10::TypeKind::MemoryFormatType:
        return std::int64_t{0};
      case c10::TypeKind::DeviceObjType:
        return c10::Device(c10::kCPU);
      case c10::TypeKind::StringType:
        return word(name);
      case c10::TypeKind::ListType:
        return list(name, *type->castRaw<c10::ListType>(), fixed);
      default:
        return {};
    }
  }

  c10::IValue list(std::string_view name, const c10::ListType& type, std::optional<std::int32_t> fixed) {
    const c10::TypePtr element = type.getElementType();
    const std::size_t spatial = static_cast<std::size_t>(std::max<std::int64_t>(1, rank_ - 2));
    const std::size_t length = fixed && *fixed > 1 ? static_cast<std::size_t>(*fixed) : name == "pad" ? 2 : spatial;
    switch (element->kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        return integers(name, length);
      case c10::TypeKind::FloatType:
        return std::vector<double>(length, 1.5);
      case c10::TypeKind::TensorType: {
        std::vector<at::Tensor> values;
        for (std::size_t i = 0; i < 2; ++i) {
          values.push_back(name == "indices" ? whole({side_}, side_)
                                             : trainable(std::vector<std::int64_t>(rank_, side_), mood_, 1));
        }
        return values;
      }
      case c10::TypeKind::OptionalType: {
        c10::List<std::optional<at::Tensor>> values;
        values.push_back(whole({side_}, side_));
        return values;
      }
      default:
        return c10::impl::GenericList(element);
    }
  }

  /// (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) of one layer.
  void recurrent(const AllowedOperator& op) {
    const std::int64_t s = 8;
    const std::int64_t gates = op.name() == "aten::lstm" ? 4 : op.name() == "aten::gru" ? 3 : 1;
    stack.emplace_back(trainable({s, s, s}, 4, 1));
    const at::Tensor state = normal({1, s, s}).to(at::kFloat);
    if (gates == 4) {
      stack.emplace_back(std::vector<at::Tensor>{state, state * 0.5});
    } else {
      stack.emplace_back(state);
    }
    stack.emplace_back(std::vector<at::Tensor>{trainable({gates * s, s}, 4, 0.5), trainable({gates * s, s}, 4, 0.5),
                                               trainable({gates * s}, 4, 0.5), trainable({gates * s}, 4, 0.5)});
    for (const c10::IValue& last : {c10::IValue(true), c10::IValue(std::int64_t{1}), c10::IValue(0.0),
                                    c10::IValue(true), c10::IValue(false), c10::IValue(true)}) {
      stack.push_back(last);
    }
  }

  core::RandomSequence random_;
  std::int64_t rank_ = 2, side_ = 16;
  std::uint64_t mood_ = 0;
  double spread_ = 1;
  bool integers_ = false, seen_ = false;
};

}  // namespace terse::train::test
