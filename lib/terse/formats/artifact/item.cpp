#include "terse/formats/artifact/item.hpp"

#include <array>
#include <bit>

#include "terse/core/error.hpp"

namespace terse::formats {
namespace {

constexpr std::size_t kLargestRank = 8;
constexpr std::array<std::string_view, 3> kTypeNames = {"document", "tensor", "strings"};

ItemInfo::Type type_from(const std::string& name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i)
    if (kTypeNames[i] == name) return static_cast<ItemInfo::Type>(i);
  throw Error(Error::BadInput, "unknown item type '" + name + "'");
}

Kind kind_from(const std::string& name) {
  for (int i = 0; i < kKindCount; ++i)
    if (to_string(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
  throw Error(Error::BadInput, "unknown kind '" + name + "'");
}

Value::Array to_array(const auto& values) { return Value::Array(values.begin(), values.end()); }

std::vector<std::string> strings_from(const Value& value) {
  std::vector<std::string> strings;
  for (const Value& item : value.as_array()) strings.push_back(item.as_string());
  return strings;
}

}  // namespace

std::uint64_t as_count(const Value& value) {
  const std::int64_t integer = value.as_integer();
  if (integer < 0) throw Error(Error::BadInput, "negative count " + std::to_string(integer));
  return static_cast<std::uint64_t>(integer);
}

Value to_value(const Header& header) {
  return Value::Map{{"kind", std::string(to_string(header.kind))},
                    {"schema", Value::Array{header.schema_major, header.schema_minor}},
                    {"producer", header.producer},
                    {"arguments", to_array(header.arguments)},
                    {"seed", std::bit_cast<std::int64_t>(header.seed)},
                    {"parents", to_array(header.parents)}};
}

Header header_from(const Value& value) {
  Header header;
  header.kind = kind_from(value.at("kind").as_string());
  const Value::Array& schema = value.at("schema").as_array();
  if (schema.size() != 2) throw Error(Error::BadInput, "schema version is not two numbers");
  header.schema_major = static_cast<int>(std::min<std::uint64_t>(as_count(schema[0]), 1'000'000));
  header.schema_minor = static_cast<int>(std::min<std::uint64_t>(as_count(schema[1]), 1'000'000));
  header.producer = value.at("producer").as_string();
  header.arguments = strings_from(value.at("arguments"));
  header.seed = std::bit_cast<std::uint64_t>(value.at("seed").as_integer());
  header.parents = strings_from(value.at("parents"));
  return header;
}

Value to_value(const ItemInfo& item) {
  Value::Map map{{"name", item.name},
                 {"type", std::string(kTypeNames[static_cast<std::size_t>(item.type)])},
                 {"bytes", item.raw_bytes}};
  if (item.type == ItemInfo::Type::Tensor) {
    map.emplace("dtype", std::string(core::to_string(item.tensor.dtype)));
    map.emplace("shape", to_array(item.tensor.shape));
  }
  return map;
}

ItemInfo item_from(const Value& value) {
  ItemInfo item;
  item.name = value.at("name").as_string();
  item.type = type_from(value.at("type").as_string());
  item.raw_bytes = as_count(value.at("bytes"));
  if (item.type == ItemInfo::Type::Tensor) {
    item.tensor.name = item.name;
    item.tensor.dtype = core::dtype_from_string(value.at("dtype").as_string());
    const Value::Array& shape = value.at("shape").as_array();
    if (shape.size() > kLargestRank) throw Error(Error::BadInput, "tensor '" + item.name + "': rank over 8");
    for (const Value& extent : shape) item.tensor.shape.push_back(extent.as_integer());
    if (item.tensor.bytes() != item.raw_bytes)
      throw Error(Error::BadInput, "tensor '" + item.name + "': size does not fit dtype and shape");
  }
  return item;
}

Value to_value(const IndexEntry& entry) {
  Value value = to_value(entry.item);
  value["stored"] = entry.item.stored_bytes;
  value["offset"] = entry.offset;
  value["record"] = entry.sequence;
  return value;
}

IndexEntry entry_from(const Value& value) {
  IndexEntry entry{item_from(value), as_count(value.at("offset")), as_count(value.at("record"))};
  entry.item.stored_bytes = as_count(value.at("stored"));
  return entry;
}

}  // namespace terse::formats
