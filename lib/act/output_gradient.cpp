#include "terse/act/output_gradient.hpp"

namespace terse::act {

std::shared_ptr<OutputGradient> OutputGradient::watch(const at::Tensor& output) {
  auto watched = std::make_shared<OutputGradient>();
  output.register_hook([watched](const at::Tensor& gradient) {
    const double norm = at::linalg_vector_norm(gradient, 2, {}, false, at::kDouble).item<double>();
    watched->squared_norm_ = norm * norm;
  });
  return watched;
}

}  // namespace terse::act
