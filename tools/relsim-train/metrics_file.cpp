#include "relsim-train/metrics_file.hpp"

#include <cstdio>

#include "terse/core/memory.hpp"
#include "terse/core/table.hpp"

namespace terse::tools {

MetricsFile::MetricsFile(const std::string& path)
    : sink_(path.empty() ? nullptr : core::open_sink(path, core::Content::Text)) {}

void MetricsFile::line(formats::Value::Map map, double step_seconds) {
  if (!sink_) return;
  map["step_seconds"] = step_seconds;
  map["peak_resident_bytes"] = formats::Value(core::peak_resident_bytes());
  core::write_text(*sink_, formats::to_json(map) + "\n");
  sink_->flush();
}

void MetricsFile::finish() {
  if (sink_) sink_->finish();
}

std::string to_four_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

}  // namespace terse::tools
