#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "terse/act/rules.hpp"
#include "terse/act/stored_tensor.hpp"

namespace terse::act {

/// Finds the stored form of a tensor that was saved before in the step: the same storage, version, offset, sizes,
/// strides and type. Holds neither storage nor stored form alive.
class SharedTensors {
 public:
  struct Entry {
    std::weak_ptr<StoredTensor> stored;
    std::string id;       ///< of the saved tensor
    Requirement need;     ///< that the stored form was made for
    bool exact = false;   ///< it has the content as it is: good for any need
  };

  /// A live entry of the same content that serves `need`, or nullptr.
  const Entry* find(const at::Tensor& tensor, const Requirement& need) const;
  /// The live entry that was made for exactly `need`, or nullptr.
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
    std::vector<Entry> entries;

    bool is(const at::Tensor& tensor) const;
  };
  template <class Fits>
  const Entry* find_entry(const at::Tensor& tensor, const Fits& fits) const;

  std::unordered_multimap<const c10::StorageImpl*, Content> contents_;
};

}  // namespace terse::act
