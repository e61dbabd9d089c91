#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/core/size.hpp"
#include "terse/formats/artifact/artifact.hpp"
#include "terse/formats/artifact/item.hpp"
#include "terse/formats/container/container.hpp"
#include "terse/formats/container/kind.hpp"

namespace terse::formats {
namespace {

bool is(const RecordHeader& header, RecordType type) { return header.type == static_cast<std::uint8_t>(type); }

constexpr std::uint64_t kLikelyRatio = 4;  // contents are rarely compressed by more

/// Makes room for `more` bytes, doubling but never beyond `whole`, the size the content will have in the end.
void grow(core::Bytes& bytes, std::uint64_t more, std::uint64_t whole) {
  const std::uint64_t needed = bytes.size() + more;
  if (needed > bytes.capacity()) bytes.reserve(std::max(needed, std::min<std::uint64_t>(whole, 2 * bytes.capacity())));
}

bool same(const IndexEntry& a, const IndexEntry& b) {
  return a.item.name == b.item.name && a.item.type == b.item.type && a.item.raw_bytes == b.item.raw_bytes &&
         a.item.tensor == b.item.tensor && a.item.stored_bytes == b.item.stored_bytes && a.offset == b.offset &&
         a.sequence == b.sequence;
}

}  // namespace

struct ArtifactReader::State {
  State(std::unique_ptr<core::ByteSource> s, Limits l) : source(std::move(s)), limits(l), container(*source) {
    try {
      header = header_from(unpack(container.begin()));
    } catch (const Error& error) {
      container.refuse(error.what());
    }
    if (header.kind != container.kind()) container.refuse("kind differs from the record header's");
  }

  /// The first record of an item: its descriptor, and the content that came with it.
  void open_item() {
    first_chunk.clear();
    const IndexEntry place{{}, container.offset(), current.sequence};
    container.content(first_chunk);
    std::uint32_t length = 0;
    if (first_chunk.size() < sizeof length) container.refuse("too short for an item");
    std::memcpy(&length, first_chunk.data(), sizeof length);
    if (length > first_chunk.size() - sizeof length) container.refuse("item descriptor longer than its record");
    try {
      entry = place;
      entry.item = item_from(unpack(std::span(first_chunk).subspan(sizeof length, length)));
    } catch (const Error& error) {
      container.refuse(error.what());
    }
    entry.item.stored_bytes = current.compressed_length;
    first_chunk.erase(first_chunk.begin(), first_chunk.begin() + static_cast<std::ptrdiff_t>(sizeof length + length));
    if (first_chunk.size() > entry.item.raw_bytes) container.refuse("more content than the item has");
    if (entry.item.type == ItemInfo::Type::Document && entry.item.raw_bytes > ValueLimits{}.bytes)
      container.refuse("document '" + entry.item.name + "' is over " + std::to_string(ValueLimits{}.bytes) + " bytes");
    remaining = entry.item.raw_bytes - first_chunk.size();
    open = true;
    taken = false;
  }

  /// The next record of the open item.
  void next_chunk() {
    const auto record = container.next();
    if (!record || !is(*record, RecordType::Chunk)) container.refuse("item '" + entry.item.name + "' ends too early");
    if (record->raw_length > remaining) container.refuse("more content than item '" + entry.item.name + "' has");
    remaining -= record->raw_length;
    entry.item.stored_bytes += record->compressed_length;
  }

  void close_item() {
    while (remaining > 0) next_chunk();
    open = false;
    seen.push_back(std::move(entry));
    if (sequential && !names.insert(seen.back().item.name).second)
      container.refuse("two items named '" + seen.back().item.name + "'");
  }

  void require_within_limit(std::uint64_t bytes, std::uint64_t received) const {
    core::require_within_limit(bytes, received, source->name() + ": item '" + entry.item.name + "'");
  }

  core::Bytes take_content(ItemInfo::Type type) {
    if (!open || taken || entry.item.type != type)
      throw Error(Error::Internal, "content asked for that next() did not announce");
    const bool by_default = limits.memory == Limits{}.memory;
    const std::uint64_t most = by_default ? std::max(limits.memory, core::memory_allowance()) : limits.memory;
    if (entry.item.raw_bytes > most)
      throw Error(Error::OutOfMemory, source->name() + ": item '" + entry.item.name + "' needs " +
                                          core::format_size(entry.item.raw_bytes) + ", more than the limit of " +
                                          core::format_size(most) + "; --max-memory allows more");
    if (const auto whole = source->size()) require_within_limit(entry.item.raw_bytes, *whole);
    taken = true;
    core::Bytes content = std::move(first_chunk);
    first_chunk = {};
    // The size of a file limits how much its header may reserve.
    if (remaining > 0 && source->size())
      content.reserve(std::min(entry.item.raw_bytes, kLikelyRatio * *source->size()));
    while (remaining > 0) {
      const std::uint64_t before = remaining;
      next_chunk();
      if (!source->size()) require_within_limit(content.size() + before - remaining, container.offset());
      grow(content, before - remaining, entry.item.raw_bytes);
      container.content(content);
    }
    return content;
  }

  /// An INDEX record's entries.
  std::vector<IndexEntry> read_index_record() {
    core::Bytes raw;
    container.content(raw);
    std::vector<IndexEntry> part;
    try {
      const Value value = unpack(raw);
      for (const Value& item : value.at("items").as_array()) part.push_back(entry_from(item));
    } catch (const Error& error) {
      container.refuse(std::string("INDEX: ") + error.what());
    }
    return part;
  }

