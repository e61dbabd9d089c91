#include <nlohmann/json.hpp>

#include "terse/formats/artifact/value.hpp"

namespace terse::formats {
namespace {

std::string base64(const core::Bytes& bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

nlohmann::json convert(const Value& value) {
  if (value.is_nil()) return nullptr;
  if (value.is_bool()) return value.as_bool();
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) return value.as_double();
  if (value.is_string()) return value.as_string();
  if (value.is_array()) {
    nlohmann::json array = nlohmann::json::array();
    for (const Value& item : value.as_array()) array.push_back(convert(item));
    return array;
  }
  if (value.is_map()) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, item] : value.as_map()) object[key] = convert(item);
    return object;
  }
  return "base64:" + base64(value.as_bytes());
}

}  // namespace

std::string to_json(const Value& value, int indent) {
  // A string need not be UTF-8 in msgpack; JSON must be.
  return convert(value).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace terse::formats
