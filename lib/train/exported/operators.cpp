#include "terse/train/exported/operators.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace terse::train::exported {

namespace {

// One family a paragraph, sorted within it. An in-place variant ("relu_") is allowed with its operator; overloads
// that write to an `out` argument are not (the planner sees that in the schema). Left out on purpose: whatever opens files (from_file, save), swaps or
// resizes storage (set_, resize_), hands out raw handles (data_ptr, record_stream), sparse, quantized and nested
// tensors, and internal kernels that leave bounds checks to their callers (_reshape_alias, embedding_bag, fused ones).
// "name.overload" allows that overload alone.
constexpr std::string_view kAllowed[] = {
    // elementwise arithmetic
    "abs", "add", "addcdiv", "addcmul", "ceil", "clamp", "clamp_max", "clamp_min", "clip", "copysign", "div",
    "divide", "exp", "exp2", "expm1", "fix", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac",
    "hypot", "lerp", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logit", "maximum", "minimum",
    "mul", "multiply", "nan_to_num", "neg", "negative", "positive", "pow", "reciprocal", "remainder", "round",
    "rsqrt", "rsub", "sgn", "sign", "sqrt", "square", "sub", "subtract", "true_divide", "trunc", "xlogy",
    // trigonometric and special functions
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "digamma", "erf", "erfc",
    "erfinv", "lgamma", "rad2deg", "sin", "sinc", "sinh", "special_erf", "special_erfinv", "special_expit",
    "special_expm1", "special_log1p", "special_log_softmax", "special_logit", "special_softmax", "special_xlogy",
    "tan",
    // comparison, logic, bits
    "all", "any", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isfinite", "isinf", "isnan", "le", "less",
    "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne", "not_equal", "where",
    "__and__", "__lshift__", "__or__", "__rshift__", "__xor__",
    // activations
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_sigmoid", "log_sigmoid_forward",
    "mish", "prelu", "_prelu_kernel", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softplus", "softshrink",
    "tanh", "threshold",
    // softmax and normalisation
    "_log_softmax", "_safe_softmax", "_native_batch_norm_legit", "_native_batch_norm_legit_functional", "_softmax", "batch_norm",
    "group_norm", "instance_norm", "layer_norm", "linalg_norm", "linalg_vector_norm", "log_softmax", "native_batch_norm", "native_channel_shuffle", "native_group_norm", "native_layer_norm", "norm", "rms_norm", "softmax",
    "_weight_norm", "renorm",
    // products
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bilinear", "bmm", "chain_matmul", "cross", "dot", "einsum", "inner",
    "kron", "linear", "matmul", "mm", "mv", "outer", "scaled_dot_product_attention", "tensordot", "vdot",
    "_trilinear", "cosine_similarity", "cdist", "_euclidean_dist", "pairwise_distance", "linalg_cross", "linalg_matmul",
    // convolution and pooling
    "_convolution", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "avg_pool1d",
    "avg_pool2d", "avg_pool3d", "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "convolution", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "pixel_shuffle", "pixel_unshuffle",
    "im2col", "col2im",
    // recurrent layers over padded batches
    "gru.input", "lstm.input", "rnn_relu.input", "rnn_tanh.input",
    // resampling and padding
    "affine_grid_generator", "constant_pad_nd", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "pad",
    "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d", "replication_pad2d",
    "replication_pad3d", "upsample_bicubic2d", "upsample_bilinear2d", "upsample_linear1d", "upsample_nearest1d",
    "upsample_nearest2d", "upsample_nearest3d", "upsample_trilinear3d", "_upsample_bicubic2d_aa",
    "_upsample_bilinear2d_aa", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d",
    "_upsample_nearest_exact3d",
    // reductions
    "amax", "amin", "aminmax", "argmax", "argmin", "bincount", "count_nonzero", "cummax", "cummin", "cumprod", "cumsum",
    "diff", "histc",
    "logcumsumexp", "logsumexp", "max", "mean", "median", "min", "nanmean", "nansum", "prod", "quantile", "std",
    "std_mean", "sum", "trace", "var", "var_mean",
    // shapes and views
    "_unsafe_view", "alias", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d",
    "broadcast_tensors", "broadcast_to", "chunk", "contiguous", "detach", "diag", "diag_embed", "diagonal", "expand",
    "expand_as", "flatten", "flip", "fliplr", "flipud", "hsplit", "imag", "lift_fresh", "lift_fresh_copy",
    "meshgrid", "moveaxis", "movedim", "mT", "narrow", "numpy_T", "permute", "ravel", "real", "repeat",
    "repeat_interleave", "reshape", "reshape_as", "roll", "rot90", "select", "slice", "split", "split_with_sizes",
    "squeeze", "swapaxes", "swapdims", "t", "tensor_split", "tile", "transpose", "tril", "triu", "unbind",
    "unflatten", "unfold", "unsqueeze", "view", "view_as", "vsplit", "block_diag", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes", "permute_copy", "view_copy", "expand_copy", "slice_copy", "select_copy",
    // joining
    "cat", "column_stack", "concat", "concatenate", "dstack", "hstack", "stack", "vstack",
    // indexing
    "_unsafe_index", "bucketize", "embedding", "gather", "index", "index_add", "index_copy", "index_fill",
    "index_put", "index_select", "isin", "kthvalue", "masked_fill", "masked_scatter", "masked_select", "nonzero",
    "one_hot", "scatter", "scatter_add", "scatter_reduce", "select_scatter", "slice_scatter", "diagonal_scatter",
    "searchsorted", "sort", "argsort", "take", "take_along_dim", "topk", "tril_indices", "triu_indices", "unique_dim",
    "_unique2",
    // making tensors
    "arange", "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "fill", "full", "full_like",
    "linspace", "logspace", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "ones",
    "ones_like", "scalar_tensor", "zero", "zeros", "zeros_like",
    // copies and conversions
    "_to_copy", "clone", "copy", "to", "type_as", "item", "_local_scalar_dense",
    // randomness, from the default generator
    "alpha_dropout", "bernoulli", "dropout", "exponential", "feature_alpha_dropout", "feature_dropout", "multinomial",
    "native_dropout", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm",
    "uniform",
    // losses
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy_loss", "cosine_embedding_loss",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "nll_loss",
    "nll_loss2d", "nll_loss_nd", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    // transforms
    "fft_fft", "fft_fft2", "fft_ifft", "fft_ifft2", "fft_irfft", "fft_irfft2", "fft_rfft", "fft_rfft2", "hann_window",
    "istft", "stft",
    "view_as_complex", "view_as_real",
    // sizes and assertions
    "_assert_async", "_assert_scalar", "_assert_tensor_metadata", "sym_constrain_range",
    "sym_constrain_range_for_size", "sym_numel", "sym_size", "sym_storage_offset", "sym_stride",
};

constexpr auto kSorted = [] {
  std::array<std::string_view, std::size(kAllowed)> sorted{};
  std::copy(std::begin(kAllowed), std::end(kAllowed), sorted.begin());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}();
static_assert(std::adjacent_find(kSorted.begin(), kSorted.end()) == kSorted.end(), "an operator is listed twice");

constexpr EvaluationSwitch kSwitches[] = {
    {"aten::batch_norm", "training", "running_mean"},
    {"aten::native_batch_norm", "training", "running_mean"},
    {"aten::_native_batch_norm_legit", "training", "running_mean"},
    {"aten::_native_batch_norm_legit_functional", "training", "running_mean"},
    {"aten::instance_norm", "use_input_stats", "running_mean"},
    {"aten::dropout", "train", ""},
    {"aten::dropout_", "train", ""},
    {"aten::native_dropout", "train", ""},
    {"aten::alpha_dropout", "train", ""},
    {"aten::alpha_dropout_", "train", ""},
    {"aten::feature_dropout", "train", ""},
    {"aten::feature_dropout_", "train", ""},
    {"aten::feature_alpha_dropout", "train", ""},
    {"aten::feature_alpha_dropout_", "train", ""},
    {"aten::lstm", "train", ""},
    {"aten::gru", "train", ""},
    {"aten::rnn_relu", "train", ""},
    {"aten::rnn_tanh", "train", ""},
    {"aten::rrelu", "training", ""},
    {"aten::rrelu_", "training", ""},
    {"aten::scaled_dot_product_attention", "dropout_p", ""},
};

}  // namespace

