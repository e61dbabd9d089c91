#include "terse/formats/foreign/npz.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/foreign/zip_reader.hpp"

namespace terse::formats {

namespace {

constexpr std::size_t kLargestRank = 8;
constexpr std::string_view kEnding = ".npy";

/// What an .npy header says: a Python dict literal such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
struct NpyHeader {
  core::DType type = core::DType::Float32;
  std::vector<std::int64_t> shape = {};
  std::size_t data_offset = 0;
};

std::string_view value_of(std::string_view dict, std::string_view key) {
  std::string quoted = "'";
  quoted.append(key).append("':");
  const auto at = dict.find(quoted);
  if (at == std::string_view::npos) return {};
  auto value = dict.substr(at + quoted.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

std::optional<core::DType> parse_type(std::string_view descr) {
  using enum core::DType;
  constexpr std::pair<std::string_view, core::DType> kTypes[] = {
      {"'<f4'", Float32}, {"'<f8'", Float64}, {"'<f2'", Float16}, {"'|u1'", UInt8}, {"'|i1'", Int8},
      {"'<i2'", Int16},   {"'<i4'", Int32},   {"'<i8'", Int64},   {"'|b1'", Bool}};
  for (const auto& [name, type] : kTypes) {
    if (descr.starts_with(name)) return type;
  }
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (!text.starts_with('(') || text.find(')') == std::string_view::npos) return std::nullopt;
  text = text.substr(1, text.find(')') - 1);
  std::vector<std::int64_t> shape;
  while (!text.empty()) {
    std::int64_t extent = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (status != std::errc{} || extent < 0) return std::nullopt;
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty() && text.front() != ',') return std::nullopt;
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  return shape;
}

NpyHeader parse_header(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto fail = [&](const std::string& why) { return Error(Error::BadInput, where + ": " + why); };
  if (!text.starts_with("\x93NUMPY") || text.size() < 12) throw fail("no NumPy array");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(text[i])); };
  const std::size_t start = byte(6) == 1 ? 10 : 12;  // version 1 counts the header in 2 bytes, later ones in 4
  std::size_t length = byte(8) | byte(9) << 8;
  if (byte(6) != 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > text.size() - start) throw fail("the header is cut");
  const auto dict = text.substr(start, length);
  NpyHeader header{.data_offset = start + length};
  const auto type = parse_type(value_of(dict, "descr"));
  if (!type) throw fail("elements are no little-endian numbers");
  header.type = *type;
  if (!value_of(dict, "fortran_order").starts_with("False")) throw fail("the array is not in C order");
  auto shape = parse_shape(value_of(dict, "shape"));
  if (!shape) throw fail("the shape cannot be read");
  if (shape->size() > kLargestRank) throw fail("the array has more than 8 dimensions");
  header.shape = std::move(*shape);
  return header;
}

/// The array that an entry's bytes hold; their header is cut off.
Tensor to_tensor(core::Bytes bytes, std::string name, const std::string& where) {
  auto header = parse_header(bytes, where);
  Tensor tensor{{std::move(name), header.type, std::move(header.shape)}, {}};
  const auto size =
      core::checked_multiply(core::checked_numel(tensor.info.shape, where), core::size_of(header.type), where);
  const auto content = bytes.size() - header.data_offset;
  if (size != content) {
    throw Error(Error::BadInput,
                where + ": holds " + std::to_string(content) + " bytes of elements, not " + std::to_string(size));
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.data_offset));
  tensor.data = std::move(bytes);
  return tensor;
}

}  // namespace

void read_npz(std::unique_ptr<core::ByteSource> source, const std::function<void(Tensor&&)>& take) {
  ZipReader zip(std::move(source));
  for (const auto& entry : zip.entries()) {
    const auto where = zip.name() + ": " + entry.name;
    if (!entry.name.ends_with(kEnding)) throw Error(Error::BadInput, where + ": no NumPy array");
    auto bytes = zip.read(entry, std::numeric_limits<std::uint64_t>::max());
    take(to_tensor(std::move(bytes), entry.name.substr(0, entry.name.size() - kEnding.size()), where));
  }
}

}  // namespace terse::formats
