#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "terse/core/bytes.hpp"

namespace terse::core {

/// How records are written: aligned columns for a terminal, TSV with a `#` header for a pipe, JSON lines.
enum class TableStyle { Aligned, Tsv, Json };

/// One cell. Aligned and TSV write doubles with `digits` of their column, JSON with all digits that matter;
/// monostate is `-` in text; it, infinities and NaN are null in JSON. Tabs and line ends in strings are escaped in
/// text (\t, \n, \r); Aligned escapes every control character, because it goes to a terminal.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string, bool>;

struct Column {
  std::string name;   ///< the JSON key and TSV header: lower case, underscores
  int digits = 6;     ///< significant digits of doubles in text
  bool size = false;  ///< bytes: shown as "446 MiB" when aligned, plain number elsewhere
};

/// Writes a table row by row; Aligned holds the rows until finish() to know the widths.
class TableWriter {
 public:
  TableWriter(ByteSink& sink, TableStyle style, std::vector<Column> columns);
  void row(std::vector<Cell> cells);
  void finish();  ///< writes what is held; does not finish the sink

 private:
  void write_header();

  ByteSink& sink_;
  TableStyle style_;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> held_;
  bool header_written_ = false;
};

/// --json, else aligned if standard output is a terminal and `path` is "-", else TSV.
TableStyle table_style(bool json, const std::string& path);

}  // namespace terse::core
