#include "terse/formats/kinds/dump.hpp"

#include <algorithm>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/formats/container/fields.hpp"
#include "terse/formats/container/kind.hpp"

namespace terse::formats {
namespace {

bool names_entry(std::string_view item) {
  return !item.empty() && std::ranges::all_of(item, [](char c) { return c >= '0' && c <= '9'; });
}

Value to_value(const DumpEntry& e) {
  Value::Map map = {{"step", e.step},
                    {"id", e.id},
                    {"op", e.op},
                    {"role", e.role},
                    {"dtype", std::string(core::to_string(e.dtype))},
                    {"shape", Value::Array(e.shape.begin(), e.shape.end())},
                    {"reason", e.reason},
                    {"codec", e.codec},
                    {"bits", std::uint64_t{e.bits}},
                    {"levels", std::uint64_t{e.levels}},
                    {"group", std::uint64_t{e.group}},
                    {"wide_scales", e.wide_scales},
                    {"exact_bytes", e.exact_bytes},
                    {"stored_bytes", e.stored_bytes},
                    {"minimum", e.minimum},
                    {"maximum", e.maximum},
                    {"zeros", e.zeros},
                    {"non_finite", e.non_finite},
                    {"shared_with", e.shared_with}};
  if (e.dithered) map["dithered"] = true;
  if (e.fields) map["fields"] = true;
  if (e.kept != 0) map["kept"] = e.kept;
  if (!e.strides.empty()) map["strides"] = Value::Array(e.strides.begin(), e.strides.end());
  return map;
}

DumpEntry entry_from(const Document& document) {
  DumpEntry e;
  e.step = document.count("step");
  e.id = document.text("id");
  e.op = document.text("op");
  e.role = document.text("role");
  e.dtype = document.dtype("dtype");
  e.shape = document.shape("shape");
  e.reason = document.text("reason");
  e.codec = document.text("codec");
  e.bits = document.small_count("bits");
  e.levels = document.small_count("levels");
  e.group = document.small_count("group");
  e.wide_scales = document.flag("wide_scales");
  if (document.has("dithered")) e.dithered = document.flag("dithered");
  if (document.has("fields")) e.fields = document.flag("fields");
  if (document.has("kept")) e.kept = document.count("kept");
  if (document.has("strides")) e.strides = document.strides("strides", e.shape);
  e.exact_bytes = document.count("exact_bytes");
  e.stored_bytes = document.count("stored_bytes");
  e.minimum = document.number("minimum");
  e.maximum = document.number("maximum");
  e.zeros = document.count("zeros");
  e.non_finite = document.count("non_finite");
  e.shared_with = document.text("shared_with");
  return e;
}

}  // namespace

DumpWriter::DumpWriter(core::ByteSink& sink, Header header, const Value& run)
    : writer_(sink, header_for(Kind::Dump, std::move(header))) {
  writer_.document("run", run);
}

DumpWriter::~DumpWriter() = default;

void DumpWriter::add(const DumpEntry& entry, std::span<const std::byte> payload, std::span<const std::byte> metadata,
                     std::span<const std::byte> exact) {
  const std::string number = std::to_string(entries_++);
  writer_.document(number, to_value(entry));
  const auto part = [&](const char* name, std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    writer_.tensor({number + "/" + name, core::DType::UInt8, {static_cast<std::int64_t>(bytes.size())}}, bytes);
  };
  part("payload", payload);
  part("metadata", metadata);
  if (!exact.empty()) writer_.tensor({number + "/exact", entry.dtype, entry.shape}, exact);
}

std::string DumpWriter::finish() { return writer_.finish(); }

DumpReader::DumpReader(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits)
    : reader_(std::move(source), limits) {
  reader_.expect(Kind::Dump);
  const auto item = reader_.next();
  require_item(reader_, item && item->name == "run" && item->type == ItemInfo::Type::Document, "run");
  run_ = reader_.document();
}

DumpReader::~DumpReader() = default;

std::optional<DumpEntry> DumpReader::next() {
  std::optional<ItemInfo> item = std::exchange(pending_, std::nullopt);
  if (!item) item = reader_.next();
  while (item && !names_entry(item->name)) item = reader_.next();
  loaded_ = !item;
  has_exact_ = false;
  payload_.clear();
  metadata_.clear();
  exact_.clear();
  if (!item) return std::nullopt;
  name_ = item->name;
  entry_ = entry_from(Document(reader_, *item));
  return entry_;
}

void DumpReader::load() {
  if (loaded_) return;
  loaded_ = true;
  while ((pending_ = reader_.next()) && within(pending_->name, name_)) {
    const std::string_view part = std::string_view(pending_->name).substr(name_.size() + 1);
    if (part == "payload") {
      payload_ = read_tensor(reader_, *pending_).data;
    } else if (part == "metadata") {
      metadata_ = read_tensor(reader_, *pending_).data;
    } else if (part == "exact") {
      Tensor tensor = read_tensor(reader_, *pending_);
      if (tensor.info.dtype != entry_.dtype || tensor.info.shape != entry_.shape)
        refuse_item(reader_, pending_->name, "is not of the entry's dtype and shape");
      exact_ = std::move(tensor.data);
      has_exact_ = true;
    }
  }
}

const core::Bytes& DumpReader::payload() {
  load();
  return payload_;
}

const core::Bytes& DumpReader::metadata() {
  load();
  return metadata_;
}

const core::Bytes& DumpReader::exact() {
  load();
  return exact_;
}

bool DumpReader::has_exact() {
  load();
  return has_exact_;
}

std::vector<DumpEntry> DumpReader::list() {
  std::vector<DumpEntry> entries;
  // By name, because seek_to works on the index that is listed here.
  for (const ItemInfo& item : reader_.index()) {
    if (!names_entry(item.name)) continue;
    reader_.seek_to(item.name);
    const auto found = reader_.next();
    require_item(reader_, found.has_value(), item.name);
    entries.push_back(entry_from(Document(reader_, *found)));
  }
  pending_.reset();
  loaded_ = true;
  reader_.seek_to("run");  // what the first entry, if there is one, comes after
  return entries;
}

void DumpReader::seek(std::uint64_t entry) {
  pending_.reset();
  loaded_ = true;
  reader_.seek_to(std::to_string(entry));
}

}  // namespace terse::formats
