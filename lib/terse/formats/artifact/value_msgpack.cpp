#include <bit>
#include <optional>
#include <utility>

// Debian's msgpack-cxx can do without Boost, and so do we.
#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack.hpp>

#include "terse/core/error.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::formats {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(Error::BadInput, "malformed document: " + what); }

/// What msgpack's packer writes to.
struct ByteBuffer {
  core::Bytes bytes;
  void write(const char* data, std::size_t size) {
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  }
};

using Packer = msgpack::packer<ByteBuffer>;

std::uint32_t length32(std::size_t length) {
  if (length > UINT32_MAX) throw Error(Error::Internal, "document member over 4 GiB");
  return static_cast<std::uint32_t>(length);
}

void pack_string(Packer& packer, const std::string& text) {
  packer.pack_str(length32(text.size()));
  packer.pack_str_body(text.data(), length32(text.size()));
}

/// msgpack's own pack_double writes 2.0 as an integer and loses the sign of -0.0.
void pack_double(ByteBuffer& buffer, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  char bytes[9] = {'\xCB'};
  for (int i = 0; i < 8; ++i) bytes[1 + i] = static_cast<char>(bits >> (56 - 8 * i));
  buffer.write(bytes, sizeof bytes);
}

void pack_value(ByteBuffer& buffer, const Value& value) {
  Packer packer(buffer);
  if (value.is_nil()) {
    packer.pack_nil();
  } else if (value.is_bool()) {
    value.as_bool() ? packer.pack_true() : packer.pack_false();
  } else if (value.is_integer()) {
    packer.pack_int64(value.as_integer());
  } else if (value.is_double()) {
    pack_double(buffer, value.as_double());
  } else if (value.is_string()) {
    pack_string(packer, value.as_string());
  } else if (value.is_array()) {
    packer.pack_array(length32(value.as_array().size()));
    for (const Value& item : value.as_array()) pack_value(buffer, item);
  } else if (value.is_map()) {
    packer.pack_map(length32(value.as_map().size()));
    for (const auto& [key, item] : value.as_map()) {
      pack_string(packer, key);
      pack_value(buffer, item);
    }
  } else {
    const core::Bytes& bytes = value.as_bytes();
    packer.pack_bin(length32(bytes.size()));
    packer.pack_bin_body(reinterpret_cast<const char*>(bytes.data()), length32(bytes.size()));
  }
}

/// Builds a Value while msgpack walks over the bytes. Containers grow with the items that arrive, never by
/// the count that is declared.
class Builder : public msgpack::null_visitor {
 public:
  explicit Builder(const ValueLimits& limits) : limits_(limits) {}

  Value take() { return std::move(root_); }

  bool visit_nil() { return put(Value()); }
  bool visit_boolean(bool v) { return put(Value(v)); }
  bool visit_positive_integer(std::uint64_t v) {
    if (v > static_cast<std::uint64_t>(INT64_MAX)) refuse("integer above 2^63-1");
    return put(Value(v));
  }
  bool visit_negative_integer(std::int64_t v) { return put(Value(v)); }
  bool visit_float32(float v) { return put(Value(static_cast<double>(v))); }
  bool visit_float64(double v) { return put(Value(v)); }
  bool visit_str(const char* text, std::uint32_t size) {
    if (size > limits_.string_bytes) refuse("string over " + std::to_string(limits_.string_bytes) + " bytes");
    if (in_key_) {
      key_.emplace(text, size);
      return true;
    }
    return put(Value(std::string(text, size)));
  }
  bool visit_bin(const char* data, std::uint32_t size) {
    if (size > limits_.string_bytes) refuse("bytes over " + std::to_string(limits_.string_bytes));
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    return put(Value(core::Bytes(begin, begin + size)));
  }
  bool visit_ext(const char*, std::uint32_t) { refuse("extension type"); }

  bool start_array(std::uint32_t count) {
    if (count > limits_.array_entries) refuse("array of more than " + std::to_string(limits_.array_entries));
    return open(Value(Value::Array{}));
  }
  bool end_array() { return close(); }
  bool start_map(std::uint32_t count) {
    if (count > limits_.map_entries) refuse("map of more than " + std::to_string(limits_.map_entries));
    return open(Value(Value::Map{}));
  }
  bool start_map_key() {
    in_key_ = true;
    key_.reset();
    return true;
  }
  bool end_map_key() {
    in_key_ = false;
    if (!key_) refuse("map key that is not a string");
    const Value::Map& map = stack_.back()->as_map();
    if (!map.empty() && map.rbegin()->first >= *key_) refuse("map keys not in sorted order");
    return true;
  }
  bool end_map() { return close(); }

  void parse_error(std::size_t, std::size_t at) { refuse("not msgpack at byte " + std::to_string(at)); }
  void insufficient_bytes(std::size_t, std::size_t) { refuse("it ends too early"); }

 private:
  Value* place(Value value) {
    if (in_key_) refuse("map key that is not a string");
    if (++nodes_ > limits_.nodes) refuse("more than " + std::to_string(limits_.nodes) + " values");
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Value& parent = *stack_.back();
    if (parent.is_array()) return &parent.as_array().emplace_back(std::move(value));
    return &parent.as_map().emplace_hint(parent.as_map().end(), std::move(*key_), std::move(value))->second;
  }
  bool put(Value value) {
    place(std::move(value));
    return true;
  }
  bool open(Value container) {
    if (stack_.size() >= limits_.depth) refuse("nested deeper than " + std::to_string(limits_.depth));
    stack_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  const ValueLimits& limits_;
  Value root_;
  // Pointers stay valid: a container grows only while it is itself on top, and what is below it does not
  // move.
  std::vector<Value*> stack_;
  std::optional<std::string> key_;
  bool in_key_ = false;
  std::size_t nodes_ = 0;
};

}  // namespace

core::Bytes pack(const Value& value) {
  ByteBuffer buffer;
  pack_value(buffer, value);
  return std::move(buffer.bytes);
}

Value unpack(std::span<const std::byte> bytes, const ValueLimits& limits) {
  if (bytes.size() > limits.bytes) refuse("over " + std::to_string(limits.bytes) + " bytes");
  if (bytes.empty()) refuse("it is empty");
  Builder builder(limits);
  std::size_t offset = 0;
  if (!msgpack::parse(reinterpret_cast<const char*>(bytes.data()), bytes.size(), offset, builder))
    refuse("not msgpack at byte " + std::to_string(offset));
  if (offset != bytes.size()) refuse("bytes follow its end");
  return builder.take();
}

}  // namespace terse::formats
