#include "terse/train/base/tensor_exchange.hpp"

#include <cstring>
#include <map>
#include <sstream>

#include "terse/act/tensor/dtype.hpp"
#include "terse/core/error.hpp"

namespace terse::train {

namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::ostringstream text;
  text << at::IntArrayRef(shape);
  return text.str();
}

core::DType dtype_of(const std::string& name, const at::Tensor& tensor) {
  const auto dtype = act::from_torch(tensor.scalar_type());
  if (!dtype) {
    throw Error(Error::Usage, name + ": elements of type " + c10::toString(tensor.scalar_type()) + " cannot be stored");
  }
  return *dtype;
}

}  // namespace

TensorViews::TensorViews(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const auto& held = held_.emplace_back(tensor.detach().contiguous());
    views_.emplace_back(formats::TensorInfo{name, dtype_of(name, held), held.sizes().vec()},
                        std::span(static_cast<const std::byte*>(held.const_data_ptr()), held.nbytes()));
  }
}

void copy_into(const NamedTensors& target, std::span<const formats::Tensor> source, const std::string& origin) {
  torch::NoGradGuard guard;
  std::map<std::string, const formats::Tensor*> by_name;
  for (const auto& tensor : source) by_name.emplace(tensor.info.name, &tensor);
  for (const auto& [name, tensor] : target) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) throw Error(Error::BadInput, origin + ": tensor '" + name + "' is missing");
    const auto& [info, data] = *found->second;
    if (info.shape != tensor.sizes().vec() || info.dtype != dtype_of(name, tensor)) {
      throw Error(Error::BadInput, origin + ": tensor '" + name + "' is " + std::string(core::to_string(info.dtype)) +
                                       " " + shape_text(info.shape) + ", the model's is " +
                                       c10::toString(tensor.scalar_type()) + " " + shape_text(tensor.sizes().vec()));
    }
    auto copy = at::empty(tensor.sizes(), tensor.options().memory_format(at::MemoryFormat::Contiguous));
    std::memcpy(copy.mutable_data_ptr(), data.data(), data.size());
    tensor.copy_(copy);
    by_name.erase(found);
  }
  if (!by_name.empty()) {
    throw Error(Error::BadInput, origin + ": the model has no tensor '" + by_name.begin()->first + "'");
  }
}

}  // namespace terse::train
