#pragma once

#include <optional>

#include "act-inspect/input.hpp"
#include "terse/formats/kinds/dump.hpp"

namespace terse::tools::act_inspect {

/// Restores a saved tensor's elements from what was stored for it, as the backward pass gets them, row by row.
/// @return nullopt where the dump does not hold them: kept as it was, shared, or the model's own
/// @throws Error::BadInput where the stored bytes do not fit the entry, Error::OutOfMemory beyond --max-memory
std::optional<core::Bytes> restore(const formats::DumpEntry& entry, const core::Bytes& payload,
                                   const core::Bytes& metadata);

/// How far restored elements are from the exact ones; non-finite elements are left out.
struct ReconstructionError {
  double relative = 0;  ///< ‖x̂ − x‖ / ‖x‖; 0 where both are 0
  double largest = 0;   ///< max |x̂ − x|
};

/// The error of the entry that `reader` is at, or nullopt where the exact copy was not kept, nothing was
/// stored, or the codec restores only a part of the elements (sign).
std::optional<ReconstructionError> error_of(formats::DumpReader& reader, const formats::DumpEntry& entry);

/// Calls visit(reader, entry) for each entry. Where the source can seek, only what visit asks for is read.
void for_each_entry(Input& input, const std::function<void(formats::DumpReader&, const formats::DumpEntry&)>& visit);

}  // namespace terse::tools::act_inspect
