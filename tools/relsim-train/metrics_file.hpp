#pragma once

#include <memory>
#include <string>

#include "terse/core/bytes.hpp"
#include "terse/formats/value.hpp"

namespace terse::tools {

/// JSON lines about a training run, each with step_seconds and peak_resident_bytes.
class MetricsFile {
 public:
  /// @param path  empty: nothing is written
  explicit MetricsFile(const std::string& path);
  void line(formats::Value::Map map, double step_seconds);
  void finish();

 private:
  std::unique_ptr<core::ByteSink> sink_;
};

/// A score between 0 and 1, or a loss, as notes tell it.
std::string to_four_decimals(double value);

}  // namespace terse::tools
