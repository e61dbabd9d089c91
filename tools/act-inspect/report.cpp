#include "act-inspect/report.hpp"

#include <cstdio>

#include "terse/core/size.hpp"

namespace terse::tools::act_inspect {
namespace {

std::string text_of(const formats::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_double()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value.as_double());
    return text;
  }
  if (value.is_array()) {
    std::string text;
    for (const auto& element : value.as_array()) text += (text.empty() ? "" : " ") + text_of(element);
    return text;
  }
  return formats::to_json(value);
}

formats::Value value_of(const core::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag;
  return {};
}

}  // namespace

void Report::fact(const std::string& name, formats::Value value, std::string shown) {
  if (shown.empty()) shown = text_of(value);
  if (value.is_nil() || shown.empty()) return;
  facts_.push_back({name, std::move(shown), std::move(value)});
}

void Report::size(const std::string& name, std::uint64_t bytes) {
  std::string shown = core::format_size(bytes);
  if (bytes >= 1024) shown += " (" + std::to_string(bytes) + ")";
  fact(name, bytes, std::move(shown));
}

void Report::facts(const std::string& prefix, const formats::Value& map) {
  if (!map.is_map()) return;
  for (const auto& [name, value] : map.as_map()) fact(prefix + name, value);
}

void Report::table(const std::string& name, std::vector<core::Column> columns) {
  tables_.push_back({name, std::move(columns), {}});
}

void Report::row(std::vector<core::Cell> cells) { tables_.back().rows.push_back(std::move(cells)); }

formats::Value Report::json() const {
  formats::Value::Map object;
  for (const auto& fact : facts_) object[fact.name] = fact.value;
  for (const auto& table : tables_) {
    formats::Value::Array rows;
    for (const auto& cells : table.rows) {
      formats::Value::Map row;
      for (std::size_t i = 0; i < cells.size(); ++i) row[table.columns[i].name] = value_of(cells[i]);
      rows.emplace_back(std::move(row));
    }
    object[table.name] = std::move(rows);
  }
  return object;
}

void Report::write(core::ByteSink& sink, core::TableStyle style) const {
  if (style == core::TableStyle::Json) {
    core::write_text(sink, formats::to_json(json()) + "\n");
    return;
  }
  core::TableWriter facts(sink, style, {{.name = "field"}, {.name = "value"}});
  for (const auto& fact : facts_) {
    facts.row({fact.name, style == core::TableStyle::Aligned ? fact.shown : text_of(fact.value)});
  }
  facts.finish();
  for (const auto& table : tables_) {
    if (table.rows.empty()) continue;
    core::write_text(sink, "\n");
    core::TableWriter writer(sink, style, table.columns);
    for (const auto& cells : table.rows) writer.row(cells);
    writer.finish();
  }
}

formats::Value number_value(std::uint64_t number) {
  return number > INT64_MAX ? formats::Value(std::to_string(number)) : formats::Value(number);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

core::Cell ratio_cell(std::uint64_t whole, std::uint64_t part) {
  if (whole == 0 || part == 0) return {};
  return static_cast<double>(whole) / static_cast<double>(part);
}

}  // namespace terse::tools::act_inspect
