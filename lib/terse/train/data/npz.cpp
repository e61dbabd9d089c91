#include "terse/train/data/npz.hpp"

#include <cstring>

#include "terse/act/tensor/dtype.hpp"
#include "terse/formats/foreign/npz.hpp"

namespace terse::train {

std::map<std::string, at::Tensor> read_npz(const std::string& path) {
  std::map<std::string, at::Tensor> arrays;
  formats::read_npz(core::open_source(path), [&](formats::Tensor&& array) {
    auto tensor = at::empty(array.info.shape, act::to_torch(array.info.dtype));
    if (!array.data.empty()) std::memcpy(tensor.mutable_data_ptr(), array.data.data(), array.data.size());
    arrays.emplace(array.info.name, std::move(tensor));
  });
  return arrays;
}

}  // namespace terse::train
