#include "terse/formats/foreign/safetensors.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/json-inl.hpp"

namespace terse::formats {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestHeader = 100'000'000;  // as the reference implementation has it
constexpr std::size_t kDeepestHeader = 3;              // the header, a tensor, its shape
constexpr std::size_t kLargestRank = 8;
constexpr std::uint64_t kPiece = 1u << 20;
constexpr std::string_view kMetadataKey = "__metadata__";

constexpr std::array<std::string_view, core::kDTypeCount> kNames = {"F32", "F16", "BF16", "F64", "U8",
                                                                    "I8",  "I16", "I32",  "I64", "BOOL"};

Error bad(const core::ByteSource& source, const std::string& what) {
  return {Error::BadInput, source.name() + ": " + what};
}

void read_exactly(core::ByteSource& source, std::span<std::byte> into, const std::string& what) {
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t got = source.read(into.subspan(done));
    if (got == 0) throw bad(source, "truncated in " + what);
    done += got;
  }
}

/// Reads `bytes` bytes into a buffer that grows with what arrives, never with what was declared alone.
core::Bytes read_growing(core::ByteSource& source, std::uint64_t bytes, const std::string& what) {
  core::Bytes buffer;
  while (buffer.size() < bytes) {
    const std::size_t piece = static_cast<std::size_t>(std::min(bytes - buffer.size(), kPiece));
    const std::size_t before = buffer.size();
    buffer.resize(before + piece);
    read_exactly(source, std::span(buffer).subspan(before), what);
  }
  return buffer;
}

/// Parses the header. A name that is given twice is refused, which a plain parse would let pass.
Json parse_header(const core::ByteSource& source, std::string_view text) {
  try {
    return core::parse_json(text, source.name() + ": the header", {.depth = kDeepestHeader, .unique_keys = true});
  } catch (const Json::exception&) {
    throw bad(source, "the header is not valid JSON");
  }
}

struct Placed {
  TensorInfo info;
  std::uint64_t begin = 0, end = 0;
};

core::DType dtype_of(const core::ByteSource& source, const std::string& tensor, const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw bad(source, "tensor '" + tensor + "' has element type " + name + ", which is not supported");
  return static_cast<core::DType>(found - kNames.begin());
}

Placed parse_tensor(const core::ByteSource& source, const std::string& name, const Json& item) {
  try {
    Placed placed;
    placed.info.name = name;
    placed.info.dtype = dtype_of(source, name, item.at("dtype").get<std::string>());
    for (const Json& extent : item.at("shape")) {
      placed.info.shape.push_back(static_cast<std::int64_t>(extent.get_ref<const Json::number_unsigned_t&>()));
    }
    const Json& offsets = item.at("data_offsets");
    placed.begin = offsets.at(0).get_ref<const Json::number_unsigned_t&>();
    placed.end = offsets.at(1).get_ref<const Json::number_unsigned_t&>();
    if (offsets.size() != 2 || placed.info.shape.size() > kLargestRank) {
      throw bad(source, "tensor '" + name + "' is described wrongly");
    }
    const std::string where = source.name() + ": tensor '" + name + "'";
    const std::uint64_t bytes =
        core::checked_multiply(core::checked_numel(placed.info.shape, where), core::size_of(placed.info.dtype), where);
    if (placed.end < placed.begin || placed.end - placed.begin != bytes) {
      throw bad(source, "tensor '" + name + "' does not fill its place");
    }
    return placed;
  } catch (const Json::exception&) {
    throw bad(source, "tensor '" + name + "' is described wrongly");
  }
}

}  // namespace

Safetensors read_safetensors(core::ByteSource& source, std::uint64_t limit) {
  std::array<std::byte, 8> length_field{};
  read_exactly(source, length_field, "header length");
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 0; i < 8; ++i) header_bytes |= static_cast<std::uint64_t>(length_field[i]) << (8 * i);
  if (header_bytes > kLargestHeader) throw bad(source, "not a safetensors file (header of more than 100 MB)");
  const core::Bytes text = read_growing(source, header_bytes, "header");
  const Json header = parse_header(source, {reinterpret_cast<const char*>(text.data()), text.size()});
  if (!header.is_object()) throw bad(source, "the header is not a JSON object");

  Safetensors result;
  std::vector<Placed> placed;
  for (const auto& [name, item] : header.items()) {
    if (name != kMetadataKey) {
      placed.push_back(parse_tensor(source, name, item));
      continue;
    }
    if (!item.is_object()) throw bad(source, "__metadata__ is not an object");
    for (const auto& [key, value] : item.items()) {
      if (!value.is_string()) throw bad(source, "__metadata__ holds something other than strings");
      result.metadata.emplace(key, value.get<std::string>());
    }
  }
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.begin, a.end, a.info.name) < std::tie(b.begin, b.end, b.info.name);
  });
  std::uint64_t at = 0;
  for (const Placed& one : placed) {
    if (one.begin != at) throw bad(source, "tensor '" + one.info.name + "' leaves a gap or overlaps another");
    if (one.end > limit) throw bad(source, "holds more than " + std::to_string(limit) + " bytes of data");
    at = one.end;
  }
  for (Placed& one : placed) {
    core::Bytes data = read_growing(source, one.end - one.begin, "tensor '" + one.info.name + "'");
    result.tensors.push_back({std::move(one.info), std::move(data)});
  }
  std::byte beyond;
  if (source.read({&beyond, 1}) != 0) throw bad(source, "holds data that belongs to no tensor");
  return result;
}

void write_safetensors(core::ByteSink& sink, std::span<const Tensor> tensors, const SafetensorsMetadata& metadata) {
  std::vector<const Tensor*> order;
  for (const Tensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
    const std::size_t size_a = core::size_of(a->info.dtype), size_b = core::size_of(b->info.dtype);
    return size_a != size_b ? size_a > size_b : a->info.name < b->info.name;
  });

  Json header = Json::object();
  if (!metadata.empty()) header[std::string(kMetadataKey)] = metadata;
  std::uint64_t at = 0;
  for (const Tensor* tensor : order) {
    const std::uint64_t end = at + tensor->info.bytes();
    if (tensor->data.size() != end - at || tensor->info.name == kMetadataKey || header.contains(tensor->info.name)) {
      throw Error(Error::Internal, "tensor '" + tensor->info.name + "' cannot be written as safetensors");
    }
    header[tensor->info.name] = {{"dtype", kNames[static_cast<std::size_t>(tensor->info.dtype)]},
                                 {"shape", tensor->info.shape},
                                 {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception&) {
    throw Error(Error::Internal, "a tensor's name is not UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins on 8 bytes
  std::array<std::byte, 8> length_field{};
  for (std::size_t i = 0; i < 8; ++i) length_field[i] = static_cast<std::byte>(text.size() >> (8 * i));
  sink.write(length_field);
  sink.write(core::as_bytes(text.data(), text.size()));
  for (const Tensor* tensor : order) sink.write(tensor->data);
}

}  // namespace terse::formats
