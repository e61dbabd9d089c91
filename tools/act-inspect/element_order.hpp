#pragma once

#include <cstdint>

#include "terse/core/bytes.hpp"
#include "terse/formats/kinds/dump.hpp"

namespace terse::inspect {

/// Elements that were encoded for a saved tensor: as many as it has, or where an expanded dimension was encoded once,
/// fewer.
/// @throws Error::BadInput where the shape or the strides lead beyond 64 bits
std::uint64_t encoded_count(const formats::DumpEntry& entry);

/// The entry's elements row by row, from the order in which they were encoded.
/// @param encoded  [encoded_count(entry)] elements of the entry's dtype
core::Bytes row_by_row(const formats::DumpEntry& entry, core::Bytes encoded);

}  // namespace terse::inspect
