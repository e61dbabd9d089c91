#include "terse/act/shared_tensors.hpp"

namespace terse::act {

bool SharedTensors::Content::is(const at::Tensor& tensor) const {
  return version == static_cast<std::uint32_t>(tensor._version()) && offset == tensor.storage_offset() &&
         type == tensor.scalar_type() && tensor.sizes() == sizes && tensor.strides() == strides;
}

template <class Fits>
const SharedTensors::Entry* SharedTensors::find_entry(const at::Tensor& tensor, const Fits& fits) const {
  const auto [first, last] = contents_.equal_range(tensor.storage().unsafeGetStorageImpl());
  for (auto content = first; content != last; ++content) {
    if (!content->second.is(tensor)) continue;
    for (const Entry& entry : content->second.entries) {
      if (!entry.stored.expired() && fits(entry)) return &entry;
    }
  }
  return nullptr;
}

const SharedTensors::Entry* SharedTensors::find(const at::Tensor& tensor, const Requirement& need) const {
  return find_entry(tensor, [&](const Entry& entry) { return entry.exact || entry.need == need; });
}

const SharedTensors::Entry* SharedTensors::find_made_for(const at::Tensor& tensor, const Requirement& need) const {
  return find_entry(tensor, [&](const Entry& entry) { return entry.need == need; });
}

void SharedTensors::add(const at::Tensor& tensor, Entry entry) {
  const c10::Storage& storage = tensor.storage();
  const auto [first, last] = contents_.equal_range(storage.unsafeGetStorageImpl());
  for (auto content = first; content != last; ++content) {
    if (!content->second.is(tensor)) continue;
    content->second.entries.push_back(std::move(entry));
    return;
  }
  Content content{storage.getWeakStorageImpl(), static_cast<std::uint32_t>(tensor._version()),
                  tensor.storage_offset(),      tensor.scalar_type(),
                  tensor.sizes().vec(),         tensor.strides().vec(),
                  {}};
  content.entries.push_back(std::move(entry));
  contents_.emplace(storage.unsafeGetStorageImpl(), std::move(content));
}

}  // namespace terse::act
