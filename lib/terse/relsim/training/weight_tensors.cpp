#include "terse/relsim/training/weight_tensors.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "terse/core/error.hpp"

namespace terse::relsim {

formats::Tensor weight_tensor(std::string name, const at::Tensor& tensor) {
  const auto contiguous = tensor.contiguous();
  return formats::make_tensor(std::move(name), contiguous.sizes().vec(),
                              std::span<const float>(contiguous.data_ptr<float>(), contiguous.numel()));
}

at::Tensor load_tensor(const std::vector<formats::Tensor>& group, const std::string& name, const at::Tensor& like) {
  const auto found = std::ranges::find_if(group, [&](const auto& t) { return t.info.name == name; });
  if (found == group.end() || found->info.dtype != core::DType::Float32 ||
      at::IntArrayRef(found->info.shape) != like.sizes()) {
    throw Error(Error::BadInput, "tensor '" + name + "' is missing or does not fit");
  }
  auto tensor = at::empty(like.sizes(), like.options().requires_grad(false));
  std::memcpy(tensor.data_ptr(), found->data.data(), found->data.size());
  return tensor;
}

}  // namespace terse::relsim
