#include "terse/act/stored/negative_part.hpp"

#include "terse/act/stored/substitution.hpp"

namespace terse::act {

namespace {

constexpr double kLeastDepth = 1e-30;  // of a zero

}  // namespace

at::Tensor depths_of(const at::Tensor& tensor) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = tensor.detach().to(tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  return x.neg().clamp_min_(kLeastDepth).masked_fill_(x > 0, 0);
}

at::Tensor NegativePart::restore() {
  const at::NoGradGuard no_grad;
  const at::Tensor below = signs_->restore() > 0;
  const at::Tensor depths = Substitution::of(depths_.get())->restore();
  return at::where(below, depths.clamp_min(0).neg_(), 1.0).to(type_);
}

void NegativePart::swap_out(Swapper& swapper) {
  depths_->swap_out(swapper);
  signs_->swap_out(swapper);
}

void NegativePart::note_use() {
  depths_->note_use();
  signs_->note_use();
}

}  // namespace terse::act
