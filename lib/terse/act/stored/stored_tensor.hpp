#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "terse/act/memory/swapper.hpp"
#include "terse/act/tensor/geometry.hpp"
#include "terse/act/tensor/torch.hpp"
#include "terse/quant/codec.hpp"

namespace terse::act {

/// What the graph holds in place of a tensor that it saved. Shared by all saved variables of the same content.
class StoredTensor {
 public:
  StoredTensor();
  virtual ~StoredTensor();
  StoredTensor(const StoredTensor&) = delete;
  StoredTensor& operator=(const StoredTensor&) = delete;

  /// The tensor for the backward pass: without autograd history, which LibTorch attaches again. Thread-safe.
  virtual at::Tensor restore() = 0;
  /// Whether it is `other`, or is restored from it.
  virtual bool draws_on(const StoredTensor& other) const { return this == &other; }
  /// Whether what is restored has the elements that the tensor had, bit for bit.
  virtual bool is_exact() const { return false; }

  /// Gives the memory that it holds to the second tier, where that is worth it; or notes there one more saved variable
  /// that will ask for it, before all that were noted so far.
  virtual void swap_out(Swapper&) {}
  /// The note alone, where the memory is there.
  virtual void note_use() {}

  /// Stored tensors alive in the process: what leaks show up in.
  static std::int64_t alive();
};

/// A reference to the tensor itself.
class KeptTensor final : public StoredTensor {
 public:
  /// @param name  for messages: "mul#1:self of aten::mul"
  KeptTensor(const at::Tensor& tensor, std::string name);
  /// @throws Error::Usage where the tensor was modified in place since: its gradient would be another one's
  at::Tensor restore() override;
  bool is_exact() const override { return true; }
  void swap_out(Swapper& swapper) override;
  void note_use() override;

 private:
  at::Tensor tensor_;  // detached: a result kept with its history would keep its own node alive for ever
  c10::VariableVersion counter_;
  std::uint32_t version_;
  std::string name_;
  // In the second tier, in place of tensor_:
  std::shared_ptr<SwappedStorage> swapped_;
  std::vector<std::int64_t> sizes_, strides_;
  std::int64_t offset_ = 0;
  at::ScalarType type_ = at::ScalarType::Undefined;
};

/// Encoded content in memory of its own.
class EncodedTensor final : public StoredTensor {
 public:
  /// @param bytes  a layout's metadata and payload, as allocate() has room for
  /// @param coded  whether the codes, the payload's end, are entropy coded
  EncodedTensor(Geometry geometry, at::ScalarType type, quant::Layout layout, at::Tensor bytes, bool coded = false);
  /// Decodes; while a restored tensor lives, others share its memory.
  at::Tensor restore() override;
  bool is_exact() const override;
  void swap_out(Swapper& swapper) override;
  void note_use() override;
  /// Has its bytes in memory, for plain(), until they are swapped out again.
  void bring_back();
  /// The memory that restore() shows: decoded, or what a restored tensor that lives has of it. Thread-safe.
  c10::Storage restored_storage();
  /// Decodes into memory that nobody shares.
  at::Tensor decoded() const;

  const quant::Layout& layout() const { return layout_; }
  /// Metadata and payload as the layout has them, for metadata_of() and payload_of(); not from the second tier.
  at::Tensor plain() const;
  std::uint64_t bytes() const;  ///< that it holds

  /// Takes its bytes from now on from inside another tensor's, which hold the same from `offset` on: two stored
  /// tensors then share them.
  void live_in(const at::Tensor& bytes, std::uint64_t offset);

  /// Uninitialised memory for a layout's payload and metadata, from the tensors' own allocator, so that it is given
  /// back like theirs; and the parts of it.
  static at::Tensor allocate(const quant::Layout& layout);
  static at::Tensor allocate(std::uint64_t bytes);
  static std::span<std::byte> payload_of(const at::Tensor& bytes, const quant::Layout& layout);
  static std::span<std::byte> metadata_of(const at::Tensor& bytes, const quant::Layout& layout);
  /// The part of the payload that an entropy coder may take: all but the mask of Sparse.
  static std::span<std::byte> codes_of(const at::Tensor& bytes, const quant::Layout& layout);

 private:
  c10::Storage decode() const;
  at::Tensor held() const;
  at::Tensor plain(const at::Tensor& held) const;

  Geometry geometry_;
  at::ScalarType type_;
  quant::Layout layout_;
  bool coded_;
  at::Tensor bytes_;  // undefined while they are in the second tier:
  std::shared_ptr<SwappedStorage> swapped_;
  std::int64_t offset_ = 0, count_;
  mutable std::mutex mutex_;
  c10::weak_intrusive_ptr<c10::StorageImpl> restored_;
};

/// The memory of an encoded tensor without gaps, seen with other sizes and strides.
class ReshapedTensor final : public StoredTensor {
 public:
  ReshapedTensor(std::shared_ptr<EncodedTensor> encoded, const at::Tensor& tensor);
  at::Tensor restore() override;
  bool is_exact() const override { return encoded_->is_exact(); }
  void swap_out(Swapper& swapper) override { encoded_->swap_out(swapper); }
  void note_use() override { encoded_->note_use(); }

 private:
  std::shared_ptr<EncodedTensor> encoded_;
  at::ScalarType type_;
  std::vector<std::int64_t> sizes_, strides_;
};

/// A tensor of which a function of its elements is stored: backward is linear in that, not in the elements.
class ImageOfTensor final : public StoredTensor {
 public:
  using Inverse = std::function<at::Tensor(const at::Tensor& image)>;

  ImageOfTensor(std::shared_ptr<EncodedTensor> image, Inverse inverse)
      : image_(std::move(image)), inverse_(std::move(inverse)) {}
  at::Tensor restore() override;
  bool draws_on(const StoredTensor& other) const override { return this == &other || image_.get() == &other; }
  void swap_out(Swapper& swapper) override { image_->swap_out(swapper); }
  void note_use() override { image_->note_use(); }

 private:
  std::shared_ptr<EncodedTensor> image_;
  Inverse inverse_;
};

/// Sizes, strides and type alone; restored with arbitrary elements.
class ShapeOfTensor final : public StoredTensor {
 public:
  explicit ShapeOfTensor(const at::Tensor& tensor);
  at::Tensor restore() override;

 private:
  Geometry geometry_;
  at::ScalarType type_;
};

}  // namespace terse::act
