#include "terse/act/stored/normalised_tensor.hpp"

#include "terse/act/stored/substitution.hpp"

namespace terse::act {

namespace {

Form compact_form(const at::Tensor& input) {
  Form form = Form::of(input);
  const Geometry geometry = Geometry::of(input);
  if (geometry.has_gaps || geometry.encoded_count != input.numel()) {
    form.strides = at::empty(form.sizes, at::TensorOptions(at::kMeta)).strides().vec();
  }
  return form;
}

}  // namespace

NormalisedTensor::NormalisedTensor(std::shared_ptr<EncodedTensor> rows, std::int64_t length, const at::Tensor& input)
    : rows_(std::move(rows)), length_(length), form_(compact_form(input)) {}

at::Tensor NormalisedTensor::restore() {
  const at::NoGradGuard no_grad;
  const at::Tensor mean = mean_->restore().view({-1, 1}), rstd = rstd_->restore().view({-1, 1});
  const at::Tensor rows = Substitution::of(rows_.get())->restore().view({-1, length_});
  // (x - mean) rstd is what the rows are of: small rows have less than variance 1, by the layer norm's epsilon.
  const at::Tensor offset = mean - rows.mean(1, /*keepdim=*/true).div_(rstd);
  at::Tensor x = at::addcdiv(offset, rows, rstd).view(form_.sizes);
  if (x.strides() == form_.strides) return x;
  return at::empty_strided(form_.sizes, form_.strides, form_.type).copy_(x);
}

bool NormalisedTensor::draws_on(const StoredTensor& other) const { return this == &other || rows_->draws_on(other); }

NormalisedRows normalised_rows(const at::Tensor& input, const RunningOperator& running) {
  const at::ScalarType type = input.scalar_type();
  const auto shape = running.integers("normalized_shape");
  const auto epsilon = running.number("eps");
  if (shape.empty() || !epsilon || (type != at::kFloat && type != at::kDouble)) return {};
  const at::NoGradGuard no_grad;
  std::int64_t length = 1;
  for (const std::int64_t size : shape) length *= size;
  auto [rows, mean, rstd] = at::native_layer_norm(input, shape, {}, {}, *epsilon);
  return {std::move(rows), std::move(mean), std::move(rstd), length};
}

}  // namespace terse::act
