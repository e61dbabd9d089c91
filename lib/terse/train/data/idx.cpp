#include "terse/train/data/idx.hpp"

#include <cstring>

#include "terse/formats/foreign/idx.hpp"

namespace terse::train {

at::Tensor read_idx(const std::string& path, std::int64_t rank) {
  const auto image = formats::read_idx(core::open_source(path), static_cast<std::size_t>(rank));
  auto tensor = at::empty(image.info.shape, at::kByte);
  if (!image.data.empty()) std::memcpy(tensor.mutable_data_ptr(), image.data.data(), image.data.size());
  return tensor;
}

}  // namespace terse::train
