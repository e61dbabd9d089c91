#include "terse/core/table.hpp"

#include <clocale>
#include <limits>
#include <nlohmann/json.hpp>

#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;

namespace {

std::string written(TableStyle style, const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows) {
  Bytes bytes;
  const auto sink = memory_sink(bytes);
  TableWriter table(*sink, style, columns);
  for (const auto& row : rows) table.row(row);
  table.finish();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::vector<Column> kColumns = {{"id"}, {"bytes", 6, true}, {"loss", 3}, {"exact"}};
const std::vector<std::vector<Cell>> kRows = {
    {std::string("relu#3"), std::int64_t{446} << 20, 0.123456, true},
    {std::string("Größe"), std::int64_t{17}, std::monostate{}, false},
};

}  // namespace

TEST_CASE("TSV has a # header, plain numbers and the column's digits") {
  CHECK(written(TableStyle::Tsv, kColumns, kRows) ==
        "#id\tbytes\tloss\texact\nrelu#3\t467664896\t0.123\ttrue\nGröße\t17\t-\tfalse\n");
}

TEST_CASE("aligned columns: numbers to the right, characters counted, sizes for people, no trailing blanks") {
  CHECK(written(TableStyle::Aligned, kColumns, kRows) ==
        "id        bytes   loss  exact\n"
        "relu#3  446 MiB  0.123  true\n"
        "Größe      17 B      -  false\n");
}

TEST_CASE("JSON lines parse back to the same values") {
  const std::string text =
      written(TableStyle::Json, {{"s"}, {"i", 6, true}, {"d", 2}, {"n"}, {"b"}},
              {{std::string("q\"\\\t\n\x01 Größe"), std::int64_t{-5}, 0.1, std::monostate{}, true}});
  CHECK(text.back() == '\n');
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  const auto row = nlohmann::json::parse(text);
  CHECK(row["s"] == "q\"\\\t\n\x01 Größe");
  CHECK(row["i"] == -5);
  CHECK(row["d"].get<double>() == 0.1);
  CHECK(row["n"].is_null());
  CHECK(row["b"] == true);
}

TEST_CASE("JSON doubles keep every bit; infinities and NaN are null") {
  for (const double x : {1.0 / 3, 1e300, -5e-324, 123456789.123456789, -0.0}) {
    const auto row = nlohmann::json::parse(written(TableStyle::Json, {{"x", 2}}, {{x}}));
    CHECK(row["x"].get<double>() == x);
  }
  for (const double x : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    CHECK(written(TableStyle::Json, {{"x"}}, {{x}}) == "{\"x\":null}\n");
  }
  CHECK(written(TableStyle::Tsv, {{"x"}}, {{std::numeric_limits<double>::infinity()}}) == "#x\ninf\n");
}

TEST_CASE("JSON is UTF-8 even where a name is not") {
  CHECK_NOTHROW(nlohmann::json::parse(written(TableStyle::Json, {{"x"}}, {{std::string("\xFF")}})));
}

TEST_CASE("text cells cannot break the lines, nor move a terminal's cursor") {
  const Cell cell = std::string("a\tb\nc\rd\x1b[2J\x7F\xC2\x9B");
  CHECK(written(TableStyle::Tsv, {{"x"}}, {{cell}}) == "#x\na\\tb\\nc\\rd\x1b[2J\x7F\xC2\x9B\n");
  CHECK(written(TableStyle::Aligned, {{"x"}}, {{cell}}) == "x\na\\tb\\nc\\rd\\x1b[2J\\x7f\\x9b\n");
}

TEST_CASE("an empty table still has its header as text, and nothing as JSON") {
  CHECK(written(TableStyle::Tsv, {{"a"}, {"b"}}, {}) == "#a\tb\n");
  CHECK(written(TableStyle::Aligned, {{"a"}, {"b"}}, {}) == "a  b\n");
  CHECK(written(TableStyle::Json, {{"a"}, {"b"}}, {}).empty());
}

TEST_CASE("rows arrive as they are written, but aligned ones at the end") {
  Bytes bytes;
  const auto sink = memory_sink(bytes);
  TableWriter table(*sink, TableStyle::Json, {{"a"}});
  table.row({std::int64_t{1}});
  CHECK(bytes.size() == 8);
}

TEST_CASE("a row with another number of cells is a bug") {
  CHECK(test::throws(Error::Internal, "cells", [] { written(TableStyle::Tsv, {{"a"}, {"b"}}, {{true}}); }));
}

TEST_CASE("the locale's decimal point does not matter") {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  const bool changed = std::setlocale(LC_NUMERIC, "de_DE.UTF-8") || std::setlocale(LC_NUMERIC, "fr_FR.UTF-8");
  CHECK(written(TableStyle::Tsv, {{"x"}}, {{1.5}}) == "#x\n1.5\n");
  CHECK(written(TableStyle::Json, {{"x"}}, {{1.5}}) == "{\"x\":1.5}\n");
  std::setlocale(LC_NUMERIC, before.c_str());
  if (!changed) WARN("no locale with a decimal comma is installed");
}

TEST_CASE("--json decides, then the terminal, and a file is never aligned") {
  CHECK(table_style(true, "-") == TableStyle::Json);
  CHECK(table_style(false, "out.tsv") == TableStyle::Tsv);
}
