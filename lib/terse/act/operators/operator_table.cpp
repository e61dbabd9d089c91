#include "terse/act/operators/operator_table.hpp"

#include <algorithm>
#include <unordered_map>

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

// To add an operator, add an entry, and a test beside those of its kind (tests/unit/act). Names are checked against
// LibTorch's schemas by operator_table_test.cpp.
const std::vector<Operator> kOperators = {
    // Piecewise linear: backward asks on which piece an element lies. Exact at 1 bit.
    {.name = "relu",
     .rules = {{.role = "result", .need = Need::Positive, .why = "backward passes the gradient where result > 0"}}},
    {.name = "leaky_relu", .rules = {{.role = "*", .need = Need::Sign, .why = "the slope is chosen by the sign"}}},
    {.name = "rrelu_with_noise",
     .rules = {{.role = "self", .need = Need::Sign, .why = "the slope is chosen by the sign"}}},
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
    {.name = "hardshrink", .rules = {{.role = "self", .need = Need::Exact, .why = "compared with both ends"}}},
    {.name = "clamp",
     .rules = {{.role = "self",
                .need = Need::Within,
                .why = "passes the gradient between both ends",
                .lower = "min",
                .upper = "max"},
               {.role = "*", .need = Need::Exact, .why = "bounds that are tensors"}}},
    {.name = "clamp_min",
     .rules = {{.role = "self", .need = Need::Within, .why = "passes the gradient above the bound", .lower = "min"}}},
    {.name = "clamp_max",
     .rules = {{.role = "self", .need = Need::Within, .why = "passes the gradient below the bound", .upper = "max"}}},

    // Linear, or products: the gradient of each factor is linear in the other, so that rounding adds noise and no
    // bias. An operator that has no entry is treated the same way; these have one so that what a network saves can be
    // accounted for.
    {.name = "convolution",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"}}},
    {.name = "convolution_overrideable",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"}}},
    {.name = "addmm",
     .rules = {{.role = "*", .need = Need::Values, .why = "the other factor's gradient is linear in it"}}},
    {.name = "mm",
     .rules = {{.role = "*", .need = Need::Values, .why = "the other factor's gradient is linear in it"}}},
    {.name = "bmm",
     .rules = {{.role = "*", .need = Need::Values, .why = "the other factor's gradient is linear in it"}}},
    {.name = "baddbmm",
     .rules = {{.role = "*", .need = Need::Values, .why = "the other factor's gradient is linear in it"}}},
    {.name = "mul",
     .rules = {{.role = "*",
                .need = Need::Values,
                .why = "the other factor's gradient is linear in it; a dropout's noise is two values"}},
     .recipe =
         Recipe{.node = "MulBackward0", .parts = {"other", "self"}, .needed = 1, .prepare = product, .factor = true}},

    // Normalisation: linear beside its statistics, which are few, and shared by many elements.
    {.name = "native_batch_norm",
     .rules = {{.role = "input", .need = Need::Values, .why = "linear in it beside the exact statistics"},
               {.role = "save_mean", .need = Need::Exact, .why = "statistics"},
               {.role = "save_invstd", .need = Need::Exact, .why = "statistics"}},
     .results = {"save_mean", "save_invstd"}},
    {.name = "_native_batch_norm_legit",
     .rules = {{.role = "save_mean", .need = Need::Exact, .why = "statistics"},
               {.role = "save_invstd", .need = Need::Exact, .why = "statistics"}},
     .results = {"save_mean", "save_invstd"}},
    {.name = "_batch_norm_with_update",
     .rules = {{.role = "save_mean", .need = Need::Exact, .why = "statistics"},
               {.role = "save_var", .need = Need::Exact, .why = "statistics"}},
     .results = {"save_mean", "save_var", "reserve"}},
    {.name = "native_layer_norm",
     .rules = {{.role = "input",
                .need = Need::Values,
                .why = "as rows of one scale beside their statistics; its result is derived",
                .rows = true},
               {.role = "mean", .need = Need::Exact, .why = "statistics: one a row"},
               {.role = "rstd", .need = Need::Exact, .why = "statistics: one a row"}},
     .results = {"mean", "rstd"},
     .arguments = {"normalized_shape", "eps"},
     .recipe = Recipe{.node = "NativeLayerNormBackward0",
                      .parts = {"input", "mean", "rstd", "weight", "bias"},
                      .needed = 3,
                      .prepare = layer_norm,
                      .prepare_exact = exact_layer_norm,
                      .of_rows = layer_norm_of_rows}},
    {.name = "native_group_norm",
     .rules = {{.role = "input", .need = Need::Values, .why = "linear in it beside the exact statistics"},
               {.role = "mean", .need = Need::Exact, .why = "statistics: one a group"},
               {.role = "rstd", .need = Need::Exact, .why = "statistics: one a group"}},
     .results = {"mean", "rstd"}},
    {.name = "_fused_rms_norm",
     .rules = {{.role = "rstd", .need = Need::Exact, .why = "statistics: one a row"}},
     .results = {"rstd"}},

    // Smooth activations.
    {.name = "gelu",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived: at 1 bit its mean is another",
                .least_bits = 2}},
     .arguments = {"approximate"},
     .recipe = Recipe{.node = "GeluBackward0", .parts = {"self"}, .needed = 1, .prepare = gelu}},
    {.name = "silu",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived: at 1 bit its mean is another",
                .least_bits = 2}},
     .recipe = Recipe{.node = "SiluBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::silu>}},
    {.name = "mish",
     .rules = {{.role = "self",
                .need = Need::Values,
                .why = "a smooth slope, and what follows is derived: at 1 bit its mean is another",
                .least_bits = 2}},
     .recipe = Recipe{.node = "MishBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::mish>}},
    {.name = "hardswish",
     .rules = {{.role = "self", .need = Need::Values, .why = "a slope without steps but at both ends"}},
     .recipe =
         Recipe{.node = "HardswishBackward0", .parts = {"self"}, .needed = 1, .prepare = of_operand<at::hardswish>}},
    {.name = "sigmoid",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "y (1 - y), whose mean is less by the variance",
                .least_bits = 2}}},
    {.name = "tanh",
     .rules = {{.role = "result",
                .need = Need::Values,
                .why = "1 - y^2, whose mean is less by the variance",
                .least_bits = 2}}},
    {.name = "elu", .rules = {{.role = "*", .need = Need::Values, .why = "a smooth slope"}}},
    {.name = "terse::lstm",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "hx", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "cx", .need = Need::Values, .why = "the forget gate's gradient is linear in it"},
               {.role = "*",
                .need = Need::Values,
                .why = "y (1 - y) and 1 - y^2, whose means are less by the variance",
                .least_bits = 2}},
     .results = {"input", "gates", "cells", "hx", "cx"}},
    {.name = "mkldnn_rnn_layer",
     .rules = {{.role = "input", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "hx_", .need = Need::Values, .why = "the weight's gradient is linear in it"},
               {.role = "*", .need = Need::Exact, .why = "oneDNN's own: a workspace, and what must fit it"}},
     .results = {"output", "hy", "cy", "workspace"}},

    // Softmax, attention, and logarithms that backward exponentiates.
    {.name = "_softmax", .rules = {{.role = "result", .need = Need::Values, .why = "y (g - sum g y)"}}},
    {.name = "_safe_softmax", .rules = {{.role = "result", .need = Need::Values, .why = "y (g - sum g y)"}}},
    {.name = "_log_softmax",
     .rules = {{.role = "result", .need = Need::Logarithm, .why = "linear in its exponentials, the probabilities"}}},
    {.name = "_scaled_dot_product_flash_attention_for_cpu",
     .rules = {{.role = "query", .need = Need::Values, .why = "logits, exponentiated again", .least_bits = 2},
               {.role = "key", .need = Need::Values, .why = "logits, exponentiated again", .least_bits = 2},
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
    {.name = "_logcumsumexp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},
    {.name = "_ctc_loss", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},
    {.name = "logaddexp", .rules = {{.role = "*", .need = Need::Exact, .why = "exponentiated in backward"}}},

    // Integers at their true width, masks and comparisons at a bit: lossless whatever the need.
    {.name = "embedding", .rules = {{.role = "indices", .need = Need::Values, .why = "integers"}}},
    {.name = "index_select", .rules = {{.role = "index", .need = Need::Values, .why = "integers"}}},
    {.name = "index_add",
     .rules = {{.role = "index", .need = Need::Values, .why = "integers"},
               {.role = "source", .need = Need::Shape, .why = "backward selects from the gradient"}}},
    {.name = "gather", .rules = {{.role = "index", .need = Need::Values, .why = "integers"}}},
    {.name = "scatter_add", .rules = {{.role = "index", .need = Need::Values, .why = "integers"}}},
    {.name = "index", .rules = {{.role = "*", .need = Need::Values, .why = "integers"}}},
    {.name = "where", .rules = {{.role = "condition", .need = Need::Values, .why = "bools"}}},
    {.name = "masked_fill", .rules = {{.role = "mask", .need = Need::Values, .why = "bools"}}},
    {.name = "native_dropout", .rules = {{.role = "mask", .need = Need::Values, .why = "bools"}}, .results = {"mask"}},
    {.name = "sort", .results = {"indices"}},
    {.name = "topk", .results = {"indices"}},
    {.name = "nll_loss_forward",
     .rules = {{.role = "target", .need = Need::Values, .why = "integers"},
               {.role = "self", .need = Need::Shape, .why = "backward writes -weight at the target"},
               {.role = "total_weight", .need = Need::Exact, .why = "a divisor"}},
     .results = {"total_weight"}},
    {.name = "nll_loss2d_forward",
     .rules = {{.role = "target", .need = Need::Values, .why = "integers"},
               {.role = "self", .need = Need::Shape, .why = "as in one dimension"},
               {.role = "total_weight", .need = Need::Exact, .why = "a divisor"}},
     .results = {"total_weight"}},

    // Selection: backward compares elements with each other or with zero; rounding would choose others.
    {.name = "abs", .rules = {{.role = "self", .need = Need::Signum, .why = "times the sign, which is zero at zero"}}},
    {.name = "maximum", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "minimum", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "fmax", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "fmin", .rules = {{.role = "*", .need = Need::Exact, .why = "compared with each other"}}},
    {.name = "max",
     .rules = {{.role = "self", .need = Need::Exact, .why = "compared with the result"}},
     .results = {"indices"}},
    {.name = "min",
     .rules = {{.role = "self", .need = Need::Exact, .why = "compared with the result"}},
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
    {.name = "avg_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward spreads the gradient evenly"}}},
    {.name = "avg_pool3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}}},
    {.name = "_adaptive_avg_pool2d",
     .rules = {{.role = "self", .need = Need::Shape, .why = "linear: backward spreads the gradient evenly"}}},
    {.name = "_adaptive_avg_pool3d", .rules = {{.role = "self", .need = Need::Shape, .why = "as in two dimensions"}}},

    // Divisors, logarithms, inverses: a rounded value may be zero, or lie on the other side of a pole.
    {.name = "div",
     .rules = {{.role = "self", .need = Need::Values, .why = "the divisor's gradient is linear in it"},
               {.role = "other", .need = Need::Exact, .why = "divisor: a rounded value may be zero"}}},
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
    {.name = "binary_cross_entropy", .rules = {{.role = "self", .need = Need::Exact, .why = "divided by x(1 - x)"}}},
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

std::string_view plain_name(std::string_view op) {
  if (op.starts_with("aten::")) op.remove_prefix(6);
  if (op.ends_with('_')) op.remove_suffix(1);
  return op;
}

const Operator* entry_of(std::string_view op) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Operator*> index;
    for (const Operator& entry : kOperators) index.emplace(entry.name, &entry);
    return index;
  }();
  const auto found = by_name.find(plain_name(op));
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace

std::span<const Operator> operator_table() { return kOperators; }

const Rule& rule_of(std::string_view op, std::string_view role) {
  static constexpr Rule kDefault = {.role = "*", .need = Need::Values, .why = "rounding adds noise without bias"};
  const Operator* entry = entry_of(op);
  if (!entry) return kDefault;
  const auto rule = std::find_if(entry->rules.begin(), entry->rules.end(),
                                 [&](const Rule& one) { return one.role == role || one.role == "*"; });
  return rule == entry->rules.end() ? kDefault : *rule;
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
