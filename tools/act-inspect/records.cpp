#include "act-inspect/input.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/report.hpp"
#include "terse/formats/container/container.hpp"

namespace terse::tools::act_inspect {
namespace {

std::string type_name(std::uint8_t type) {
  switch (static_cast<formats::RecordType>(type)) {
    case formats::RecordType::Begin:
      return "begin";
    case formats::RecordType::Chunk:
      return "chunk";
    case formats::RecordType::Index:
      return "index";
    case formats::RecordType::End:
      return "end";
  }
  return "type " + std::to_string(type);  // of a later minor version
}

std::string hexadecimal(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

}  // namespace

int list_records(const Options& options) {
  auto input = open_input(options.input);
  formats::ContainerReader reader(*input.source);
  const auto sink = core::open_sink(options.shared.output, core::Content::Text);
  core::TableWriter table(*sink, core::table_style(options.shared.json, options.shared.output),
                          {{.name = "record"},
                           {.name = "type"},
                           {.name = "critical"},
                           {.name = "offset"},
                           {.name = "stored_bytes", .size = true},
                           {.name = "raw_bytes", .size = true},
                           {.name = "ratio", .digits = 3},
                           {.name = "crc32c"}});
  const auto row = [&](const formats::RecordHeader& header, std::uint64_t offset) {
    table.row({cell(header.sequence), type_name(header.type), header.critical, cell(offset),
               cell(formats::kRecordHeaderBytes + header.compressed_length), cell(header.raw_length),
               ratio_cell(header.raw_length, header.compressed_length), hexadecimal(header.compressed_crc)});
  };
  row(reader.begin_header(), 0);
  while (const auto header = reader.next()) row(*header, reader.offset());
  const auto& end = reader.end();
  table.row({cell(end.sequence),
             type_name(static_cast<std::uint8_t>(formats::RecordType::End)),
             true,
             cell(end.stream_length - formats::kEndBytes),
             cell(formats::kEndBytes),
             cell(0),
             {},
             {}});
  table.finish();
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
