#include "terse/formats/artifact/value.hpp"

#include <utility>

#include "terse/core/error.hpp"

namespace terse::formats {
namespace {

constexpr const char* kTypeNames[] = {"nil",      "a boolean", "an integer", "a number",
                                      "a string", "bytes",     "an array",   "a map"};

[[noreturn]] void refuse(const char* expected, std::size_t found) {
  throw Error(Error::BadInput, std::string("expected ") + expected + ", found " + kTypeNames[found]);
}

template <class T>
const T& get(const auto& data, const char* expected) {
  if (const T* found = std::get_if<T>(&data)) return *found;
  refuse(expected, data.index());
}

}  // namespace

Value::Value(std::uint64_t v) : data_(static_cast<std::int64_t>(v)) {
  if (v > static_cast<std::uint64_t>(INT64_MAX)) throw Error(Error::Internal, "document integer above 2^63-1");
}

bool Value::as_bool() const { return get<bool>(data_, "a boolean"); }
std::int64_t Value::as_integer() const { return get<std::int64_t>(data_, "an integer"); }
const std::string& Value::as_string() const { return get<std::string>(data_, "a string"); }
const core::Bytes& Value::as_bytes() const { return get<core::Bytes>(data_, "bytes"); }
const Value::Array& Value::as_array() const { return get<Array>(data_, "an array"); }
const Value::Map& Value::as_map() const { return get<Map>(data_, "a map"); }
Value::Array& Value::as_array() { return const_cast<Array&>(std::as_const(*this).as_array()); }
Value::Map& Value::as_map() { return const_cast<Map&>(std::as_const(*this).as_map()); }

double Value::as_double() const {
  if (is_integer()) return static_cast<double>(as_integer());
  return get<double>(data_, "a number");
}

const Value& Value::at(std::string_view key) const {
  if (const Value* found = find(key)) return *found;
  throw Error(Error::BadInput, "key \"" + std::string(key) + "\" is missing");
}

const Value* Value::find(std::string_view key) const {
  const Map& map = as_map();
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

Value& Value::operator[](std::string_view key) {
  if (is_nil()) data_ = Map{};
  Map& map = as_map();
  const auto found = map.find(key);
  return found != map.end() ? found->second : map[std::string(key)];
}

}  // namespace terse::formats
