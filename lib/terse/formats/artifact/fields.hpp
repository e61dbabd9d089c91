#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/formats/artifact/artifact.hpp"

// What the readers and writers of the kinds share.

namespace terse::formats {

/// `header` with the kind and its schema version set: what the write_* functions begin with.
Header header_for(Kind kind, Header header);

/// Throws Error::BadInput naming the source and the item.
[[noreturn]] void refuse_item(const ArtifactReader& reader, std::string_view item, const std::string& what);

/// @throws Error::BadInput where `found` is false: a kind's item that must be there
void require_item(const ArtifactReader& reader, bool found, std::string_view item);

/// The current item's content, of the type that the kind's schema gives it. @throws Error::BadInput on another type
std::vector<std::string> read_strings(ArtifactReader& reader, const ItemInfo& item);
Tensor read_tensor(ArtifactReader& reader, const ItemInfo& item);

/// A document item, whose members are read by name. Messages name source, item and key.
class Document {
 public:
  Document(ArtifactReader& reader, const ItemInfo& item);

  bool has(std::string_view key) const;
  /// What `convert` makes of the member's value. @throws Error::BadInput where it is missing or convert throws an Error
  template <class Convert>
  std::invoke_result_t<Convert, const Value&> get(std::string_view key, const Convert& convert) const {
    const Value* found = value_.find(key);
    if (!found) refuse(key, " is missing");
    try {
      return convert(*found);
    } catch (const Error& error) {
      refuse(key, std::string(": ") + error.what());
    }
  }
  std::string text(std::string_view key) const;
  std::uint64_t count(std::string_view key) const;        ///< a non-negative integer
  std::uint32_t small_count(std::string_view key) const;  ///< the same, below 2^32
  std::uint64_t count_up_to(std::string_view key, std::uint64_t most) const;
  double number(std::string_view key) const;
  double non_negative(std::string_view key) const;  ///< a finite number ≥ 0
  bool flag(std::string_view key) const;
  Value map(std::string_view key) const;
  Value optional_map(std::string_view key) const;  ///< empty where missing
  core::DType dtype(std::string_view key) const;
  std::vector<std::int64_t> shape(std::string_view key) const;  ///< checked: rank ≤ 8, non-negative, no overflow
  /// Where the elements of `shape` lie: one stride a dimension, non-negative, and no element beyond as many as the
  /// shape has.
  std::vector<std::int64_t> strides(std::string_view key, std::span<const std::int64_t> shape) const;
  std::optional<double> optional_number(std::string_view key) const;  ///< nullopt where missing or nil
  /// An array of maps. @param key  member that holds it
  std::vector<Document> rows(std::string_view key) const;
  std::vector<Document> optional_rows(std::string_view key) const;  ///< none where missing

 private:
  Document(std::string context, Value value) : context_(std::move(context)), value_(std::move(value)) {}
  [[noreturn]] void refuse(std::string_view key, const std::string& what) const;

  std::string context_;
  Value value_;
};

/// Writes documents "NAME/0", "NAME/1", … of at most 256 rows each, {"rows": […]}: a table of any length within the
/// limits of a document.
void write_rows(ArtifactWriter& writer, std::string_view name, std::size_t count,
                const std::function<Value(std::size_t)>& row);

/// Whether `item` is "NAME/…".
bool within(std::string_view item, std::string_view name);

/// Tensors as items "GROUP/NAME", and one of them back under its own name.
void write_group(ArtifactWriter& writer, const std::string& group, std::span<const TensorView> tensors);
Tensor read_grouped(ArtifactReader& reader, const ItemInfo& item, std::string_view group);
std::vector<TensorView> views(const std::vector<Tensor>& tensors);

template <class T>
constexpr core::DType dtype_of();
template <>
constexpr core::DType dtype_of<double>() {
  return core::DType::Float64;
}
template <>
constexpr core::DType dtype_of<std::int64_t>() {
  return core::DType::Int64;
}
template <>
constexpr core::DType dtype_of<std::int32_t>() {
  return core::DType::Int32;
}
template <>
constexpr core::DType dtype_of<std::uint8_t>() {
  return core::DType::UInt8;
}

/// A vector as a tensor item.
template <class T>
void write_column(ArtifactWriter& writer, std::string_view name, const std::vector<T>& values,
                  std::vector<std::int64_t> shape) {
  writer.tensor({std::string(name), dtype_of<T>(), std::move(shape)}, core::as_bytes(values.data(), values.size()));
}

/// A tensor item as a vector. @throws Error::BadInput on another dtype
template <class T>
std::vector<T> read_column(ArtifactReader& reader, const ItemInfo& item) {
  const Tensor tensor = read_tensor(reader, item);
  if (tensor.info.dtype != dtype_of<T>())
    refuse_item(reader, item.name, "is not of type " + std::string(core::to_string(dtype_of<T>())));
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

/// @throws Error::BadInput where a column has not `count` elements
template <class T>
void require_length(const ArtifactReader& reader, std::string_view item, const std::vector<T>& values,
                    std::size_t count) {
  if (values.size() != count)
    refuse_item(reader, item, "holds " + std::to_string(values.size()) + " values, not " + std::to_string(count));
}

}  // namespace terse::formats
