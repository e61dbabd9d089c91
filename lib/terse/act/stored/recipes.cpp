#include "terse/act/stored/recipes.hpp"

#include <algorithm>

namespace terse::act {

namespace {

using Tensors = std::vector<at::Tensor>;

/// (x - mean) rstd weight + bias with the exact statistics: linear in x, so that rounding x leaves it without bias.
Tensors layer_norm(const Tensors& parts) {
  const at::Tensor &x = parts[0], &mean = parts[1], &rstd = parts[2], &weight = parts[3], &bias = parts[4];
  at::Tensor y = x.to(mean.scalar_type()).sub(mean).mul_(rstd);
  if (weight.defined()) y.mul_(weight);
  if (bias.defined()) y.add_(bias);
  return {y.to(x.scalar_type())};
}

/// The operator itself: the same sums in the same order.
Derivation::Compute of_exact_layer_norm(const OperatorTracker& running) {
  const auto shape = running.integers("normalized_shape");
  const auto epsilon = running.number("eps");
  if (shape.empty() || !epsilon) return layer_norm;
  return [shape, epsilon = *epsilon](const Tensors& parts) -> Tensors {
    const auto given = [](const at::Tensor& part) { return part.defined() ? std::optional(part) : std::nullopt; };
    return {std::get<0>(at::native_layer_norm(parts[0], shape, given(parts[3]), given(parts[4]), epsilon))};
  };
}

Tensors scaled_rows(const Tensors& parts) {
  const at::Tensor &rows = parts[0], &weight = parts[3], &bias = parts[4];
  if (weight.defined() && bias.defined()) return {at::addcmul(bias, rows, weight)};
  if (weight.defined()) return {rows.mul(weight)};
  return {bias.defined() ? rows.add(bias) : rows};
}

Derivation::Compute of_layer_norm(const OperatorTracker&) { return layer_norm; }

Derivation::Compute of_gelu(const OperatorTracker& running) {
  return [approximate = running.text("approximate")](const Tensors& parts) -> Tensors {
    return {at::gelu(parts[0], approximate)};
  };
}

Derivation::Compute of_silu(const OperatorTracker&) {
  return [](const Tensors& parts) -> Tensors { return {at::silu(parts[0])}; };
}

Derivation::Compute of_hardswish(const OperatorTracker&) {
  return [](const Tensors& parts) -> Tensors { return {at::hardswish(parts[0])}; };
}

Derivation::Compute of_mish(const OperatorTracker&) {
  return [](const Tensors& parts) -> Tensors { return {at::mish(parts[0])}; };
}

Derivation::Compute of_product(const OperatorTracker&) {
  return [](const Tensors& parts) -> Tensors { return {at::mul(parts[1], parts[0])}; };
}

/// Backward multiplies by exp(q k - logsumexp): with the logarithms of the exact q and k these are no probabilities,
/// and grow exponentially with the rounding. Those of the rounded ones sum to 1 a row, and fit the output.
Derivation::Compute of_attention(const OperatorTracker& running) {
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

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> table = {
      {"aten::native_layer_norm",
       "NativeLayerNormBackward0",
       {"input", "mean", "rstd", "weight", "bias"},
       3,
       {},
       of_layer_norm,
       false,
       false,
       of_exact_layer_norm,
       scaled_rows},
      {"aten::gelu", "GeluBackward0", {"self"}, 1, {}, of_gelu},
      {"aten::silu", "SiluBackward0", {"self"}, 1, {}, of_silu},
      {"aten::hardswish", "HardswishBackward0", {"self"}, 1, {}, of_hardswish},
      {"aten::mish", "MishBackward0", {"self"}, 1, {}, of_mish},
      {"aten::mul", "MulBackward0", {"other", "self"}, 1, {}, of_product, /*factor=*/true},
      {"aten::_scaled_dot_product_flash_attention_for_cpu",
       "ScaledDotProductFlashAttentionForCpuBackward0",
       {"query", "key", "value", "attn_mask"},
       3,
       {"output", "logsumexp"},
       of_attention,
       false,
       /*holds=*/true},
  };
  return table;
}

}  // namespace

const Recipe* recipe_of(std::string_view op) {
  const auto found =
      std::find_if(recipes().begin(), recipes().end(), [&](const Recipe& recipe) { return recipe.op == op; });
  return found == recipes().end() ? nullptr : &*found;
}

}  // namespace terse::act
