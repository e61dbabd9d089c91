#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::tools {

/// JSON lines about a training run, each with step_seconds and peak_resident_bytes.
class MetricsFile {
 public:
  /// @param path   empty: nothing is written
  /// @param keeps  whether lines() are kept
  MetricsFile(const std::string& path, bool keeps);
  void line(formats::Value::Map map, double step_seconds);
  /// Lines that an earlier part of the run wrote.
  void again(std::string_view lines);
  void finish();
  const std::string& lines() const { return lines_; }

 private:
  std::unique_ptr<core::ByteSink> sink_;
  bool keeps_;
  std::string lines_;  // so far
};

/// A score between 0 and 1, or a loss, as notes tell it.
std::string to_four_decimals(double value);

}  // namespace terse::tools
