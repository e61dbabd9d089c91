#include "act-inspect/input.hpp"
#include "act-inspect/kind_summaries.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/report.hpp"

namespace terse::tools::act_inspect {
namespace {

void describe_header(Report& report, const formats::Header& header) {
  report.fact("kind", std::string(formats::to_string(header.kind)));
  report.fact("schema", std::to_string(header.schema_major) + "." + std::to_string(header.schema_minor));
  report.fact("producer", header.producer);
  report.fact("arguments", formats::Value::Array(header.arguments.begin(), header.arguments.end()));
  report.fact("seed", number_value(header.seed));
  report.fact("parents", formats::Value::Array(header.parents.begin(), header.parents.end()));
}

void describe_items(Report& report, const std::vector<formats::ItemInfo>& items) {
  std::uint64_t raw = 0, stored = 0;
  for (const auto& item : items) {
    raw += item.raw_bytes;
    stored += item.stored_bytes;
  }
  report.fact("items", std::uint64_t{items.size()});
  report.size("raw_bytes", raw);
  report.size("stored_bytes", stored);
}

}  // namespace

int summarize(const Options& options) {
  Input input = open_input(options.input);
  // Weights and activations may be larger than memory; the other kinds are read whole anyway.
  const bool streams = input.header.kind == formats::Kind::Model || input.header.kind == formats::Kind::Checkpoint ||
                       input.header.kind == formats::Kind::Dump;
  if (!streams) make_seekable(input);
  const Outline outline = outline_of(input);
  Report report;
  describe_header(report, input.header);
  report.fact("digest", outline.digest);
  describe_items(report, outline.items);
  describe_kind(report, input, outline, options);
  const auto sink = core::open_sink(options.shared.output, core::Content::Text);
  report.write(*sink, core::table_style(options.shared.json, options.shared.output));
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
