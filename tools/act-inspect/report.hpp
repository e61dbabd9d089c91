#pragma once

#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/table.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::tools::act_inspect {

/// Facts, then tables: as text a table of two columns and one table each, as JSON one object.
class Report {
 public:
  /// @param value  for machines @param shown  for a terminal; empty: the same. Nil and empty values are left out.
  void fact(const std::string& name, formats::Value value, std::string shown = {});
  /// A size in bytes.
  void size(const std::string& name, std::uint64_t bytes);
  /// The members of a map as facts, their names after `prefix`.
  void facts(const std::string& prefix, const formats::Value& map);
  /// Starts a table; rows go to the last one.
  void table(const std::string& name, std::vector<core::Column> columns);
  void row(std::vector<core::Cell> cells);

  void write(core::ByteSink& sink, core::TableStyle style) const;

 private:
  struct Fact {
    std::string name, shown;
    formats::Value value;
  };
  struct Table {
    std::string name;
    std::vector<core::Column> columns;
    std::vector<std::vector<core::Cell>> rows;
  };
  formats::Value json() const;

  std::vector<Fact> facts_;
  std::vector<Table> tables_;
};

/// A number of 64 bits, as text where a document's integers do not reach.
formats::Value number_value(std::uint64_t number);

/// "[16, 64, 32, 32]".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// whole / part, or no value where one of them is 0.
core::Cell ratio_cell(std::uint64_t whole, std::uint64_t part);

inline core::Cell cell(std::uint64_t number) { return static_cast<std::int64_t>(number); }

/// A string, or no value where it is empty.
inline core::Cell text_cell(const std::string& text) { return text.empty() ? core::Cell{} : core::Cell{text}; }

}  // namespace terse::tools::act_inspect
