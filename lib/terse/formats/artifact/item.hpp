#pragma once

#include <cstdint>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// How artifacts say in documents what they hold: BEGIN's content, the descriptor in front of an item's content, and
/// the entries of INDEX (container.md). Reading ignores keys it does not know.

Value to_value(const Header& header);
/// @throws Error::BadInput where a key is missing or of another type, or the kind is unknown
Header header_from(const Value& value);

Value to_value(const ItemInfo& item);
/// Checks rank, extents and that raw_bytes is what dtype and shape give. @throws Error::BadInput
ItemInfo item_from(const Value& value);

/// An entry of INDEX: the item and where its first record is.
struct IndexEntry {
  ItemInfo item;
  std::uint64_t offset = 0, sequence = 0;
};

Value to_value(const IndexEntry& entry);
IndexEntry entry_from(const Value& value);

/// A non-negative integer. @throws Error::BadInput
std::uint64_t as_count(const Value& value);

}  // namespace terse::formats
