#include "terse/formats/artifact/fields.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/artifact/item.hpp"

namespace terse::formats {
namespace {

constexpr std::size_t kRowsPerDocument = 256;
constexpr std::size_t kLargestRank = 8;

void require_type(const ArtifactReader& reader, const ItemInfo& item, ItemInfo::Type type, const char* name) {
  if (item.type != type) refuse_item(reader, item.name, std::string("is not a ") + name);
}

}  // namespace

Header header_for(Kind kind, Header header) {
  header.kind = kind;
  header.schema_major = schema_version(kind).major;
  header.schema_minor = schema_version(kind).minor;
  return header;
}

void refuse_item(const ArtifactReader& reader, std::string_view item, const std::string& what) {
  throw Error(Error::BadInput, reader.source_name() + ": item '" + std::string(item) + "' " + what);
}

void require_item(const ArtifactReader& reader, bool found, std::string_view item) {
  if (!found) refuse_item(reader, item, "is missing");
}

std::vector<std::string> read_strings(ArtifactReader& reader, const ItemInfo& item) {
  require_type(reader, item, ItemInfo::Type::Strings, "list of strings");
  return reader.strings();
}

Tensor read_tensor(ArtifactReader& reader, const ItemInfo& item) {
  require_type(reader, item, ItemInfo::Type::Tensor, "tensor");
  return reader.tensor();
}

Document::Document(ArtifactReader& reader, const ItemInfo& item)
    : context_(reader.source_name() + ": item '" + item.name + "': ") {
  require_type(reader, item, ItemInfo::Type::Document, "document");
  value_ = reader.document();
  if (!value_.is_map()) refuse_item(reader, item.name, "is not a map");
}

void Document::refuse(std::string_view key, const std::string& what) const {
  throw Error(Error::BadInput, context_ + "key \"" + std::string(key) + "\"" + what);
}

bool Document::has(std::string_view key) const { return value_.find(key) != nullptr; }

std::string Document::text(std::string_view key) const {
  return get(key, [](const Value& v) { return v.as_string(); });
}

std::uint64_t Document::count(std::string_view key) const {
  return get(key, [](const Value& v) { return as_count(v); });
}

std::uint32_t Document::small_count(std::string_view key) const {
  return static_cast<std::uint32_t>(count_up_to(key, UINT32_MAX));
}

double Document::number(std::string_view key) const {
  return get(key, [](const Value& v) { return v.as_double(); });
}

std::uint64_t Document::count_up_to(std::string_view key, std::uint64_t most) const {
  return get(key, [&](const Value& v) {
    const std::uint64_t value = as_count(v);
    if (value > most) throw Error(Error::BadInput, std::to_string(value) + " is more than " + std::to_string(most));
    return value;
  });
}

double Document::non_negative(std::string_view key) const {
  return get(key, [](const Value& v) {
    const double value = v.as_double();
    if (!(value >= 0) || std::isinf(value)) throw Error(Error::BadInput, "not a finite number from 0");
    return value;
  });
}

bool Document::flag(std::string_view key) const {
  return get(key, [](const Value& v) { return v.as_bool(); });
}

Value Document::map(std::string_view key) const {
  return get(key, [](const Value& v) { return Value(v.as_map()); });
}

Value Document::optional_map(std::string_view key) const { return value_.find(key) ? map(key) : Value(Value::Map{}); }

core::DType Document::dtype(std::string_view key) const {
  return get(key, [](const Value& v) { return core::dtype_from_string(v.as_string()); });
}

std::vector<std::int64_t> Document::shape(std::string_view key) const {
  return get(key, [](const Value& v) {
    if (v.as_array().size() > kLargestRank) throw Error(Error::BadInput, "rank over 8");
    std::vector<std::int64_t> extents;
    for (const Value& extent : v.as_array()) extents.push_back(extent.as_integer());
    core::checked_multiply(core::checked_numel(extents, "shape"), 8, "shape");
    return extents;
  });
}

std::vector<std::int64_t> Document::strides(std::string_view key, std::span<const std::int64_t> shape) const {
  return get(key, [&](const Value& v) {
    if (v.as_array().size() != shape.size()) throw Error(Error::BadInput, "not one stride a dimension");
    const std::uint64_t count = core::checked_numel(shape, "shape");
    std::vector<std::int64_t> strides;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const std::uint64_t stride = as_count(v.as_array()[i]);
      if (count > 0) {
        const auto steps = static_cast<std::uint64_t>(shape[i]) - 1;
        last = core::checked_add(last, core::checked_multiply(steps, stride, "strides"), "strides");
        if (stride > count || last >= count) throw Error(Error::BadInput, "elements beyond the last");
      }
      strides.push_back(static_cast<std::int64_t>(stride));
    }
    return strides;
  });
}

std::optional<double> Document::optional_number(std::string_view key) const {
  const Value* found = value_.find(key);
  if (!found || found->is_nil()) return std::nullopt;
  return number(key);
}

std::vector<Document> Document::rows(std::string_view key) const {
  return get(key, [this](const Value& v) {
    std::vector<Document> rows;
    for (const Value& row : v.as_array()) {
      row.as_map();
      rows.push_back(Document(context_ + "row " + std::to_string(rows.size()) + ": ", row));
    }
    return rows;
  });
}

std::vector<Document> Document::optional_rows(std::string_view key) const {
  return value_.find(key) ? rows(key) : std::vector<Document>();
}

void write_rows(ArtifactWriter& writer, std::string_view name, std::size_t count,
                const std::function<Value(std::size_t)>& row) {
  for (std::size_t begin = 0, part = 0; begin < count; begin += kRowsPerDocument, ++part) {
    Value::Array rows;
    for (std::size_t i = begin; i < std::min(count, begin + kRowsPerDocument); ++i) rows.push_back(row(i));
    writer.document(std::string(name) + "/" + std::to_string(part), Value::Map{{"rows", std::move(rows)}});
  }
}

bool within(std::string_view item, std::string_view name) {
  return item.size() > name.size() && item.starts_with(name) && item[name.size()] == '/';
}

void write_group(ArtifactWriter& writer, const std::string& group, std::span<const TensorView> tensors) {
  for (const TensorView& tensor : tensors) {
    TensorInfo info = tensor.info;
    info.name = group + "/" + info.name;
    writer.tensor(info, tensor.data);
  }
}

Tensor read_grouped(ArtifactReader& reader, const ItemInfo& item, std::string_view group) {
  Tensor tensor = read_tensor(reader, item);
  tensor.info.name.erase(0, group.size() + 1);
  return tensor;
}

std::vector<TensorView> views(const std::vector<Tensor>& tensors) { return {tensors.begin(), tensors.end()}; }

}  // namespace terse::formats