  /// While reading front to back: INDEX must say what was seen.
  void check_index_record() {
    in_index = true;
    for (const IndexEntry& listed : read_index_record()) {
      if (sequential && (checked == seen.size() || !same(seen[checked], listed)))
        container.refuse("INDEX differs from the items at '" + listed.item.name + "'");
      ++checked;
    }
  }

  void load_index() {
    if (indexed) return;
    if (!source->size()) throw Error(Error::Internal, source->name() + ": cannot seek, so there is no index to read");
    container.jump(container.read_end().index_offset, std::nullopt);
    while (const auto record = container.next()) {
      if (!is(*record, RecordType::Index)) container.refuse("not INDEX where END says it is");
      for (IndexEntry& found : read_index_record()) {
        if (!places.emplace(found.item.name, std::pair(found.offset, found.sequence)).second)
          container.refuse("INDEX lists '" + found.item.name + "' twice");
        listed.push_back(std::move(found.item));
      }
    }
    digest = to_hex(container.end().headers_hash);
    indexed = true;
  }

  /// Forgets what was read so far.
  void restart() {
    open = in_index = false;
    remaining = checked = 0;
    seen.clear();
    names.clear();
  }

  std::unique_ptr<core::ByteSource> source;
  Limits limits;
  ContainerReader container;
  Header header;
  RecordHeader current;
  IndexEntry entry;         // the item that next() described
  core::Bytes first_chunk;  // its content as far as it came with the descriptor
  std::uint64_t remaining = 0;
  bool open = false, taken = false;
  bool sequential = true;  // no seek_to yet: INDEX can be compared
  bool in_index = false;
  bool indexed = false;
  std::vector<IndexEntry> seen;
  std::size_t checked = 0;
  std::set<std::string, std::less<>> names;
  std::vector<ItemInfo> listed;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>, std::less<>> places;  // name → offset, sequence
  std::string digest;
};

ArtifactReader::ArtifactReader(std::unique_ptr<core::ByteSource> source, Limits limits)
    : state_(std::make_unique<State>(std::move(source), limits)) {}

ArtifactReader::~ArtifactReader() = default;
ArtifactReader::ArtifactReader(ArtifactReader&&) noexcept = default;

const Header& ArtifactReader::header() const { return state_->header; }

const Header& ArtifactReader::expect(Kind kind) {
  const Header& header = state_->header;
  const auto refuse = [&](const std::string& what) { throw Error(Error::BadInput, source_name() + ": " + what); };
  if (header.kind != kind)
    refuse("a " + std::string(to_string(header.kind)) + " artifact, but a " + std::string(to_string(kind)) +
           " artifact is needed");
  const SchemaVersion ours = schema_version(kind);
  if (header.schema_major != ours.major)
    refuse(std::string(to_string(kind)) + " schema " + std::to_string(header.schema_major) + "." +
           std::to_string(header.schema_minor) + ", but this program reads " + std::to_string(ours.major) + ".x");
  return header;
}

std::optional<ItemInfo> ArtifactReader::next() {
  State& s = *state_;
  if (s.open) s.close_item();
  while (const auto record = s.container.next()) {
    s.current = *record;
    if (is(*record, RecordType::Index)) {
      s.check_index_record();
      continue;
    }
    if (s.in_index) s.container.refuse("an item after INDEX");
    s.open_item();
    return s.entry.item;
  }
  if (s.sequential && s.checked != s.seen.size()) s.container.refuse("INDEX lists fewer items than there are");
  s.digest = to_hex(s.container.end().headers_hash);
  return std::nullopt;
}

Value ArtifactReader::document() {
  const core::Bytes content = state_->take_content(ItemInfo::Type::Document);
  try {
    return unpack(content);
  } catch (const Error& error) {
    state_->container.refuse("document '" + state_->entry.item.name + "': " + error.what());
  }
}

Tensor ArtifactReader::tensor() {
  TensorInfo info = state_->entry.item.tensor;
  return {std::move(info), state_->take_content(ItemInfo::Type::Tensor)};
}

std::vector<std::string> ArtifactReader::strings() {
  const core::Bytes content = state_->take_content(ItemInfo::Type::Strings);
  const auto refuse = [&] { state_->container.refuse("strings '" + state_->entry.item.name + "' are malformed"); };
  const auto word = [&](std::uint64_t index) {
    std::uint64_t value;
    std::memcpy(&value, content.data() + index * sizeof value, sizeof value);
    return value;
  };
  if (content.size() < 8) refuse();
  const std::uint64_t count = word(0);
  if (count > content.size() / 8 - 1) refuse();
  const std::uint64_t text_begin = 8 * (count + 1), text_bytes = content.size() - text_begin;
  const char* text = reinterpret_cast<const char*>(content.data()) + text_begin;
  std::vector<std::string> strings;
  std::uint64_t begin = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t end = word(i + 1);
    if (end < begin || end > text_bytes) refuse();
    strings.emplace_back(text + begin, text + end);
    begin = end;
  }
  if (begin != text_bytes) refuse();
  return strings;
}

const std::vector<ItemInfo>& ArtifactReader::index() {
  State& s = *state_;
  s.load_index();
  s.container.rewind();
  s.restart();
  s.sequential = true;
  return s.listed;
}

void ArtifactReader::seek_to(std::string_view name) {
  State& s = *state_;
  s.load_index();
  const auto found = s.places.find(name);
  if (found == s.places.end())
    throw Error(Error::BadInput, source_name() + ": there is no item '" + std::string(name) + "'");
  s.container.jump(found->second.first, found->second.second);
  s.restart();
  s.sequential = false;
}

const std::string& ArtifactReader::digest() const { return state_->digest; }
const std::string& ArtifactReader::source_name() const { return state_->source->name(); }

}  // namespace terse::formats
