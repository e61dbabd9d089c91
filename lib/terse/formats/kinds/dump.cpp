#include "terse/formats/kinds/dump.hpp"

#include <algorithm>
#include <utility>

#include "terse/core/checked.hpp"
#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

bool names_entry(std::string_view item) {
  return !item.empty() && std::ranges::all_of(item, [](char c) { return c >= '0' && c <= '9'; });
}

Value to_value(const DumpEntry& e) {
  const quant::Layout& layout = e.layout;
  Value::Map map = {{"step", e.step},
                    {"id", e.id},
                    {"op", e.op},
                    {"role", e.role},
                    {"dtype", std::string(core::to_string(e.dtype))},
                    {"shape", Value::Array(e.shape.begin(), e.shape.end())},
                    {"reason", e.reason},
                    {"codec", std::string(quant::to_string(layout.codec))},
                    {"bits", std::uint64_t{layout.bits}},
                    {"levels", std::uint64_t{layout.levels}},
                    {"group", std::uint64_t{layout.group}},
                    {"wide_scales", layout.wide_scales},
                    {"exact_bytes", e.exact_bytes},
                    {"stored_bytes", e.stored_bytes},
                    {"minimum", e.minimum},
                    {"maximum", e.maximum},
                    {"zeros", e.zeros},
                    {"non_finite", e.non_finite},
                    {"shared_with", e.shared_with}};
  if (layout.dithered) map["dithered"] = true;
  if (layout.fields) map["fields"] = true;
  if (layout.kept != 0) map["kept"] = layout.kept;
  if (!e.strides.empty()) map["strides"] = Value::Array(e.strides.begin(), e.strides.end());
  return map;
}

/// Elements that were encoded: as many as there are, or fewer where an expanded dimension was encoded once.
std::uint64_t encoded_count(const DumpEntry& e) {
  const std::uint64_t count = core::checked_numel(e.shape, "shape");
  if (e.strides.empty() || count == 0) return count;
  std::uint64_t last = 0;  // Document::strides keeps it below the count
  for (std::size_t i = 0; i < e.shape.size(); ++i) {
    last += static_cast<std::uint64_t>(e.shape[i] - 1) * static_cast<std::uint64_t>(e.strides[i]);
  }
  return last + 1;
}

quant::Layout layout_from(const Document& document, const DumpEntry& e) {
  quant::Layout layout;
  layout.codec = document.get("codec", [](const Value& v) { return quant::codec_from_string(v.as_string()); });
  layout.dtype = e.dtype;
  layout.count = encoded_count(e);
  layout.levels = static_cast<std::uint16_t>(document.count_up_to("levels", 256));
  layout.bits = static_cast<std::uint8_t>(document.count_up_to("bits", 64));
  layout.group = document.small_count("group");
  layout.wide_scales = document.flag("wide_scales");
  if (document.has("dithered")) layout.dithered = document.flag("dithered");
  if (document.has("fields")) layout.fields = document.flag("fields");
  if (document.has("kept")) layout.kept = document.count("kept");
  return layout;
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
  if (document.has("strides")) e.strides = document.strides("strides", e.shape);
  e.layout = layout_from(document, e);
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
