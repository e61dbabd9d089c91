#include "act-inspect/content.hpp"

#include <optional>

#include "act-inspect/dump_content.hpp"
#include "act-inspect/input.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::act_inspect {
namespace {

Error no_tensor(const Input& input, const std::string& id) {
  return Error(Error::Usage, input.source->name() + ": no tensor '" + id + "' (--tensors lists them)");
}

std::string form_of(const formats::DumpEntry& entry) {
  const auto& layout = entry.layout;
  std::string codec(quant::to_string(layout.codec));
  if (layout.bits == 0 || layout.codec == quant::Codec::Raw) return codec;
  return codec + ", " + std::to_string(layout.bits) + (layout.bits == 1 ? " bit" : " bits");
}

Error not_stored(const formats::DumpEntry& entry, bool exact_wanted) {
  std::string message = "saved tensor '" + entry.id + "': ";
  if (exact_wanted) {
    message += "the dump holds no exact copy";
  } else if (entry.reason == "derived") {
    message += "is computed again from '" + entry.shared_with + "'; its elements are not in the dump";
  } else if (!entry.shared_with.empty()) {
    message += "holds the same bytes as '" + entry.shared_with + "'; ask for that";
  } else {
    message += "its elements are not in the dump (" + entry.reason + ")";
  }
  return Error(Error::Usage, message);
}

Content from_entry(formats::DumpReader& reader, const formats::DumpEntry& entry, const Options& options) {
  const bool exact_wanted = options.exact;
  Content content{{{entry.id, entry.dtype, entry.shape}, {}}, {}};
  if (!exact_wanted) {
    if (auto restored = restore(entry, reader.payload(), reader.metadata())) {
      content.tensor.data = std::move(*restored);
      content.form = form_of(entry);
      return content;
    }
    if (!reader.has_exact()) throw not_stored(entry, false);
  } else if (!reader.has_exact()) {
    throw not_stored(entry, true);
  }
  content.tensor.data = reader.exact();
  content.form = "exact copy";
  return content;
}

Content from_dump(Input& input, const std::string& id, const Options& options) {
  formats::DumpReader reader(borrow(*input.source));
  const auto wanted = [&](const formats::DumpEntry& entry) {
    return entry.id == id && (options.step < 0 || entry.step == static_cast<std::uint64_t>(options.step));
  };
  if (input.seekable) {
    const auto entries = reader.list();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!wanted(entries[i])) continue;
      reader.seek(i);
      reader.next();
      return from_entry(reader, entries[i], options);
    }
  } else {
    // To the end, so that a damaged dump is noticed and whoever writes it is not cut off.
    std::optional<Content> found;
    while (const auto entry = reader.next()) {
      if (!found && wanted(*entry)) found = from_entry(reader, *entry, options);
    }
    if (found) return std::move(*found);
  }
  throw no_tensor(input, id);
}

// Without its group, as --tensors lists it.
Content taken(formats::Tensor tensor) {
  tensor.info.name.erase(0, tensor.info.name.find('/') + 1);
  return {std::move(tensor), {}};
}

bool names(const formats::ItemInfo& item, const std::string& id) {
  if (item.type != formats::ItemInfo::Type::Tensor) return false;
  return item.name == id || item.name.substr(item.name.find('/') + 1) == id;
}

Content from_items(Input& input, const std::string& id) {
  formats::ArtifactReader reader(borrow(*input.source));
  std::optional<Content> found;
  if (input.seekable) {
    for (const auto& item : reader.index()) {
      if (!names(item, id)) continue;
      reader.seek_to(item.name);
      if (reader.next()) return taken(reader.tensor());
    }
  } else {
    for_each_item(reader, [&](formats::ArtifactReader& at, const formats::ItemInfo& item) {
      if (!found && names(item, id)) found = taken(at.tensor());
    });
  }
  if (!found) throw no_tensor(input, id);
  return std::move(*found);
}

}  // namespace

Content find_content(const std::string& id, const Options& options) {
  Input input = open_input(options.input);
  return input.header.kind == formats::Kind::Dump ? from_dump(input, id, options) : from_items(input, id);
}

}  // namespace terse::tools::act_inspect
