#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "terse/core/bytes.hpp"

namespace terse::formats {

/// A msgpack document: nil, bool, integer, float64, string, bytes, array, map with string keys in sorted order.
/// Same content, same bytes. What a reader does not know it ignores.
class Value {
 public:
  using Array = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;

  Value() = default;
  Value(bool v) : data_(v) {}
  Value(int v) : data_(std::int64_t{v}) {}
  Value(std::int64_t v) : data_(v) {}
  /// @throws Error::Internal above 2^63-1
  Value(std::uint64_t v);
  Value(double v) : data_(v) {}
  Value(const char* v) : data_(std::string(v)) {}
  Value(std::string_view v) : data_(std::string(v)) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(core::Bytes v) : data_(std::move(v)) {}
  Value(Array v) : data_(std::move(v)) {}
  Value(Map v) : data_(std::move(v)) {}

  bool is_nil() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_map() const { return std::holds_alternative<Map>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }

  // Typed access; integers convert to double. @throws Error::BadInput "expected …, found …" on another type
  bool as_bool() const;
  std::int64_t as_integer() const;
  double as_double() const;
  const std::string& as_string() const;
  const core::Bytes& as_bytes() const;
  const Array& as_array() const;
  const Map& as_map() const;
  Array& as_array();
  Map& as_map();

  /// Member of a map. @throws Error::BadInput naming the key where it is missing
  const Value& at(std::string_view key) const;
  /// Member of a map, or nullptr.
  const Value* find(std::string_view key) const;
  /// Member of a map, made where missing (a nil value becomes a map).
  Value& operator[](std::string_view key);

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, core::Bytes, Array, Map> data_;
};

/// Limits on a document that comes from outside; they hold before anything is allocated.
struct ValueLimits {
  std::size_t bytes = 1u << 20;
  std::size_t depth = 16;
  std::size_t map_entries = 65'536;
  std::size_t array_entries = 65'536;
  std::size_t nodes = 1u << 18;  ///< values in all: a one-byte nil costs 56 bytes of memory
  std::size_t string_bytes = 64u << 10;
};

core::Bytes pack(const Value& value);

/// @throws Error::BadInput on malformed msgpack, trailing bytes, unsorted or repeated keys, or beyond a limit
Value unpack(std::span<const std::byte> bytes, const ValueLimits& limits = {});

/// The document as JSON text (bytes as base64 with a "base64:" prefix, NaN and infinities as null); indented if
/// `indent` ≥ 0.
std::string to_json(const Value& value, int indent = -1);

}  // namespace terse::formats
