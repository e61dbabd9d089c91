#include "terse/act/stored/stored_tensor.hpp"

#include <ATen/EmptyTensor.h>

#include <atomic>
#include <cstring>

#include "terse/act/memory/allocator.hpp"
#include "terse/act/stored/substitution.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/entropy/entropy.hpp"

namespace terse::act {

namespace {

std::atomic<std::int64_t> stored_tensors{0};

std::uint32_t version_of(const c10::VariableVersion& counter) {
  return counter.enabled() ? counter.current_version() : 0;
}

at::Tensor allocate_elements(std::int64_t count, at::ScalarType type) {
  return at::Tensor(at::detail::empty_cpu({count}, type));
}

std::span<std::byte> bytes_of(const at::Tensor& bytes) {
  return {static_cast<std::byte*>(bytes.data_ptr()), static_cast<std::size_t>(bytes.numel())};
}

}  // namespace

StoredTensor::StoredTensor() { ++stored_tensors; }
StoredTensor::~StoredTensor() { --stored_tensors; }
std::int64_t StoredTensor::alive() { return stored_tensors; }

KeptTensor::KeptTensor(const at::Tensor& tensor, std::string name)
    : tensor_(tensor.tensor_data()),
      counter_(tensor_.unsafeGetTensorImpl()->version_counter()),
      version_(version_of(counter_)),
      name_(std::move(name)) {}

void KeptTensor::swap_out(Swapper& swapper) {
  if (swapped_) return swapped_->expect();
  swapped_ = swapper.swap(tensor_);
  if (!swapped_) return;
  sizes_ = tensor_.sizes().vec();
  strides_ = tensor_.strides().vec();
  offset_ = tensor_.storage_offset();
  type_ = tensor_.scalar_type();
  tensor_.reset();
}

void KeptTensor::note_use() {
  if (swapped_) swapped_->expect();
}

at::Tensor KeptTensor::restore() {
  // Of a swapped tensor too, although its content is safe: the same program does the same with a second tier.
  if (const std::uint32_t now = version_of(counter_); now != version_) {
    std::ostringstream sizes;
    sizes << (swapped_ ? at::IntArrayRef(sizes_) : tensor_.sizes());
    throw Error(Error::Usage, "the saved tensor " + name_ + " " + sizes.str() +
                                  ", of which a reference is kept, was modified in place before its backward pass "
                                  "(version " +
                                  std::to_string(now) + ", saved at " + std::to_string(version_) + ")");
  }
  return swapped_ ? view_of(swapped_->restore(), type_, sizes_, strides_, offset_) : tensor_;
}

EncodedTensor::EncodedTensor(Geometry geometry, at::ScalarType type, quant::Layout layout, at::Tensor bytes, bool coded)
    : geometry_(std::move(geometry)),
      type_(type),
      layout_(layout),
      coded_(coded),
      bytes_(std::move(bytes)),
      count_(bytes_.numel()),
      restored_(c10::intrusive_ptr<c10::StorageImpl>()) {}

at::Tensor EncodedTensor::allocate(const quant::Layout& layout) {
  return allocate(quant::payload_bytes(layout) + quant::metadata_bytes(layout));
}

at::Tensor EncodedTensor::allocate(std::uint64_t bytes) {
  at::Tensor memory = allocate_elements(static_cast<std::int64_t>(bytes), at::kByte);
  log_stored(memory.const_data_ptr());
  return memory;
}

// Scales first: they need the alignment of the block's start.
std::span<std::byte> EncodedTensor::metadata_of(const at::Tensor& bytes, const quant::Layout& layout) {
  return bytes_of(bytes).first(quant::metadata_bytes(layout));
}

std::span<std::byte> EncodedTensor::payload_of(const at::Tensor& bytes, const quant::Layout& layout) {
  return bytes_of(bytes).subspan(quant::metadata_bytes(layout));
}

std::span<std::byte> EncodedTensor::codes_of(const at::Tensor& bytes, const quant::Layout& layout) {
  const bool masked = layout.codec == quant::Codec::Sparse;
  return payload_of(bytes, layout).subspan(masked ? quant::mask_bytes(layout.count) : 0);
}

bool EncodedTensor::is_exact() const { return quant::fidelity_of(layout_.codec) != quant::Fidelity::Unbiased; }

at::Tensor EncodedTensor::plain() const { return plain(bytes_); }

at::Tensor EncodedTensor::plain(const at::Tensor& held) const {
  if (!coded_) return held;
  // For as long as decoding takes: no store in the allocator's log.
  const at::Tensor plain = allocate_elements(
      static_cast<std::int64_t>(quant::payload_bytes(layout_) + quant::metadata_bytes(layout_)), at::kByte);
  const auto coded = codes_of(held, layout_), codes = codes_of(plain, layout_);
  std::memcpy(plain.data_ptr(), held.const_data_ptr(), static_cast<std::size_t>(held.numel()) - coded.size());
  quant::entropy_decode(coded, codes);
  return plain;
}

std::uint64_t EncodedTensor::bytes() const { return static_cast<std::uint64_t>(count_); }

at::Tensor EncodedTensor::held() const {
  return swapped_ ? view_of(swapped_->restore(), at::kByte, {count_}, {1}, offset_) : bytes_;
}

void EncodedTensor::swap_out(Swapper& swapper) {
  const std::lock_guard lock(mutex_);
  if (swapped_) return swapped_->expect();
  swapped_ = swapper.swap(bytes_);
  if (!swapped_) return;
  offset_ = bytes_.storage_offset();
  bytes_.reset();
}

void EncodedTensor::note_use() {
  const std::lock_guard lock(mutex_);
  if (swapped_) swapped_->expect();
}

void EncodedTensor::bring_back() {
  const std::lock_guard lock(mutex_);
  bytes_ = held();
  swapped_ = nullptr;
}

void EncodedTensor::live_in(const at::Tensor& bytes, std::uint64_t offset) {
  const at::NoGradGuard no_grad;
  const std::lock_guard lock(mutex_);
  bytes_ = bytes.narrow(0, static_cast<std::int64_t>(offset), count_);
  swapped_ = nullptr;
}

c10::Storage EncodedTensor::decode() const {
  const at::Tensor held_bytes = held(), bytes = plain(held_bytes);
  const at::Tensor compact = allocate_elements(geometry_.encoded_count, type_);
  log_restored(compact.const_data_ptr(), held_bytes.storage().data());
  quant::decode(layout_, payload_of(bytes, layout_), metadata_of(bytes, layout_), compact.data_ptr());
  if (!geometry_.spreads()) return compact.storage();
  const at::NoGradGuard no_grad;
  const at::Tensor spread = allocate_elements(geometry_.restored_span, type_);
  log_restored(spread.const_data_ptr(), held_bytes.storage().data());
  const auto sizes = geometry_.distinct_sizes();
  view_of(spread.storage(), type_, sizes, geometry_.strides)
      .copy_(view_of(compact.storage(), type_, sizes, geometry_.encoded_strides));
  return spread.storage();
}

c10::Storage EncodedTensor::restored_storage() {
  const std::lock_guard lock(mutex_);
  auto present = restored_.lock();
  c10::Storage storage = present ? c10::Storage(std::move(present)) : decode();
  restored_ = storage.getWeakStorageImpl();
  return storage;
}

at::Tensor EncodedTensor::restore() { return view_of(restored_storage(), type_, geometry_.sizes, geometry_.strides); }

at::Tensor EncodedTensor::decoded() const {
  const std::lock_guard lock(mutex_);
  return view_of(decode(), type_, geometry_.sizes, geometry_.strides);
}

ReshapedTensor::ReshapedTensor(std::shared_ptr<EncodedTensor> encoded, const at::Tensor& tensor)
    : encoded_(std::move(encoded)),
      type_(tensor.scalar_type()),
      sizes_(tensor.sizes().vec()),
      strides_(tensor.strides().vec()) {}

at::Tensor ReshapedTensor::restore() { return view_of(encoded_->restored_storage(), type_, sizes_, strides_); }

at::Tensor ImageOfTensor::restore() {
  const at::NoGradGuard no_grad;
  return inverse_(Substitution::of(image_.get())->restore());
}

ShapeOfTensor::ShapeOfTensor(const at::Tensor& tensor) : geometry_(Geometry::of(tensor)), type_(tensor.scalar_type()) {}

at::Tensor ShapeOfTensor::restore() {
  // Untouched memory: costs addresses, no pages.
  return view_of(allocate_elements(geometry_.restored_span, type_).storage(), type_, geometry_.sizes,
                 geometry_.strides);
}

}  // namespace terse::act
