#include "terse/train/data/npz.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/foreign/zip_reader.hpp"

namespace terse::train {

namespace {

constexpr std::uint64_t kLargestArray = std::uint64_t{1} << 36;

/// What an .npy header says: a Python dict literal such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
struct NpyHeader {
  at::ScalarType type = at::kFloat;
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

std::optional<at::ScalarType> parse_type(std::string_view descr) {
  const std::pair<std::string_view, at::ScalarType> kTypes[] = {
      {"'<f4'", at::kFloat}, {"'<f8'", at::kDouble}, {"'<f2'", at::kHalf}, {"'|u1'", at::kByte}, {"'|i1'", at::kChar},
      {"'<i2'", at::kShort}, {"'<i4'", at::kInt},    {"'<i8'", at::kLong}, {"'|b1'", at::kBool}};
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
  header.shape = std::move(*shape);
  return header;
}

}  // namespace

std::map<std::string, at::Tensor> read_npz(const std::string& path) {
  formats::ZipReader zip(core::open_source(path));
  std::map<std::string, at::Tensor> arrays;
  for (const auto& entry : zip.entries()) {
    const auto where = path + ": " + entry.name;
    if (!entry.name.ends_with(".npy")) throw Error(Error::BadInput, where + ": no NumPy array");
    const auto bytes = zip.read(entry, kLargestArray);
    const auto header = parse_header(bytes, where);
    const auto content = std::span(bytes).subspan(header.data_offset);
    const auto size =
        core::checked_multiply(core::checked_numel(header.shape, where), c10::elementSize(header.type), where);
    if (size != content.size()) {
      throw Error(Error::BadInput, where + ": holds " + std::to_string(content.size()) + " bytes of elements, not " +
                                       std::to_string(size));
    }
    auto tensor = at::empty(header.shape, header.type);
    if (size > 0) std::memcpy(tensor.mutable_data_ptr(), content.data(), size);
    arrays.emplace(entry.name.substr(0, entry.name.size() - 4), std::move(tensor));
  }
  return arrays;
}

}  // namespace terse::train
