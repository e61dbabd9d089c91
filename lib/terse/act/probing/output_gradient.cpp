#include "terse/act/probing/output_gradient.hpp"

#include "terse/act/tensor/graph.hpp"

namespace terse::act {

std::shared_ptr<OutputGradient> OutputGradient::watch(const at::Tensor& output) {
  auto watched = std::make_shared<OutputGradient>();
  output.register_hook([watched](const at::Tensor& gradient) { watched->squared_norm_ = act::squared_norm(gradient); });
  return watched;
}

}  // namespace terse::act
