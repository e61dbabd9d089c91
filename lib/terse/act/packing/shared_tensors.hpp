#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/operator_table.hpp"
#include "terse/act/stored/stored_tensor.hpp"

namespace terse::act {

/// Finds the stored form of a tensor that was saved before in the step: the same storage, version, offset and type, and
/// the same sizes and strides or at least the same memory. Holds neither storage nor stored form alive.
class SharedTensors {
 public:
  struct Entry {
    std::weak_ptr<StoredTensor> stored;
    std::string id;      ///< of the saved tensor
    Requirement need;    ///< that the stored form was made for
    bool exact = false;  ///< it has the content as it is: good for any need
  };

  /// A live entry of the same content that serves `need`, or nullptr.
  const Entry* find(const at::Tensor& tensor, const Requirement& need) const;
  /// The same where sizes or strides differ: neither tensor has gaps, so that both would be encoded as the one stretch
  /// of memory that they cover (a fused attention's output and what its heads make up together). Its stored form is an
  /// EncodedTensor, or a KeptTensor: the memory lives anyway.
  const Entry* find_same_memory(const at::Tensor& tensor, const Requirement& need) const;
  /// The live entry that was made for exactly `need`, of the same memory at least, or nullptr.
  const Entry* find_made_for(const at::Tensor& tensor, const Requirement& need) const;
  void add(const at::Tensor& tensor, Entry entry);
  void clear() { contents_.clear(); }

 private:
  struct Content {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;  // keeps the address from being used again
    std::uint32_t version;
    std::int64_t offset;
    at::ScalarType type;
    std::vector<std::int64_t> sizes, strides;
    std::int64_t span;  // elements of memory that it covers without gaps; 0 where it has some
    std::vector<Entry> entries;

    bool is(const at::Tensor& tensor) const;
    bool covers_memory_of(const at::Tensor& tensor, std::int64_t span) const;
  };
  template <class Same, class Fits>
  const Entry* find_entry(const at::Tensor& tensor, const Same& same, const Fits& fits) const;

  std::unordered_multimap<const c10::StorageImpl*, Content> contents_;
};

}  // namespace terse::act
