#include "terse/act/operators/operator_table.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "terse/core/spread.hpp"

namespace terse::act {

namespace {

using Tensors = std::vector<at::Tensor>;

template <at::Tensor (*Function)(const at::Tensor&)>
Compute of_operand(const RunningOperator&) {
  return [](const Tensors& parts) -> Tensors { return {Function(parts[0])}; };
}

Compute gelu(const RunningOperator& running) {
  return [approximate = running.text("approximate")](const Tensors& parts) -> Tensors {
    return {at::gelu(parts[0], approximate)};
  };
}

Compute product(const RunningOperator&) {
  return [](const Tensors& parts) -> Tensors { return {at::mul(parts[1], parts[0])}; };
}

/// (x - mean) rstd weight + bias with the exact statistics: linear in x, so that rounding x leaves it without bias.
Tensors layer_norm_of_parts(const Tensors& parts) {
  const at::Tensor &x = parts[0], &mean = parts[1], &rstd = parts[2], &weight = parts[3], &bias = parts[4];
  at::Tensor y = x.to(mean.scalar_type()).sub(mean).mul_(rstd);
  if (weight.defined()) y.mul_(weight);
  if (bias.defined()) y.add_(bias);
  return {y.to(x.scalar_type())};
}

Compute layer_norm(const RunningOperator&) { return layer_norm_of_parts; }

/// The operator itself: the same sums in the same order.
Compute exact_layer_norm(const RunningOperator& running) {
  const auto shape = running.integers("normalized_shape");
  const auto epsilon = running.number("eps");
  if (shape.empty() || !epsilon) return layer_norm_of_parts;
  return [shape, epsilon = *epsilon](const Tensors& parts) -> Tensors {
    const auto given = [](const at::Tensor& part) { return part.defined() ? std::optional(part) : std::nullopt; };
    return {std::get<0>(at::native_layer_norm(parts[0], shape, given(parts[3]), given(parts[4]), epsilon))};
  };
}

Tensors layer_norm_of_rows(const Tensors& parts) {
  const at::Tensor &rows = parts[0], &weight = parts[3], &bias = parts[4];
  if (weight.defined() && bias.defined()) return {at::addcmul(bias, rows, weight)};
  if (weight.defined()) return {rows.mul(weight)};
  return {bias.defined() ? rows.add(bias) : rows};
}

/// Backward multiplies by exp(q k - logsumexp): with the logarithms of the exact q and k these are no probabilities,
/// and grow exponentially with the rounding. Those of the rounded ones sum to 1 a row, and fit the output.
Compute attention(const RunningOperator& running) {
  const double dropout = running.number("dropout_p").value_or(0);
  if (dropout != 0) return {};
  const bool causal = running.number("is_causal").value_or(0) != 0;
  return [causal, scale = running.number("scale")](const Tensors& parts) -> Tensors {
    const auto mask = parts[3].defined() ? std::optional<at::Tensor>(parts[3]) : std::nullopt;
    auto [output, logsumexp] =
        at::_scaled_dot_product_flash_attention_for_cpu(parts[0], parts[1], parts[2], 0, causal, mask, scale);
    return {std::move(output), std::move(logsumexp)};
  };
}

// How far apart grid points may lie (Rule::widest_step). A dithered grid of step h errs uniformly within h / 2, so that
// a slope s(x) becomes s(x) + s''(x) h^2 / 24 on average: some constant for slopes of bounded curvature, and for those
// that are a quadratic form of what is saved the known variance h^2 / 12 beside the slope itself.

template <int kHundredths>
double step_of(const at::Tensor&, const RunningOperator&) {
  return kHundredths / 100.0;
}

/// Of a function of argument * x.
template <int kHundredths, const char* kArgument>
double scaled_step_of(const at::Tensor&, const RunningOperator& running) {
  return kHundredths / 100.0 / std::max(1e-6, std::abs(running.number(kArgument).value_or(1)));
}

constexpr char kBeta[] = "beta", kInputScale[] = "input_scale";

/// Mean of `function` over some of a tensor's elements (core/spread.hpp). Without LibTorch's operators where it can be:
/// it runs for each tensor that is saved.
template <class Function>
double mean_over_sample(const at::Tensor& tensor, const Function& function) {
  constexpr std::int64_t kSample = 1024;
  const auto places = core::spread_places(tensor.numel(), kSample);
  double sum = 0;
  if (tensor.scalar_type() == at::kFloat && tensor.is_non_overlapping_and_dense()) {
    const auto* x = tensor.const_data_ptr<float>();
    for (const std::int64_t place : places) sum += function(static_cast<double>(x[place]));
  } else {
    const at::NoGradGuard no_grad;
    const auto indices = at::tensor(places, at::kLong);
    const at::Tensor some = tensor.detach().take(indices).to(at::kFloat);
    const auto* x = some.const_data_ptr<float>();
    for (std::int64_t i = 0; i < some.numel(); ++i) sum += function(static_cast<double>(x[i]));
  }
  return sum / static_cast<double>(std::max<std::size_t>(1, places.size()));
}

double mean_square(const at::Tensor& tensor) {
  return mean_over_sample(tensor, [](double x) { return x * x; });
}

/// Of a gate of x, about x / 2 near zero and bent there by `bend`: its result is derived from the rounded x.
template <int kHundredths, int kBendHundredths>
double gate_step(const at::Tensor& x, const RunningOperator&) {
  const double size = std::sqrt(mean_square(x));
  return std::min(kHundredths / 100.0, std::sqrt(24 * kLargestBias * size / 2 / (kBendHundredths / 100.0)));
}

/// celu: exp(x / alpha).
double celu_step(const at::Tensor&, const RunningOperator& running) {
  return 0.45 * std::abs(running.number("alpha").value_or(1));
}

double step_beside(double mean_squared_slope) { return std::sqrt(12 * kLargestBias * std::sqrt(mean_squared_slope)); }

/// The slope is y (1 - y), whose mean is less by the variance.
double sigmoid_step(const at::Tensor& result, const RunningOperator&) {
  return step_beside(mean_over_sample(result, [](double y) { return (y - y * y) * (y - y * y); }));
}

/// The same; and gradients of a row's logits sum to zero, which what the variance adds to them does not: factors that
/// are alike in a row, keys of one sign, make several times more of it.
double softmax_step(const at::Tensor& result, const RunningOperator& running) {
  return sigmoid_step(result, running) / 3;
}

/// The slope is 1 - y^2.
double tanh_step(const at::Tensor& result, const RunningOperator&) {
  return step_beside(mean_over_sample(result, [](double y) { return (1 - y * y) * (1 - y * y); }));
}

/// Backward takes x's part along x out of the gradient, x_i sum_j g_j x_j / n, n elements to a set of statistics: of
/// it, the term j = i has the variance on it.
double norm_step(const at::Tensor& input, double elements) {
  const double mean = mean_over_sample(input, [](double x) { return x; });
  const double variance = std::max(0.0, mean_square(input) - mean * mean);
  return std::sqrt(3 * kLargestBias * elements * variance);
}

/// Of normalised rows: the same, and a variance well below theirs (normalised_tensor.hpp).
double layer_norm_step(const at::Tensor& rows, const RunningOperator& running) {
  constexpr double kMostVariance = 0.33;
  double elements = 1;
  for (const std::int64_t size : running.integers("normalized_shape")) elements *= static_cast<double>(size);
  return std::min(std::sqrt(12 * kMostVariance), norm_step(rows, elements));
}

double batch_norm_step(const at::Tensor& input, const RunningOperator&) {
  return input.dim() < 2
             ? 0
             : norm_step(input, static_cast<double>(input.numel() / std::max<std::int64_t>(1, input.size(1))));
}

double group_norm_step(const at::Tensor& input, const RunningOperator& running) {
  const double groups = running.number("group").value_or(1);
  return input.dim() < 2
             ? 0
             : norm_step(input, static_cast<double>(input.numel() / std::max<std::int64_t>(1, input.size(0))) /
                                    std::max(1.0, groups));
}

double rms_norm_step(const at::Tensor& input, const RunningOperator& running) {
  double elements = 1;
  for (const std::int64_t size : running.integers("normalized_shape")) elements *= static_cast<double>(size);
  return norm_step(input, elements);
}

/// A logit is a product of queries and keys: its variance is that of either times the other's square.
double step_beside_factor(const at::Tensor& factor, const RunningOperator& running) {
  constexpr double kLogitVariance = 0.03;
  if (!factor.defined() || factor.dim() == 0) return 0;
  const auto width = static_cast<double>(factor.size(-1));
  const double scale = running.number("scale").value_or(1 / std::sqrt(width));
  const double square = width * mean_square(factor);
  return std::sqrt(12 * kLogitVariance / std::max(1e-30, scale * scale * square));
}

double query_step(const at::Tensor&, const RunningOperator& running) {
  return step_beside_factor(running.tensor("key"), running);
}

double key_step(const at::Tensor&, const RunningOperator& running) {
  return step_beside_factor(running.tensor("query"), running);
}

// To add an operator, add an entry. Names are checked against LibTorch's schemas by operator_table_test.cpp, and so is
// that every tensor that LibTorch's operators save has a rule; operator_bias measures what each rule adds to the
// gradient.
const std::vector<Operator> kOperators = {
    // Piecewise linear: backward asks on which piece an element lies. Exact at 1 bit.
    {.name = "relu",
     .rules = {{.role = "result", .need = Need::Positive, .why = "backward passes the gradient where result > 0"}}},
    {.name = "leaky_relu", .rules = {{.role = "*", .need = Need::Sign, .why = "the slope is chosen by the sign"}}},
    {.name = "rrelu_with_noise",
     .rules = {{.role = "self", .need = Need::Sign, .why = "the slope is chosen by the sign"},
               {.role = "result", .need = Need::Sign, .why = "of the input's sign"},
               {.role = "noise", .need = Need::Exact, .why = "written while the operator runs"}}},
    {.name = "rrelu_with_noise_functional",
     .rules = {{.role = "self", .need = Need::Sign, .why = "the slope is chosen by the sign"},
               {.role = "noise", .need = Need::Exact, .why = "written while the operator runs"}}},
    {.name = "_prelu_kernel",
     .rules = {{.role = "self", .need = Need::Negative, .why = "two slopes; that of the weight is linear below zero"},
               {.role = "weight", .need = Need::Exact, .why = "one a channel"}}},
    {.name = "copysign", .rules = {{.role = "*", .need = Need::Signum, .why = "the quotient of both is a sign"}}},
    {.name = "sgn", .rules = {{.role = "*", .need = Need::Shape, .why = "flat: no gradient but of complex numbers"}}},
    {.name = "threshold",
     .rules =
         {{.role = "*", .need = Need::Inside, .why = "passes the gradient above the threshold", .lower = "threshold"}}},
    {.name = "hardtanh",
     .rules = {{.role = "*",
                .need = Need::Inside,
                .why = "passes the gradient between both ends",
                .lower = "min_val",
                .upper = "max_val"}}},
    {.name = "hardsigmoid",
     .rules = {{.role = "self",
                .need = Need::Inside,
                .why = "passes the gradient between both ends",
                .lower = "-3",
                .upper = "3"}}},
    {.name = "hardshrink",
     .rules = {{.role = "self",
                .need = Need::Within,
                .why = "passes the gradient outside of both ends",
                .lower = "-lambd",
                .upper = "lambd"}}},
    {.name = "softshrink",
     .rules = {{.role = "self",
                .need = Need::Within,
                .why = "passes the gradient outside of both ends",
                .lower = "-lambd",
                .upper = "lambd"}}},
    {.name = "clamp",
     .rules = {{.role = "self",
                .need = Need::Within,
                .why = "passes the gradient between both ends",
                .lower = "min",
                .upper = "max"},
               {.role = "*", .need = Need::Exact, .why = "bounds that are tensors"}}},
    {.name = "clamp_min",
     .rules = {{.role = "self", .need = Need::Within, .why = "passes the gradient above the bound", .lower = "min"},
               {.role = "*", .need = Need::Exact, .why = "a bound that is a tensor"}}},
    {.name = "clamp_max",
     .rules = {{.role = "self", .need = Need::Within, .why = "passes the gradient below the bound", .upper = "max"},
               {.role = "*", .need = Need::Exact, .why = "a bound that is a tensor"}}},

    // Linear, or products: the gradient of each factor is linear in the other, so that rounding adds noise and no
    // bias. kProducts has the others.
    {.name = "mul",
     .rules = {{.role = "*",
                .need = Need::Values,
                .why = "the other factor's gradient is linear in it; a dropout's noise is two values"}},
     .recipe =
         Recipe{.node = "MulBackward0", .parts = {"other", "self"}, .needed = 1, .prepare = product, .factor = true}},

    {.name = "div",
     .rules = {{.role = "self", .need = Need::Values, .why = "the divisor's gradient is linear in it"},
               {.role = "other", .need = Need::Exact, .why = "divisor: a rounded value may be zero"}}},
    {.name = "addcdiv",
     .rules = {{.role = "tensor1", .need = Need::Values, .why = "the divisor's gradient is linear in it"},
               {.role = "tensor2", .need = Need::Exact, .why = "divisor: a rounded value may be zero"}}},
    {.name = "exp", .rules = {{.role = "result", .need = Need::Values, .why = "is the slope"}}},
    {.name = "exp2", .rules = {{.role = "result", .need = Need::Values, .why = "times a constant is the slope"}}},
    {.name = "expm1", .rules = {{.role = "result", .need = Need::Values, .why = "and one is the slope"}}},
    {.name = "grid_sampler_2d",
     .rules = {{.role = "input", .need = Need::Values, .why = "the grid's gradient is linear in it"},
               {.role = "grid", .need = Need::Exact, .why = "positions: rounding would sample elsewhere"}}},
    {.name = "grid_sampler_3d",
     .rules = {{.role = "input", .need = Need::Values, .why = "the grid's gradient is linear in it"},
               {.role = "grid", .need = Need::Exact, .why = "positions: rounding would sample elsewhere"}}},
    {.name = "_grid_sampler_2d_cpu_fallback",
     .rules = {{.role = "input", .need = Need::Values, .why = "the grid's gradient is linear in it"},
               {.role = "grid", .need = Need::Exact, .why = "positions: rounding would sample elsewhere"}}},
    {.name = "cudnn_grid_sampler",
     .rules = {{.role = "self", .need = Need::Values, .why = "the grid's gradient is linear in it"},
               {.role = "grid", .need = Need::Exact, .why = "positions: rounding would sample elsewhere"}}},

    // Normalisation: linear beside its statistics, which are few, and shared by many elements.
    {.name = "native_batch_norm",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "linear in it beside the exact statistics",
                .widest_step = batch_norm_step},
               {.role = "*", .need = Need::Exact, .why = "statistics: one a channel"}},
     .results = {"save_mean", "save_invstd"}},
    {.name = "_native_batch_norm_legit",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "linear in it beside the exact statistics",
                .widest_step = batch_norm_step},
               {.role = "*", .need = Need::Exact, .why = "statistics: one a channel"}},
     .results = {"save_mean", "save_invstd"}},
    {.name = "_native_batch_norm_legit_no_training",
     .rules = {{.role = "input", .need = Need::Values, .why = "linear in it beside constants"},
               {.role = "*", .need = Need::Exact, .why = "statistics: one a channel"}},
     .results = {"save_mean", "save_invstd"}},
    {.name = "_batch_norm_with_update",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "linear in it beside the exact statistics",
                .widest_step = batch_norm_step},
               {.role = "*", .need = Need::Exact, .why = "statistics: one a channel"}},
     .results = {"save_mean", "save_var", "reserve"}},
    {.name = "_batch_norm_no_update",
     .rules = {{.role = "input", .need = Need::Values, .why = "linear in it beside constants"},
               {.role = "*", .need = Need::Exact, .why = "statistics: one a channel"}},
     .results = {"save_mean", "save_var", "reserve"}},
    {.name = "native_layer_norm",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "as rows of one scale beside their statistics; its result is derived",
                .rows = true,
                .widest_step = layer_norm_step},
               {.role = "mean", .need = Need::Exact, .why = "statistics: one a row"},
               {.role = "rstd", .need = Need::Exact, .why = "statistics: one a row"},
               {.role = "*", .need = Need::Exact, .why = "weight and bias: one a column"}},
     .results = {"mean", "rstd"},
     .arguments = {"normalized_shape", "eps"},
     .recipe = Recipe{.node = "NativeLayerNormBackward0",
                      .parts = {"input", "mean", "rstd", "weight", "bias"},
                      .needed = 3,
                      .prepare = layer_norm,
                      .prepare_exact = exact_layer_norm,
                      .of_rows = layer_norm_of_rows}},
    {.name = "native_group_norm",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "linear in it beside the exact statistics",
                .widest_step = group_norm_step},
               {.role = "mean", .need = Need::Exact, .why = "statistics: one a group"},
               {.role = "rstd", .need = Need::Exact, .why = "statistics: one a group"},
               {.role = "weight", .need = Need::Exact, .why = "one a channel"}},
     .results = {"mean", "rstd"},
     .arguments = {"group"}},
    {.name = "_fused_rms_norm",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "linear in it beside the exact statistics",
                .widest_step = rms_norm_step},
               {.role = "rstd", .need = Need::Exact, .why = "statistics: one a row"},
               {.role = "weight", .need = Need::Exact, .why = "one a column"}},
     .results = {"rstd"},
     .arguments = {"normalized_shape"}},

    // Smooth: the slope may be rounded where the grid is fine beside the function's curvature.
    {.name = "gelu",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived",
                .widest_step = gate_step<70, 80>}},
     .arguments = {"approximate"},
     .recipe = Recipe{.node = "GeluBackward0", .parts = {"self"}, .needed = 1, .prepare = gelu}},
    {.name = "silu",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived",
                .widest_step = gate_step<100, 50>}},
     .recipe = Recipe{.node = "SiluBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::silu>}},
    {.name = "mish",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived",
                .widest_step = gate_step<85, 60>}},
     .recipe = Recipe{.node = "MishBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::mish>}},
    {.name = "hardswish",
     .rules =
         {{.role = "self", .need = Need::Values, .why = "a slope with steps at both ends", .widest_step = step_of<2>}},
     .recipe =
         Recipe{.node = "HardswishBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::hardswish>}},
    {.name = "sigmoid",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "y (1 - y), whose mean is less by the variance",
                .widest_step = sigmoid_step}}},
    {.name = "tanh",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "1 - y^2, whose mean is less by the variance",
                .widest_step = tanh_step}}},
    {.name = "elu",
     .rules = {{.role = "self",
                .need = Need::Negative,
                .why = "an exponential below zero, another slope above",
                .widest_step = scaled_step_of<45, kInputScale>},
               {.role = "result", .need = Need::Negative, .why = "linear in it below zero, another slope above"}},
     .arguments = {"input_scale"}},
    {.name = "celu",
     .rules = {{.role = "self",
                .need = Need::Negative,
                .why = "an exponential below zero, another slope above",
                .widest_step = celu_step},
               {.role = "result", .need = Need::Negative, .why = "linear in it below zero, another slope above"}},
     .arguments = {"alpha"}},
    {.name = "softplus",
     .rules =
         {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = scaled_step_of<140, kBeta>}},
     .arguments = {"beta"}},
    {.name = "glu",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<90>}}},
    {.name = "sin",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<65>}}},
    {.name = "cos",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<65>}}},
    {.name = "atan",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<40>}}},
    {.name = "asinh",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<70>}}},
    {.name = "erf",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<25>}}},
    {.name = "erfc",
     .rules = {{.role = "self", .need = Need::Values, .why = "a smooth slope", .widest_step = step_of<25>}}},
    {.name = "terse::lstm",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "hx", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "cx", .need = Need::Values, .why = "the forget gate's gradient is linear in it"},
               {.role = "*",
                .need = Need::Values,
                .why = "y (1 - y) and 1 - y^2, whose means are less by the variance",
                .widest_step = step_of<13>}},
     .results = {"input", "gates", "cells", "hx", "cx"}},
    {.name = "mkldnn_rnn_layer",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "hx_", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "*", .need = Need::Exact, .why = "oneDNN's own: a workspace, and what must fit it"}},
     .results = {"output", "hy", "cy", "workspace"}},

    // Softmax, attention, and logarithms that backward exponentiates.
    {.name = "_softmax",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "y (g - sum g y), which has the variance on it",
                .widest_step = softmax_step}}},
    {.name = "_safe_softmax",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "y (g - sum g y), which has the variance on it",
                .widest_step = softmax_step}}},
    {.name = "_masked_softmax",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "y (g - sum g y), which has the variance on it",
                .widest_step = softmax_step}}},
    {.name = "_log_softmax",
     .rules = {{.role = "result", .need = Need::Logarithm, .why = "linear in its exponentials, the probabilities"}}},
    {.name = "_scaled_dot_product_flash_attention_for_cpu",
     .rules = {{.role = "query",
                .need = Need::Values,
                .why = "logits, exponentiated again",
                .least_bits = 2,
                .widest_step = query_step},
               {.role = "key",
                .need = Need::Values,
                .why = "logits, exponentiated again",
                .least_bits = 2,
                .widest_step = key_step},
               {.role = "value", .need = Need::Values, .why = "linear"},
               {.role = "output", .need = Need::Values, .why = "linear: its products with the gradient"},
               {.role = "logsumexp", .need = Need::Exact, .why = "exponentiated in backward"},
               {.role = "attn_mask", .need = Need::Exact, .why = "may hold -inf; added to logits"}},
     .results = {"logsumexp", "output"},
     .arguments = {"dropout_p", "is_causal", "scale"},
     .recipe = Recipe{.node = "ScaledDotProductFlashAttentionForCpuBackward0",
                      .parts = {"query", "key", "value", "attn_mask"},
                      .needed = 3,
                      .results = {"output", "logsumexp"},
                      .prepare = attention,
                      .holds = true}},
    {.name = "logsumexp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},
    {.name = "logcumsumexp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},
    {.name = "_ctc_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},
    {.name = "logaddexp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},

    // Integers at their true width, masks and comparisons at a bit: lossless whatever the need.
    {.name = "embedding", .rules = {{.role = "indices", .need = Need::Values, .why = "integers"}}},
    {.name = "index_select", .rules = {{.role = "index", .need = Need::Values, .why = "integers"}}},
    {.name = "index_add",
     .rules = {{.role = "index", .need = Need::Values, .why = "integers"},
               {.role = "source", .need = Need::Shape, .why = "backward selects from the gradient"}}},
    {.name = "index_copy",
     .rules = {{.role = "source", .need = Need::Shape, .why = "backward selects from the gradient"}}},
    {.name = "put", .rules = {{.role = "source", .need = Need::Shape, .why = "backward takes from the gradient"}}},
    {.name = "take", .rules = {{.role = "self", .need = Need::Shape, .why = "backward adds at the indices"}}},
    {.name = "masked_select",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward writes where the mask says"}}},
    {.name = "cummax",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward adds at the indices"}},
     .results = {"indices"}},
    {.name = "cummin",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward adds at the indices"}},
     .results = {"indices"}},
    {.name = "gather",
     .rules = {{.role = "index", .need = Need::Values, .why = "integers"},
               {.role = "self", .need = Need::Shape, .why = "backward adds at the index"}}},
    {.name = "scatter_add", .rules = {{.role = "index", .need = Need::Values, .why = "integers"}}},
    {.name = "index", .rules = {{.role = "*", .need = Need::Values, .why = "integers"}}},
    {.name = "where", .rules = {{.role = "condition", .need = Need::Values, .why = "bools"}}},
    {.name = "masked_fill", .rules = {{.role = "mask", .need = Need::Values, .why = "bools"}}},
    {.name = "native_dropout", .rules = {{.role = "mask", .need = Need::Values, .why = "bools"}}, .results = {"mask"}},
    {.name = "_fused_dropout", .results = {"mask"}},
    {.name = "_pack_padded_sequence", .results = {"batch_sizes"}},
    {.name = "sort", .results = {"indices"}},
    {.name = "topk", .results = {"indices"}},
    {.name = "nll_loss_forward",
     .rules = {{.role = "target", .need = Need::Values, .why = "integers"},
               {.role = "self", .need = Need::Shape, .why = "backward writes -weight at the target"},
               {.role = "total_weight", .need = Need::Exact, .why = "a divisor"},
               {.role = "weight", .need = Need::Exact, .why = "one a class"}},
     .results = {"total_weight"}},
    {.name = "nll_loss2d_forward",
     .rules = {{.role = "target", .need = Need::Values, .why = "integers"},
               {.role = "self", .need = Need::Shape, .why = "as in one dimension"},
               {.role = "total_weight", .need = Need::Exact, .why = "a divisor"},
               {.role = "weight", .need = Need::Exact, .why = "one a class"}},
     .results = {"total_weight"}},

    // Selection: backward compares elements with each other or with zero; rounding would choose others.
    {.name = "abs", .rules = {{.role = "self", .need = Need::Signum, .why = "times the sign, which is zero at zero"}}},
    {.name = "maximum", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "minimum", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "fmax", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "fmin", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "max",
     .rules = {{.role = "*", .need = Need::Exact, .why = "compared with the result"}},
     .results = {"indices"}},
    {.name = "min",
     .rules = {{.role = "*", .need = Need::Exact, .why = "compared with the result"}},
     .results = {"indices"}},
    {.name = "amax", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "amin", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "l1_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "times the sign of the difference"}}},
    {.name = "smooth_l1_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "difference compared with beta"}}},
    {.name = "huber_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "difference compared with delta"}}},

    // Pooling: sizes alone, or positions.
    {.name = "max_pool2d_with_indices",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward scatters through the indices"},
               {.role = "indices", .need = Need::Window, .why = "one of the window's few positions"}},
     .results = {"indices"},
     .arguments = {"kernel_size", "stride", "padding", "dilation"}},
    {.name = "max_pool3d_with_indices",
     .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}},
     .results = {"indices"}},
    {.name = "adaptive_max_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward scatters through the indices"}},
     .results = {"indices"}},
    {.name = "adaptive_max_pool3d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}},
     .results = {"indices"}},
    {.name = "fractional_max_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward scatters through the indices"}},
     .results = {"indices"}},
    {.name = "fractional_max_pool3d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "backward scatters through the indices"}},
     .results = {"indices"}},
    {.name = "avg_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward spreads the gradient evenly"}}},
    {.name = "avg_pool3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}}},
    {.name = "_adaptive_avg_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward spreads the gradient evenly"}}},
    {.name = "_adaptive_avg_pool3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}}},
    {.name = "reflection_pad1d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward adds the margins' gradients up"}}},
    {.name = "reflection_pad2d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in one dimension"}}},
    {.name = "reflection_pad3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in one dimension"}}},
    {.name = "replication_pad1d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward adds the margins' gradients up"}}},
    {.name = "replication_pad2d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in one dimension"}}},
    {.name = "replication_pad3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in one dimension"}}},

    // Divisors, logarithms, inverses: a rounded value may be zero, or lie on the other side of a pole.
    {.name = "reciprocal",
     .rules = {{.role = "result", .need = Need::Exact, .why = "its square multiplies the gradient; inputs near zero"}}},
    {.name = "sqrt", .rules = {{.role = "result", .need = Need::Exact, .why = "divisor"}}},
    {.name = "rsqrt", .rules = {{.role = "result", .need = Need::Exact, .why = "its cube multiplies the gradient"}}},
    {.name = "log", .rules = {{.role = "self", .need = Need::Exact, .why = "divisor"}}},
    {.name = "log2", .rules = {{.role = "self", .need = Need::Exact, .why = "divisor"}}},
    {.name = "log10", .rules = {{.role = "self", .need = Need::Exact, .why = "divisor"}}},
    {.name = "log1p", .rules = {{.role = "self", .need = Need::Exact, .why = "divisor"}}},
    {.name = "logit", .rules = {{.role = "self", .need = Need::Exact, .why = "divisor"}}},
    {.name = "xlogy", .rules = {{.role = "*", .need = Need::Exact, .why = "divisor and logarithm"}}},
    {.name = "pow",
     .rules = {{.role = "self", .need = Need::Power, .why = "n x^(n-1), linear in that power; for other n exact"},
               {.role = "*", .need = Need::Exact, .why = "logarithms and negative powers"}},
     .arguments = {"exponent"}},
    {.name = "float_power", .rules = {{.role = "*", .need = Need::Exact, .why = "logarithms and negative powers"}}},
    {.name = "norm", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "linalg_vector_norm", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "renorm", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by a norm"}}},
    {.name = "_weight_norm_interface", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by a norm"}}},
    {.name = "_cdist_forward", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "_pdist_forward", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "std", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "std_mean", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "prod", .rules = {{.role = "*", .need = Need::Exact, .why = "result divided by each element"}}},
    {.name = "cumprod", .rules = {{.role = "*", .need = Need::Exact, .why = "result divided by each element"}}},
    {.name = "acos", .rules = {{.role = "self", .need = Need::Exact, .why = "divided by sqrt(1 - x^2)"}}},
    {.name = "asin", .rules = {{.role = "self", .need = Need::Exact, .why = "divided by sqrt(1 - x^2)"}}},
    {.name = "acosh", .rules = {{.role = "self", .need = Need::Exact, .why = "divided by sqrt(x^2 - 1)"}}},
    {.name = "atanh", .rules = {{.role = "self", .need = Need::Exact, .why = "divided by 1 - x^2"}}},
    {.name = "atan2", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the squared radius"}}},
    {.name = "hypot", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by the result"}}},
    {.name = "tan", .rules = {{.role = "result", .need = Need::Exact, .why = "its square multiplies the gradient"}}},
    {.name = "erfinv", .rules = {{.role = "self", .need = Need::Exact, .why = "exponential of its square"}}},
    {.name = "lgamma", .rules = {{.role = "self", .need = Need::Exact, .why = "poles"}}},
    {.name = "digamma", .rules = {{.role = "self", .need = Need::Exact, .why = "poles"}}},
    {.name = "polygamma", .rules = {{.role = "self", .need = Need::Exact, .why = "poles"}}},
    {.name = "binary_cross_entropy", .rules = {{.role = "*", .need = Need::Exact, .why = "divided by x(1 - x)"}}},
    {.name = "poisson_nll_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "logarithms"}}},
    {.name = "linalg_inv_ex", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse: ill-conditioned"}}},
    {.name = "linalg_solve_ex", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "_linalg_solve_ex", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "linalg_cholesky_ex", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "cholesky_inverse", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "linalg_lu_factor_ex", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "linalg_qr", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "_linalg_det", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "_linalg_slogdet", .rules = {{.role = "*", .need = Need::Exact, .why = "matrix inverse"}}},
    {.name = "_linalg_svd",
     .rules = {{.role = "*", .need = Need::Exact, .why = "differences of singular values divide"}}},
    {.name = "_linalg_eigh", .rules = {{.role = "*", .need = Need::Exact, .why = "differences of eigenvalues divide"}}},
    {.name = "linalg_eig", .rules = {{.role = "*", .need = Need::Exact, .why = "differences of eigenvalues divide"}}},
    {.name = "linalg_matrix_exp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponential"}}},
};

// Operators whose backward pass is linear in every tensor that they save.
constexpr std::string_view kProducts[] = {
    "_conv_depthwise2d",
    "_convolution",
    "_grouped_mm",
    "_mps_convolution",
    "_mps_convolution_transpose",
    "_nnpack_spatial_convolution",
    "_slow_conv2d_forward",
    "addbmm",
    "addcmul",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "conv_depthwise3d",
    "conv_tbc",
    "convolution",
    "convolution_overrideable",
    "cudnn_convolution",
    "cudnn_convolution_transpose",
    "dot",
    "lerp",
    "linalg_cross",
    "linear",
    "matmul",
    "miopen_convolution",
    "miopen_convolution_transpose",
    "miopen_depthwise_convolution",
    "mkldnn_convolution",
    "mkldnn_linear",
    "mm",
    "mse_loss",
    "mv",
    "slow_conv3d_forward",
    "slow_conv_dilated2d",
    "slow_conv_dilated3d",
    "slow_conv_transpose2d",
    "slow_conv_transpose3d",
    "var",
    "var_mean",
    "vdot",
};

// Operators that save nothing that may be rounded, and why.
struct ExactOperators {
  std::string_view why;
  std::vector<std::string_view> names;
};
const std::vector<ExactOperators> kExact = {
    {"divides, or takes a logarithm: a rounded value may be zero",
     {"_foreach_div", "fmod", "remainder", "igamma", "igammac", "ldexp", "mvlgamma", "special_entr", "special_xlog1py",
      "special_zeta", "sinc", "soft_margin_loss", "binary_cross_entropy_with_logits", "log_sigmoid_forward"}},
    {"a slope that grows exponentially",
     {"cosh", "sinh", "i0", "logaddexp2", "special_erfcx", "special_i0e", "special_i1", "special_i1e",
      "special_log_ndtr", "special_ndtri"}},
    {"powers and norms: divided by the result", {"_euclidean_dist", "_foreach_norm", "_foreach_pow", "dist"}},
    {"compares elements with each other",
     {"_foreach_maximum", "_foreach_minimum", "index_reduce", "median", "multi_margin_loss",
      "multilabel_margin_loss_forward", "nanmedian", "scatter_reduce", "segment_reduce"}},
    {"asks which elements are finite", {"nan_to_num", "nansum"}},
    {"one tensor may stand in several factors, whose product has the variance on it", {"_trilinear"}},
    {"factors of a matrix, or its inverse",
     {"cholesky", "cholesky_solve", "linalg_householder_product", "linalg_lstsq", "linalg_lu", "linalg_lu_solve",
      "linalg_pinv", "linalg_solve_triangular", "ormqr", "triangular_solve"}},
    {"complex numbers, or their parts", {"_fft_r2c", "angle", "complex", "polar"}},
    {"backward compares with the grid of the quantization that it imitates",
     {"_fake_quantize_learnable_per_channel_affine", "_fake_quantize_learnable_per_tensor_affine"}},
    {"a random draw's own derivative", {"_standard_gamma"}},
    {"exponentials of rounded queries and keys do not fit the logarithms that are saved",
     {"_cudnn_attention_forward", "_efficient_attention_forward", "_flash_attention_forward",
      "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_efficient_attention",
      "_scaled_dot_product_flash_attention", "_scaled_dot_product_fused_attention_overrideable"}},
    {"a kernel's own workspace, or states and gates of several steps",
     {"_cudnn_rnn", "_lstm_mps", "_thnn_fused_gru_cell", "_thnn_fused_lstm_cell", "_cudnn_ctc_loss", "miopen_ctc_loss",
      "miopen_rnn"}},
    {"weights of a sum, few beside what they weigh", {"_embedding_bag"}},
    {"opaque or sparse",
     {"_sparse_addmm",
      "_sparse_coo_tensor_with_dims_and_tensors",
      "_sparse_log_softmax",
      "_sparse_mm_reduce_impl",
      "_sparse_softmax",
      "_sparse_sparse_matmul",
      "_sparse_sum",
      "sparse_compressed_tensor",
      "sparse_mask",
      "sparse_sampled_addmm",
      "to_mkldnn",
      "_to_dense",
      "mkldnn_adaptive_avg_pool2d",
      "mkldnn_max_pool2d",
      "mkldnn_max_pool3d",
      "max_pool2d",
      "to_padded_tensor",
      "values",
      "_nested_from_padded",
      "_nested_get_values",
      "_nested_get_values_copy",
      "values_copy",
      "_nested_tensor_from_tensor_list"}},
    {"runs on devices whose tensors are kept as they are", {"cudnn_batch_norm", "miopen_batch_norm"}},
};

std::vector<Operator> all_operators() {
  std::vector<Operator> all = kOperators;
  for (const std::string_view name : kProducts) {
    all.push_back(
        {.name = name, .rules = {{.role = "*", .need = Need::Values, .why = "the gradient is linear in it"}}});
  }
  for (const auto& [why, names] : kExact) {
    for (const std::string_view name : names) {
      all.push_back({.name = name, .rules = {{.role = "*", .need = Need::Exact, .why = why}}});
    }
  }
  return all;
}

std::string_view plain_name(std::string_view op) {
  if (op.starts_with("aten::")) op.remove_prefix(6);
  if (op.ends_with('_')) op.remove_suffix(1);
  return op;
}

const Operator* entry_of(std::string_view op) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Operator*> index;
    for (const Operator& entry : operator_table()) index.emplace(entry.name, &entry);
    return index;
  }();
  const auto found = by_name.find(plain_name(op));
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace

std::span<const Operator> operator_table() {
  static const std::vector<Operator> all = all_operators();
  return all;
}

const Rule* find_rule(std::string_view op, std::string_view role) {
  const Operator* entry = entry_of(op);
  if (!entry) return nullptr;
  const std::string_view argument = role.substr(0, role.find('['));
  const auto rule = std::find_if(entry->rules.begin(), entry->rules.end(),
                                 [&](const Rule& one) { return one.role == argument || one.role == "*"; });
  return rule == entry->rules.end() ? nullptr : &*rule;
}

const Rule& rule_of(std::string_view op, std::string_view role) {
  static constexpr Rule kDefault = {.role = "*", .need = Need::Exact, .why = "no rule"};
  const Rule* rule = find_rule(op, role);
  return rule ? *rule : kDefault;
}

std::string result_role(std::string_view op, std::uint32_t k) {
  const Operator* entry = entry_of(op);
  if (entry && k < entry->results.size()) return std::string(entry->results[k]);
  return k == 0 ? "result" : "result" + std::to_string(k);
}

const Recipe* recipe_of(std::string_view op) {
  const Operator* entry = op.ends_with('_') ? nullptr : entry_of(op);
  return entry && entry->recipe ? &*entry->recipe : nullptr;
}

}  // namespace terse::act
