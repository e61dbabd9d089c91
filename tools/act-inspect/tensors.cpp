#include <array>
#include <set>

#include "act-inspect/dump_content.hpp"
#include "act-inspect/input.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/report.hpp"
#include "terse/core/checked.hpp"
#include "terse/formats/kinds/profile.hpp"

namespace terse::tools::act_inspect {
namespace {

using core::Cell;
using core::TableWriter;

Cell percent(std::uint64_t part, const std::vector<std::int64_t>& shape) {
  const auto whole = core::checked_numel(shape, "shape");
  if (whole == 0) return {};
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Bits of a code; a tensor that is stored as it is has none.
Cell bits_cell(const formats::DumpEntry& entry) {
  const auto& layout = entry.layout;
  return layout.bits == 0 || layout.codec == quant::Codec::Raw ? Cell{} : cell(std::uint64_t{layout.bits});
}

// Minimum, maximum and share of zeros; empty where the elements were not looked at (a shared tensor, a parameter).
std::array<Cell, 3> range_cells(double minimum, double maximum, std::uint64_t zeros,
                                const std::vector<std::int64_t>& shape) {
  if (minimum == 0 && maximum == 0 && zeros == 0) return {};
  return {minimum, maximum, percent(zeros, shape)};
}

// The entries that hold exact copies: only their elements must be read to list the dump.
std::set<std::string> items_with_exact(Input& input) {
  std::set<std::string> entries;
  formats::ArtifactReader reader(borrow(*input.source));
  for (const auto& item : reader.index()) {
    const auto slash = item.name.find("/exact");
    if (slash != std::string::npos) entries.insert(item.name.substr(0, slash));
  }
  return entries;
}

void list_dump(Input& input, core::ByteSink& sink, core::TableStyle style) {
  const auto with_exact = input.seekable ? items_with_exact(input) : std::set<std::string>{};
  TableWriter table(sink, style,
                    {{.name = "step"},
                     {.name = "id"},
                     {.name = "operator"},
                     {.name = "role"},
                     {.name = "dtype"},
                     {.name = "shape"},
                     {.name = "codec"},
                     {.name = "bits"},
                     {.name = "exact_bytes", .size = true},
                     {.name = "stored_bytes", .size = true},
                     {.name = "ratio", .digits = 3},
                     {.name = "minimum", .digits = 4},
                     {.name = "maximum", .digits = 4},
                     {.name = "zeros_percent", .digits = 3},
                     {.name = "non_finite"},
                     {.name = "reason"},
                     {.name = "shared_with"},
                     {.name = "relative_error", .digits = 3},
                     {.name = "largest_error", .digits = 3}});
  std::uint64_t number = 0;
  for_each_entry(input, [&](formats::DumpReader& reader, const formats::DumpEntry& entry) {
    std::optional<ReconstructionError> error;
    if (!input.seekable || with_exact.contains(std::to_string(number))) error = error_of(reader, entry);
    ++number;
    auto [minimum, maximum, zeros] = range_cells(entry.minimum, entry.maximum, entry.zeros, entry.shape);
    table.row({cell(entry.step), entry.id, text_cell(entry.op), text_cell(entry.role),
               std::string(core::to_string(entry.dtype)), shape_text(entry.shape),
               std::string(quant::to_string(entry.layout.codec)), bits_cell(entry), cell(entry.exact_bytes),
               cell(entry.stored_bytes), ratio_cell(entry.exact_bytes, entry.stored_bytes), minimum, maximum, zeros,
               cell(entry.non_finite), text_cell(entry.reason), text_cell(entry.shared_with),
               error ? Cell{error->relative} : Cell{}, error ? Cell{error->largest} : Cell{}});
  });
  table.finish();
}

void list_profile(Input& input, core::ByteSink& sink, core::TableStyle style) {
  const auto profile = formats::read_profile(borrow(*input.source)).content;
  TableWriter table(sink, style,
                    {{.name = "id"},
                     {.name = "operator"},
                     {.name = "role"},
                     {.name = "dtype"},
                     {.name = "shape"},
                     {.name = "exact_bytes", .size = true},
                     {.name = "minimum", .digits = 4},
                     {.name = "maximum", .digits = 4},
                     {.name = "zeros_percent", .digits = 3},
                     {.name = "non_finite"},
                     {.name = "reason"},
                     {.name = "shared_with"},
                     {.name = "sensitivity", .digits = 4},
                     {.name = "sensitivity_error", .digits = 2}});
  const auto optional_cell = [](const std::optional<double>& value) { return value ? Cell{*value} : Cell{}; };
  for (const auto& tensor : profile.tensors) {
    auto [minimum, maximum, zeros] = range_cells(tensor.minimum, tensor.maximum, tensor.zeros, tensor.shape);
    table.row({tensor.id, text_cell(tensor.op), text_cell(tensor.role), std::string(core::to_string(tensor.dtype)),
               shape_text(tensor.shape), cell(tensor.exact_bytes), minimum, maximum, zeros, cell(tensor.non_finite),
               text_cell(tensor.reason), text_cell(tensor.shared_with), optional_cell(tensor.sensitivity),
               optional_cell(tensor.sensitivity_error)});
  }
  table.finish();
}

// "parameter/conv1.weight" is the tensor conv1.weight in the group of parameters.
void list_items(Input& input, core::ByteSink& sink, core::TableStyle style) {
  TableWriter table(sink, style,
                    {{.name = "name"},
                     {.name = "group"},
                     {.name = "dtype"},
                     {.name = "shape"},
                     {.name = "elements"},
                     {.name = "raw_bytes", .size = true},
                     {.name = "stored_bytes", .size = true},
                     {.name = "ratio", .digits = 3}});
  const Outline outline = outline_of(input);
  for (const auto& item : outline.items) {
    if (item.type != formats::ItemInfo::Type::Tensor) continue;
    const auto slash = item.name.find('/');
    const bool grouped = slash != std::string::npos;
    table.row({grouped ? item.name.substr(slash + 1) : item.name, grouped ? Cell{item.name.substr(0, slash)} : Cell{},
               std::string(core::to_string(item.tensor.dtype)), shape_text(item.tensor.shape),
               cell(core::checked_numel(item.tensor.shape, item.name)), cell(item.raw_bytes), cell(item.stored_bytes),
               ratio_cell(item.raw_bytes, item.stored_bytes)});
  }
  table.finish();
}

}  // namespace

int list_tensors(const Options& options) {
  Input input = open_input(options.input);
  const auto sink = core::open_sink(options.shared.output, core::Content::Text);
  const auto style = core::table_style(options.shared.json, options.shared.output);
  switch (input.header.kind) {
    case formats::Kind::Dump:
      list_dump(input, *sink, style);
      break;
    case formats::Kind::Profile:
      list_profile(input, *sink, style);
      break;
    default:
      list_items(input, *sink, style);
  }
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
