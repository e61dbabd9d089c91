#include "terse/core/table.hpp"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "terse/core/error.hpp"
#include "terse/core/size.hpp"
#include "terse/core/utf8.hpp"

namespace terse::core {

namespace {

constexpr std::string_view kBetweenColumns = "  ";

/// std::to_chars, because printf's decimal point follows the locale.
std::string number_text(double x, int digits) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, x, std::chars_format::general, digits).ptr};
}

/// As few digits as bring the same double back; JSON has no infinity or NaN.
std::string number_json(double x) {
  if (!std::isfinite(x)) return "null";
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, x).ptr};
}

/// Tabs and line ends as \t, \n, \r; for a terminal every other control character, too, as \xHH: a name from a
/// file must not move its cursor.
std::string escaped(std::string_view text, bool for_terminal) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto following = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    const bool c1_control = byte == 0xC2 && following >= 0x80 && following <= 0x9F;
    if (byte == '\t') {
      result += "\\t";
    } else if (byte == '\n') {
      result += "\\n";
    } else if (byte == '\r') {
      result += "\\r";
    } else if (for_terminal && (byte < 0x20 || byte == 0x7F || c1_control)) {
      const unsigned code = c1_control ? following : byte;
      (result += "\\x") += {kHex[code >> 4], kHex[code & 15]};
      i += c1_control;
    } else {
      result += static_cast<char>(byte);
    }
  }
  return result;
}

std::string cell_text(const Cell& cell, const Column& column, bool for_terminal) {
  struct Visitor {
    const Column& column;
    bool for_terminal;
    std::string operator()(std::monostate) const { return "-"; }
    std::string operator()(std::int64_t x) const {
      if (for_terminal && column.size && x >= 0) return format_size(static_cast<std::uint64_t>(x));
      return std::to_string(x);
    }
    std::string operator()(double x) const {
      if (for_terminal && column.size && x >= 0 && x < 0x1p63) return format_size(static_cast<std::uint64_t>(x));
      return number_text(x, column.digits);
    }
    std::string operator()(const std::string& x) const { return escaped(x, for_terminal); }
    std::string operator()(bool x) const { return x ? "true" : "false"; }
  };
  return std::visit(Visitor{column, for_terminal}, cell);
}

std::string string_json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cell_json(const Cell& cell) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(std::int64_t x) const { return std::to_string(x); }
    std::string operator()(double x) const { return number_json(x); }
    std::string operator()(const std::string& x) const { return string_json(x); }
    std::string operator()(bool x) const { return x ? "true" : "false"; }
  };
  return std::visit(Visitor{}, cell);
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<double>(cell);
}

/// One column ready to be aligned: its texts, numbers to the right and words to the left.
struct AlignedColumn {
  std::vector<std::string> texts;
  std::size_t width = 0;
  bool to_the_right = true;
};

AlignedColumn align(const Column& column, std::size_t index, const std::vector<std::vector<Cell>>& rows) {
  AlignedColumn aligned;
  aligned.texts.push_back(column.name);
  bool any_number = false;
  for (const auto& row : rows) {
    const Cell& cell = row[index];
    any_number |= is_number(cell);
    if (!is_number(cell) && !std::holds_alternative<std::monostate>(cell)) aligned.to_the_right = false;
    aligned.texts.push_back(cell_text(cell, column, true));
  }
  aligned.to_the_right &= any_number;
  for (const std::string& text : aligned.texts) aligned.width = std::max(aligned.width, count_characters(text));
  return aligned;
}

}  // namespace

TableWriter::TableWriter(ByteSink& sink, TableStyle style, std::vector<Column> columns)
    : sink_(sink), style_(style), columns_(std::move(columns)) {}

void TableWriter::write_header() {
  if (header_written_ || style_ != TableStyle::Tsv) return;
  header_written_ = true;
  std::string header = "#";
  for (const Column& column : columns_) header += (&column == &columns_.front() ? "" : "\t") + column.name;
  write_text(sink_, header += '\n');
}

void TableWriter::row(std::vector<Cell> cells) {
  if (cells.size() != columns_.size()) throw Error(Error::Internal, "a table row with another number of cells");
  write_header();
  if (style_ == TableStyle::Aligned) {
    held_.push_back(std::move(cells));
    return;
  }
  const bool json = style_ == TableStyle::Json;
  std::string line = json ? "{" : "";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += json ? "," : "\t";
    line += json ? string_json(columns_[i].name) + ":" + cell_json(cells[i]) : cell_text(cells[i], columns_[i], false);
  }
  line += json ? "}\n" : "\n";
  write_text(sink_, line);
}

void TableWriter::finish() {
  write_header();
  if (style_ != TableStyle::Aligned) return;
  std::vector<AlignedColumn> aligned;
  for (std::size_t i = 0; i < columns_.size(); ++i) aligned.push_back(align(columns_[i], i, held_));
  for (std::size_t row = 0; row <= held_.size(); ++row) {
    std::string line;
    for (const AlignedColumn& column : aligned) {
      const std::string& text = column.texts[row];
      const std::string padding(column.width - count_characters(text), ' ');
      if (!line.empty()) line += kBetweenColumns;
      line += column.to_the_right ? padding + text : text + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    write_text(sink_, line += '\n');
  }
  held_.clear();
}

TableStyle table_style(bool json, const std::string& path) {
  if (json) return TableStyle::Json;
  return path == "-" && ::isatty(STDOUT_FILENO) ? TableStyle::Aligned : TableStyle::Tsv;
}

}  // namespace terse::core
