#include "terse/act/operators/rules.hpp"

#include <unordered_map>
#include <vector>

namespace terse::act {

namespace {

// The first rule that fits an operator and a role counts.
constexpr Rule kRules[] = {
    // Piecewise linear operators: backward asks on which piece an element lies. Exact at 1 bit.
    {"relu", "result", Need::Positive, "backward passes the gradient where result > 0"},
    {"leaky_relu", "*", Need::Sign, "the slope is chosen by the sign"},
    {"rrelu_with_noise", "self", Need::Sign, "the slope is chosen by the sign"},
    {"threshold", "*", Need::Inside, "passes the gradient above the threshold", "threshold", ""},
    {"hardtanh", "*", Need::Inside, "passes the gradient between both ends", "min_val", "max_val"},
    {"hardsigmoid", "self", Need::Inside, "passes the gradient between both ends", "-3", "3"},
    {"hardshrink", "self", Need::Exact, "compared with both ends"},
    {"clamp", "self", Need::Within, "passes the gradient between both ends", "min", "max"},
    {"clamp_min", "self", Need::Within, "passes the gradient above the bound", "min", ""},
    {"clamp_max", "self", Need::Within, "passes the gradient below the bound", "", "max"},
    {"clamp", "*", Need::Exact, "bounds that are tensors"},

    // Rounded: backward is linear in it, or smooth, so that rounding adds noise and next to no bias. What the table
    // does not name is treated the same way; these are named so that what a network saves can be accounted for.
    {"convolution", "input", Need::Values, "the weight's gradient is linear in it"},
    {"convolution_overrideable", "input", Need::Values, "the weight's gradient is linear in it"},
    {"addmm", "*", Need::Values, "the other factor's gradient is linear in it"},
    {"mm", "*", Need::Values, "the other factor's gradient is linear in it"},
    {"bmm", "*", Need::Values, "the other factor's gradient is linear in it"},
    {"baddbmm", "*", Need::Values, "the other factor's gradient is linear in it"},
    {"mul", "*", Need::Values, "the other factor's gradient is linear in it; a dropout's noise is two values"},
    {"div", "self", Need::Values, "the divisor's gradient is linear in it"},
    {"native_batch_norm", "input", Need::Values, "linear in it beside the exact statistics"},
    {"native_layer_norm",
     "input",
     Need::Values,
     "as rows of one scale beside their statistics; its result is derived",
     {},
     {},
     0,
     /*rows=*/true},
    {"native_group_norm", "input", Need::Values, "linear in it beside the exact statistics"},
    {"gelu",
     "self",
     Need::Values,
     "a smooth slope, and what follows is derived: at 1 bit its mean is another",
     {},
     {},
     2},
    {"silu",
     "self",
     Need::Values,
     "a smooth slope, and what follows is derived: at 1 bit its mean is another",
     {},
     {},
     2},
    {"mish",
     "self",
     Need::Values,
     "a smooth slope, and what follows is derived: at 1 bit its mean is another",
     {},
     {},
     2},
    {"hardswish", "self", Need::Values, "a slope without steps but at both ends"},
    {"sigmoid", "result", Need::Values, "y (1 - y), whose mean is less by the variance", {}, {}, 2},
    {"tanh", "result", Need::Values, "1 - y^2, whose mean is less by the variance", {}, {}, 2},
    {"elu", "*", Need::Values, "a smooth slope"},
    {"terse::lstm", "input", Need::Values, "the weight's gradient is linear in it"},
    {"terse::lstm", "*", Need::Values, "y (1 - y) and 1 - y^2, whose means are less by the variance", {}, {}, 2},
    {"_softmax", "result", Need::Values, "y (g - sum g y)"},
    {"_safe_softmax", "result", Need::Values, "y (g - sum g y)"},
    {"_scaled_dot_product_flash_attention_for_cpu", "query", Need::Values, "logits, exponentiated again", {}, {}, 2},
    {"_scaled_dot_product_flash_attention_for_cpu", "key", Need::Values, "logits, exponentiated again", {}, {}, 2},
    {"_scaled_dot_product_flash_attention_for_cpu", "value", Need::Values, "linear"},
    {"_scaled_dot_product_flash_attention_for_cpu", "output", Need::Values, "linear: its products with the gradient"},

    // Lossless whatever the need: integers at their true width, masks and comparisons at a bit.
    {"embedding", "indices", Need::Values, "integers"},
    {"index_select", "index", Need::Values, "integers"},
    {"index_add", "index", Need::Values, "integers"},
    {"index_add", "source", Need::Shape, "backward selects from the gradient"},
    {"gather", "index", Need::Values, "integers"},
    {"scatter_add", "index", Need::Values, "integers"},
    {"index", "*", Need::Values, "integers"},
    {"where", "condition", Need::Values, "bools"},
    {"masked_fill", "mask", Need::Values, "bools"},
    {"native_dropout", "mask", Need::Values, "bools"},
    {"nll_loss_forward", "target", Need::Values, "integers"},
    {"nll_loss2d_forward", "target", Need::Values, "integers"},

    // Selection: backward compares elements with each other or with zero; rounding would choose others.
    {"abs", "self", Need::Signum, "times the sign, which is zero at zero"},
    {"maximum", "*", Need::Exact, "compared with each other"},
    {"minimum", "*", Need::Exact, "compared with each other"},
    {"fmax", "*", Need::Exact, "compared with each other"},
    {"fmin", "*", Need::Exact, "compared with each other"},
    {"max", "self", Need::Exact, "compared with the result"},
    {"max", "result", Need::Exact, "compared with self"},
    {"min", "self", Need::Exact, "compared with the result"},
    {"min", "result", Need::Exact, "compared with self"},
    {"amax", "*", Need::Exact, "compared with each other"},
    {"amin", "*", Need::Exact, "compared with each other"},
    {"l1_loss", "*", Need::Exact, "times the sign of the difference"},
    {"smooth_l1_loss", "*", Need::Exact, "difference compared with beta"},
    {"huber_loss", "*", Need::Exact, "difference compared with delta"},

    // Pooling and losses that ask for sizes alone, or for positions.
    {"max_pool2d_with_indices", "self", Need::Shape, "backward scatters through the indices"},
    {"max_pool2d_with_indices", "indices", Need::Window, "one of the window's few positions"},
    {"max_pool3d_with_indices", "self", Need::Shape, "as in two dimensions"},
    {"adaptive_max_pool2d", "self", Need::Shape, "backward scatters through the indices"},
    {"adaptive_max_pool3d", "self", Need::Shape, "as in two dimensions"},
    {"avg_pool2d", "self", Need::Shape, "linear: backward spreads the gradient evenly"},
    {"avg_pool3d", "self", Need::Shape, "as in two dimensions"},
    {"_adaptive_avg_pool2d", "self", Need::Shape, "linear: backward spreads the gradient evenly"},
    {"_adaptive_avg_pool3d", "self", Need::Shape, "as in two dimensions"},
    {"nll_loss_forward", "self", Need::Shape, "backward writes -weight at the target"},
    {"nll_loss2d_forward", "self", Need::Shape, "as in one dimension"},
    {"nll_loss_forward", "total_weight", Need::Exact, "a divisor"},
    {"nll_loss2d_forward", "total_weight", Need::Exact, "a divisor"},

    // Statistics: few, and shared by many elements.
    {"native_batch_norm", "save_mean", Need::Exact, "statistics"},
    {"native_batch_norm", "save_invstd", Need::Exact, "statistics"},
    {"_native_batch_norm_legit", "save_mean", Need::Exact, "statistics"},
    {"_native_batch_norm_legit", "save_invstd", Need::Exact, "statistics"},
    {"_batch_norm_with_update", "save_mean", Need::Exact, "statistics"},
    {"_batch_norm_with_update", "save_var", Need::Exact, "statistics"},
    {"native_layer_norm", "mean", Need::Exact, "statistics: one a row"},
    {"native_layer_norm", "rstd", Need::Exact, "statistics: one a row"},
    {"native_group_norm", "mean", Need::Exact, "statistics: one a group"},
    {"native_group_norm", "rstd", Need::Exact, "statistics: one a group"},
    {"_fused_rms_norm", "rstd", Need::Exact, "statistics: one a row"},

    // Exponents.
    {"_scaled_dot_product_flash_attention_for_cpu", "logsumexp", Need::Exact, "exponentiated in backward"},
    {"_scaled_dot_product_flash_attention_for_cpu", "attn_mask", Need::Exact, "may hold -inf; added to logits"},
    {"_log_softmax", "result", Need::Logarithm, "linear in its exponentials, the probabilities"},
    {"logsumexp", "*", Need::Exact, "exponentiated in backward"},
    {"_logcumsumexp", "*", Need::Exact, "exponentiated in backward"},
    {"_ctc_loss", "*", Need::Exact, "exponentiated in backward"},

    {"logaddexp", "*", Need::Exact, "exponentiated in backward"},

    // Divisors, logarithms, inverses: a rounded value may be zero or lie on the other side of a pole.
    {"div", "other", Need::Exact, "divisor: a rounded value may be zero"},
    {"reciprocal", "result", Need::Exact, "its square multiplies the gradient; inputs near zero"},
    {"sqrt", "result", Need::Exact, "divisor"},
    {"rsqrt", "result", Need::Exact, "its cube multiplies the gradient"},
    {"log", "self", Need::Exact, "divisor"},
    {"log2", "self", Need::Exact, "divisor"},
    {"log10", "self", Need::Exact, "divisor"},
    {"log1p", "self", Need::Exact, "divisor"},
    {"logit", "self", Need::Exact, "divisor"},
    {"xlogy", "*", Need::Exact, "divisor and logarithm"},
    {"pow", "*", Need::Exact, "logarithms and negative powers"},
    {"float_power", "*", Need::Exact, "logarithms and negative powers"},
    {"norm", "*", Need::Exact, "divided by the result"},
    {"linalg_vector_norm", "*", Need::Exact, "divided by the result"},
    {"renorm", "*", Need::Exact, "divided by a norm"},
    {"_weight_norm_interface", "*", Need::Exact, "divided by a norm"},
    {"_cdist_forward", "*", Need::Exact, "divided by the result"},
    {"_pdist_forward", "*", Need::Exact, "divided by the result"},
    {"std", "*", Need::Exact, "divided by the result"},
    {"std_mean", "*", Need::Exact, "divided by the result"},
    {"prod", "*", Need::Exact, "result divided by each element"},
    {"cumprod", "*", Need::Exact, "result divided by each element"},
    {"acos", "self", Need::Exact, "divided by sqrt(1 - x^2)"},
    {"asin", "self", Need::Exact, "divided by sqrt(1 - x^2)"},
    {"acosh", "self", Need::Exact, "divided by sqrt(x^2 - 1)"},
    {"atanh", "self", Need::Exact, "divided by 1 - x^2"},
    {"atan2", "*", Need::Exact, "divided by the squared radius"},
    {"hypot", "*", Need::Exact, "divided by the result"},
    {"tan", "result", Need::Exact, "its square multiplies the gradient"},
    {"erfinv", "self", Need::Exact, "exponential of its square"},
    {"lgamma", "self", Need::Exact, "poles"},
    {"digamma", "self", Need::Exact, "poles"},
    {"polygamma", "self", Need::Exact, "poles"},
    {"binary_cross_entropy", "self", Need::Exact, "divided by x(1 - x)"},
    {"poisson_nll_loss", "*", Need::Exact, "logarithms"},
    {"linalg_inv_ex", "*", Need::Exact, "matrix inverse: ill-conditioned"},
    {"linalg_solve_ex", "*", Need::Exact, "matrix inverse"},
    {"_linalg_solve_ex", "*", Need::Exact, "matrix inverse"},
    {"linalg_cholesky_ex", "*", Need::Exact, "matrix inverse"},
    {"cholesky_inverse", "*", Need::Exact, "matrix inverse"},
    {"linalg_lu_factor_ex", "*", Need::Exact, "matrix inverse"},
    {"linalg_qr", "*", Need::Exact, "matrix inverse"},
    {"_linalg_det", "*", Need::Exact, "matrix inverse"},
    {"_linalg_slogdet", "*", Need::Exact, "matrix inverse"},
    {"_linalg_svd", "*", Need::Exact, "differences of singular values divide"},
    {"_linalg_eigh", "*", Need::Exact, "differences of eigenvalues divide"},
    {"linalg_eig", "*", Need::Exact, "differences of eigenvalues divide"},
    {"linalg_matrix_exp", "*", Need::Exact, "exponential"},
};

struct Results {
  std::string_view op;
  std::vector<std::string_view> roles;  // in the order in which the operator saves its results
};

const std::vector<Results>& saved_results() {
  static const std::vector<Results> table = {
      {"native_batch_norm", {"save_mean", "save_invstd"}},
      {"_native_batch_norm_legit", {"save_mean", "save_invstd"}},
      {"_batch_norm_with_update", {"save_mean", "save_var", "reserve"}},
      {"native_layer_norm", {"mean", "rstd"}},
      {"native_group_norm", {"mean", "rstd"}},
      {"_fused_rms_norm", {"rstd"}},
      {"max_pool2d_with_indices", {"indices"}},
      {"max_pool3d_with_indices", {"indices"}},
      {"adaptive_max_pool2d", {"indices"}},
      {"adaptive_max_pool3d", {"indices"}},
      {"max", {"indices"}},
      {"min", {"indices"}},
      {"sort", {"indices"}},
      {"topk", {"indices"}},
      {"nll_loss_forward", {"total_weight"}},
      {"nll_loss2d_forward", {"total_weight"}},
      {"native_dropout", {"mask"}},
      {"terse::lstm", {"input", "gates", "cells"}},
      {"_scaled_dot_product_flash_attention_for_cpu", {"logsumexp", "output"}},
  };
  return table;
}

std::string_view plain_name(std::string_view op) {
  if (op.starts_with("aten::")) op.remove_prefix(6);
  if (op.ends_with('_')) op.remove_suffix(1);
  return op;
}

}  // namespace

const Rule& rule_of(std::string_view op, std::string_view role) {
  static const auto by_op = [] {
    std::unordered_map<std::string_view, std::vector<const Rule*>> index;
    for (const Rule& rule : kRules) index[rule.op].push_back(&rule);
    return index;
  }();
  static constexpr Rule kDefault = {"*", "*", Need::Values, "rounding adds noise without bias"};
  const auto rules = by_op.find(plain_name(op));
  if (rules == by_op.end()) return kDefault;
  for (const Rule* rule : rules->second) {
    if (rule->role == role || rule->role == "*") return *rule;
  }
  return kDefault;
}

std::string result_role(std::string_view op, std::uint32_t k) {
  for (const Results& results : saved_results()) {
    if (results.op == plain_name(op) && k < results.roles.size()) return std::string(results.roles[k]);
  }
  return k == 0 ? "result" : "result" + std::to_string(k);
}

}  // namespace terse::act
