#include "terse/learn/metrics_file.hpp"

#include "terse/core/memory.hpp"
#include "terse/core/table.hpp"

namespace terse::learn {

MetricsFile::MetricsFile(const std::string& path, bool keeps)
    : sink_(path.empty() ? nullptr : core::open_sink(path, core::Content::Text)), keeps_(keeps) {}

void MetricsFile::line(formats::Value::Map map, double step_seconds) {
  if (!sink_ && !keeps_) return;
  map["step_seconds"] = step_seconds;
  map["peak_resident_bytes"] = formats::Value(core::peak_resident_bytes());
  again(formats::to_json(map) + "\n");
}

// Each line goes out at once: a run is watched while it trains, and a full disk is noticed after the first epoch.
void MetricsFile::again(std::string_view lines) {
  if (keeps_) lines_ += lines;
  if (!sink_) return;
  core::write_text(*sink_, lines);
  sink_->flush();
}

void MetricsFile::finish() {
  if (sink_) sink_->finish();
}

}  // namespace terse::learn