std::optional<OperatorName> parse_target(std::string_view target) {
  constexpr std::string_view kPrefix = "torch.ops.";
  if (!target.starts_with(kPrefix)) return std::nullopt;
  target.remove_prefix(kPrefix.size());
  const std::size_t space = target.find('.');
  const std::size_t overload = target.rfind('.');
  if (space == std::string_view::npos || overload == space) return std::nullopt;
  OperatorName op{std::string(target.substr(0, space)) + "::" +
                      std::string(target.substr(space + 1, overload - space - 1)),
                  std::string(target.substr(overload + 1))};
  if (op.overload == "default") op.overload.clear();
  return op;
}

std::span<const std::string_view> allowed_operators() { return kSorted; }

bool is_allowed(const OperatorName& op) {
  constexpr std::string_view kNamespace = "aten::";
  if (!op.name.starts_with(kNamespace)) return false;
  const auto listed = [](std::string_view name) { return std::binary_search(kSorted.begin(), kSorted.end(), name); };
  std::string_view name = std::string_view(op.name).substr(kNamespace.size());
  if (listed(name) || listed(std::string(name) + "." + op.overload)) return true;
  if (!name.ends_with('_') || name.ends_with("__")) return false;
  name.remove_suffix(1);
  return listed(name);
}

const EvaluationSwitch* evaluation_switch(std::string_view name) {
  const auto found = std::find_if(std::begin(kSwitches), std::end(kSwitches),
                                  [&](const EvaluationSwitch& one) { return one.name == name; });
  return found == std::end(kSwitches) ? nullptr : found;
}

}  // namespace terse::train::exported
