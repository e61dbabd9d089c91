#include "terse/act/packing/shared_tensors.hpp"

#include "terse/act/tensor/geometry.hpp"

namespace terse::act {

namespace {

std::int64_t gapless_span(const at::Tensor& tensor) {
  const Geometry geometry = Geometry::of(tensor);
  return geometry.has_gaps ? 0 : geometry.encoded_count;
}

/// Not a view of what another entry holds.
bool is_encoded(const SharedTensors::Entry& entry) {
  return std::dynamic_pointer_cast<EncodedTensor>(entry.stored.lock()) != nullptr;
}

/// The memory itself is held.
bool is_kept(const SharedTensors::Entry& entry) {
  return std::dynamic_pointer_cast<KeptTensor>(entry.stored.lock()) != nullptr;
}

}  // namespace

bool SharedTensors::Content::is(const at::Tensor& tensor) const {
  return version == static_cast<std::uint32_t>(tensor._version()) && offset == tensor.storage_offset() &&
         type == tensor.scalar_type() && tensor.sizes() == sizes && tensor.strides() == strides;
}

bool SharedTensors::Content::covers_memory_of(const at::Tensor& tensor, std::int64_t its_span) const {
  return version == static_cast<std::uint32_t>(tensor._version()) && offset == tensor.storage_offset() &&
         type == tensor.scalar_type() && span > 0 && span == its_span;
}

template <class Same, class Fits>
const SharedTensors::Entry* SharedTensors::find_entry(const at::Tensor& tensor, const Same& same,
                                                      const Fits& fits) const {
  const auto [first, last] = contents_.equal_range(tensor.storage().unsafeGetStorageImpl());
  for (auto content = first; content != last; ++content) {
    if (!same(content->second)) continue;
    for (const Entry& entry : content->second.entries) {
      if (!entry.stored.expired() && fits(entry)) return &entry;
    }
  }
  return nullptr;
}

const SharedTensors::Entry* SharedTensors::find(const at::Tensor& tensor, const Requirement& need) const {
  return find_entry(
      tensor, [&](const Content& content) { return content.is(tensor); },
      [&](const Entry& entry) { return entry.exact || entry.need == need; });
}

const SharedTensors::Entry* SharedTensors::find_same_memory(const at::Tensor& tensor, const Requirement& need) const {
  const std::int64_t span = gapless_span(tensor);
  return find_entry(
      tensor, [&](const Content& content) { return content.covers_memory_of(tensor, span); },
      [&](const Entry& entry) { return is_kept(entry) || ((entry.exact || entry.need == need) && is_encoded(entry)); });
}

const SharedTensors::Entry* SharedTensors::find_made_for(const at::Tensor& tensor, const Requirement& need) const {
  const std::int64_t span = gapless_span(tensor);
  return find_entry(
      tensor, [&](const Content& content) { return content.is(tensor) || content.covers_memory_of(tensor, span); },
      [&](const Entry& entry) { return entry.need == need && is_encoded(entry); });
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
                  gapless_span(tensor),         {}};
  content.entries.push_back(std::move(entry));
  contents_.emplace(storage.unsafeGetStorageImpl(), std::move(content));
}

}  // namespace terse::act
