#include <set>

#include "terse/core/error.hpp"
#include "terse/formats/artifact/artifact.hpp"
#include "terse/formats/artifact/item.hpp"
#include "terse/formats/container/container.hpp"

namespace terse::formats {
namespace {

// INDEX records stay within what a document may hold, and a reader needs memory for one of them.
constexpr std::size_t kIndexEntries = 8'192;
constexpr std::size_t kIndexBytes = 512u << 10;

core::Bytes pack_within_limits(const Value& value, std::string_view what) {
  core::Bytes bytes = pack(value);
  try {
    unpack(bytes);
  } catch (const Error& error) {
    throw Error(Error::Internal, "'" + std::string(what) + "' cannot be written: " + error.what());
  }
  return bytes;
}

void append(core::Bytes& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void append_u64(core::Bytes& bytes, std::uint64_t value) { append(bytes, core::as_bytes(&value, 1)); }

}  // namespace

struct ArtifactWriter::State {
  State(core::ByteSink& sink, const Header& header)
      : container(sink, header.kind, pack_within_limits(to_value(header), "header")) {}

  /// Content of one item: u32 length of the descriptor, the descriptor, the content.
  void item(ItemInfo info, std::span<const std::byte> content) {
    if (!names.insert(info.name).second) throw Error(Error::Internal, "two items named '" + info.name + "'");
    info.raw_bytes = content.size();
    const core::Bytes descriptor = pack_within_limits(to_value(info), info.name);
    const auto length = static_cast<std::uint32_t>(descriptor.size());
    core::Bytes head;
    head.reserve(sizeof length + descriptor.size());
    append(head, core::as_bytes(&length, 1));
    append(head, descriptor);
    IndexEntry entry{std::move(info), container.offset(), container.sequence()};
    entry.item.stored_bytes = container.chunks(head, content);
    entries.push_back(std::move(entry));
  }

  void write_index() {
    // Even an artifact without items has an INDEX.
    std::size_t next = 0;
    do {
      Value::Array part;
      std::size_t bytes = 0;
      while (next < entries.size() && part.size() < kIndexEntries && bytes < kIndexBytes) {
        part.push_back(to_value(entries[next++]));
        bytes += pack(part.back()).size();
      }
      container.record(RecordType::Index, pack(Value::Map{{"items", std::move(part)}}));
    } while (next < entries.size());
  }

  ContainerWriter container;
  std::vector<IndexEntry> entries;
  std::set<std::string, std::less<>> names;
};

ArtifactWriter::ArtifactWriter(core::ByteSink& sink, const Header& header)
    : state_(std::make_unique<State>(sink, header)) {}

ArtifactWriter::~ArtifactWriter() = default;

void ArtifactWriter::document(std::string_view name, const Value& value) {
  state_->item({ItemInfo::Type::Document, std::string(name), {}, 0, 0}, pack_within_limits(value, name));
}

void ArtifactWriter::tensor(const TensorInfo& info, std::span<const std::byte> data) {
  if (info.shape.size() > 8 || info.bytes() != data.size())
    throw Error(Error::Internal, "tensor '" + info.name + "': size does not fit dtype and shape");
  state_->item({ItemInfo::Type::Tensor, info.name, info, 0, 0}, data);
}

void ArtifactWriter::strings(std::string_view name, const std::vector<std::string>& values) {
  core::Bytes content;
  append_u64(content, values.size());
  std::uint64_t offset = 0;
  for (const std::string& text : values) append_u64(content, offset += text.size());
  for (const std::string& text : values) append(content, core::as_bytes(text.data(), text.size()));
  state_->item({ItemInfo::Type::Strings, std::string(name), {}, 0, 0}, content);
}

std::string ArtifactWriter::finish() {
  const std::uint64_t index_offset = state_->container.offset();
  state_->write_index();
  return to_hex(state_->container.finish(index_offset));
}

}  // namespace terse::formats
