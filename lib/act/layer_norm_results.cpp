#include "terse/act/layer_norm_results.hpp"

#include "terse/act/geometry.hpp"
#include "terse/act/gradient_probe.hpp"

namespace terse::act {

namespace {

constexpr std::string_view kOperator = "aten::native_layer_norm";
constexpr std::string_view kNode = "NativeLayerNormBackward0";

/// As the unpack hook would: a probe restores another form.
at::Tensor restored(const std::shared_ptr<StoredTensor>& stored) {
  return stored ? Substitution::of(stored.get())->restore() : at::Tensor();
}

/// Whether `tensor` is seen through the whole memory of `base`.
bool covers(const at::Tensor& tensor, const at::Tensor& base) {
  const Geometry geometry = Geometry::of(tensor);
  return !geometry.has_gaps && geometry.encoded_count == base.numel() &&
         tensor.storage_offset() == base.storage_offset();
}

}  // namespace

LayerNormResult::LayerNormResult(LayerNormParts parts, const at::Tensor& tensor)
    : parts_(std::move(parts)),
      type_(tensor.scalar_type()),
      sizes_(tensor.sizes().vec()),
      strides_(tensor.strides().vec()) {}

at::Tensor LayerNormResult::restore() {
  const at::NoGradGuard no_grad;
  const at::Tensor mean = restored(parts_.mean), weight = restored(parts_.weight), bias = restored(parts_.bias);
  at::Tensor y = restored(parts_.input).to(mean.scalar_type()).sub(mean).mul_(restored(parts_.rstd));
  if (weight.defined()) y.mul_(weight);
  if (bias.defined()) y.add_(bias);
  return view_of(y.to(type_).contiguous().storage(), type_, sizes_, strides_);
}

bool LayerNormResult::draws_on(const StoredTensor& other) const {
  return this == &other || parts_.input->draws_on(other);
}

void LayerNormResults::note(const SavedTensor& info, const std::shared_ptr<StoredTensor>& stored) {
  if (info.op != kOperator) return;
  Saved& saved = layer_norms_[saving_node()];
  if (info.role == "input") {
    saved.input = stored;
    saved.input_id = info.reason == Reason::Shared ? info.shared_with : info.id;
  } else if (info.role == "weight") {
    saved.weight = stored;
    saved.has_weight = true;
  } else if (info.role == "bias") {
    saved.bias = stored;
    saved.has_bias = true;
  } else if (info.role == "mean") {
    saved.mean = stored;
  } else if (info.role == "rstd") {
    saved.rstd = stored;
  }
}

std::shared_ptr<StoredTensor> LayerNormResults::find(const at::Tensor& tensor, std::string& input_id) const {
  if (layer_norms_.empty()) return nullptr;
  const at::Tensor base(tensor.is_view() ? tensor._base() : static_cast<const at::TensorBase&>(tensor));
  const auto node = base.grad_fn();
  if (!node || base.output_nr() != 0 || base._version() != 0 || node->name() != kNode || !base.is_contiguous() ||
      base.scalar_type() != tensor.scalar_type() || !covers(tensor, base)) {
    return nullptr;
  }
  const auto found = layer_norms_.find(node->sequence_nr());
  if (found == layer_norms_.end()) return nullptr;
  const Saved& saved = found->second;
  LayerNormParts parts{saved.input.lock(), saved.mean.lock(), saved.rstd.lock(), saved.weight.lock(),
                       saved.bias.lock()};
  const bool complete = parts.input && parts.mean && parts.rstd && (parts.weight || !saved.has_weight) &&
                        (parts.bias || !saved.has_bias);
  if (!complete) return nullptr;
  input_id = saved.input_id;
  return std::make_shared<LayerNormResult>(std::move(parts), tensor);
}

}  // namespace terse::act
