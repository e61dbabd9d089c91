#pragma once

#include "terse/core/bytes.hpp"
#include "terse/formats/kinds/dump.hpp"

namespace terse::tools::act_inspect {

/// The entry's elements row by row, from the order in which they were encoded.
/// @param encoded  [entry.layout.count] elements of the entry's dtype
core::Bytes row_by_row(const formats::DumpEntry& entry, core::Bytes encoded);

}  // namespace terse::tools::act_inspect
