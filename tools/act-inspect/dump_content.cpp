#include "act-inspect/dump_content.hpp"

#include <algorithm>
#include <cmath>

#include "act-inspect/element_order.hpp"
#include "act-inspect/elements.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/quant/codec.hpp"

namespace terse::tools::act_inspect {
namespace {

Error bad_entry(const formats::DumpEntry& entry, const std::string& what) {
  return Error(Error::BadInput, "saved tensor '" + entry.id + "' of step " + std::to_string(entry.step) + " " + what);
}

ReconstructionError reconstruction_error(core::DType dtype, const core::Bytes& restored, const core::Bytes& exact) {
  std::vector<double> expected;
  expected.reserve(exact.size() / core::size_of(dtype));
  for_each_element(dtype, exact, [&](double x) { expected.push_back(x); });
  ReconstructionError error;
  double difference = 0, norm = 0;
  std::size_t at = 0;
  for_each_element(dtype, restored, [&](double got) {
    const double x = expected[at++];
    if (!std::isfinite(x) || !std::isfinite(got)) return;
    error.largest = std::max(error.largest, std::abs(got - x));
    difference += (got - x) * (got - x);
    norm += x * x;
  });
  if (difference > 0) error.relative = std::sqrt(difference / norm);
  return error;
}

}  // namespace

std::optional<core::Bytes> restore(const formats::DumpEntry& entry, const core::Bytes& payload,
                                   const core::Bytes& metadata) {
  if (payload.empty() && metadata.empty()) return std::nullopt;
  const quant::Layout& layout = entry.layout;
  if (payload.size() != quant::payload_bytes(layout) || metadata.size() != quant::metadata_bytes(layout)) {
    throw bad_entry(entry, "has stored bytes of another length than its layout");
  }
  // A constant is a few bytes for any number of elements.
  const auto bytes =
      core::checked_multiply(core::checked_numel(entry.shape, entry.id), core::size_of(entry.dtype), entry.id);
  core::require_within_limit(bytes, payload.size() + metadata.size(), "saved tensor '" + entry.id + "'");
  core::Bytes elements(layout.count * core::size_of(layout.dtype));
  quant::decode(layout, payload, metadata, elements.data());
  return row_by_row(entry, std::move(elements));
}

std::optional<ReconstructionError> error_of(formats::DumpReader& reader, const formats::DumpEntry& entry) {
  if (!reader.has_exact() || quant::fidelity_of(entry.layout.codec) == quant::Fidelity::Partial) return std::nullopt;
  const auto restored = restore(entry, reader.payload(), reader.metadata());
  if (!restored) return std::nullopt;
  if (restored->size() != reader.exact().size()) throw bad_entry(entry, "has an exact copy of another length");
  return reconstruction_error(entry.dtype, *restored, reader.exact());
}

void for_each_entry(Input& input, const std::function<void(formats::DumpReader&, const formats::DumpEntry&)>& visit) {
  formats::DumpReader reader(borrow(*input.source));
  if (!input.seekable) {
    while (const auto entry = reader.next()) visit(reader, *entry);
    return;
  }
  const std::vector<formats::DumpEntry> entries = reader.list();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    reader.seek(i);
    if (reader.next()) visit(reader, entries[i]);
  }
}

}  // namespace terse::tools::act_inspect
