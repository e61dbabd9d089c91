#include "act-inspect/element_order.hpp"

#include <cstring>
#include <vector>

#include "terse/core/checked.hpp"
#include "terse/core/dtype.hpp"

namespace terse::tools::act_inspect {

core::Bytes row_by_row(const formats::DumpEntry& entry, core::Bytes encoded) {
  if (entry.strides.empty()) return encoded;
  const std::size_t size = core::size_of(entry.dtype);
  const std::uint64_t count = core::checked_numel(entry.shape, entry.id);
  core::Bytes rows(core::checked_multiply(count, size, entry.id));
  std::vector<std::uint64_t> index(entry.shape.size(), 0);
  std::uint64_t from = 0;
  for (std::uint64_t to = 0; to < count; ++to) {
    std::memcpy(rows.data() + to * size, encoded.data() + from * size, size);
    for (std::size_t i = index.size(); i-- > 0;) {
      const auto stride = static_cast<std::uint64_t>(entry.strides[i]);
      from += stride;
      if (++index[i] < static_cast<std::uint64_t>(entry.shape[i])) break;
      from -= index[i] * stride;
      index[i] = 0;
    }
  }
  return rows;
}

}  // namespace terse::tools::act_inspect
