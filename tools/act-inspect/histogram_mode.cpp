#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "act-inspect/content.hpp"
#include "act-inspect/histogram.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/report.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::act_inspect {
namespace {

constexpr std::size_t kWidthInPipe = 80;

bool to_terminal(const Options& options) { return options.shared.output == "-" && isatty(STDOUT_FILENO) == 1; }

std::size_t width_of(const Options& options) {
  if (options.width > 0) return static_cast<std::size_t>(options.width);
  winsize window{};
  if (to_terminal(options) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
  return kWidthInPipe;
}

// A file gets the same bytes in any locale; only a terminal is asked what it can show.
bool needs_ascii(const Options& options) {
  if (options.ascii) return true;
  if (!to_terminal(options)) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") == std::string_view::npos && locale.find("utf8") == std::string_view::npos;
  }
  return true;
}

formats::Value bins_json(const Histogram& histogram) {
  formats::Value::Array bins;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    bins.emplace_back(formats::Value::Map{
        {"from", histogram.edges[i]}, {"to", histogram.edges[i + 1]}, {"count", histogram.counts[i]}});
  }
  return bins;
}

}  // namespace

int show_histogram(const Options& options) {
  const Content content = find_content(options.histogram, options);
  const auto& info = content.tensor.info;
  const Histogram result = histogram(info.dtype, content.tensor.data, options.bins);
  Report report;
  report.fact("tensor", info.name);
  report.fact("dtype", std::string(core::to_string(info.dtype)));
  report.fact("shape", formats::Value::Array(info.shape.begin(), info.shape.end()), shape_text(info.shape));
  report.fact("form", content.form);
  report.fact("elements", result.count);
  report.fact("zeros", result.zeros);
  report.fact("non_finite", result.non_finite);
  if (result.finite() > 0) {
    report.fact("minimum", result.minimum);
    report.fact("maximum", result.maximum);
    report.fact("mean", result.mean);
    report.fact("deviation", result.deviation);
  }
  const auto sink = core::open_sink(options.shared.output, core::Content::Text);
  if (options.shared.json) {
    report.fact("bins", bins_json(result));
    report.write(*sink, core::TableStyle::Json);
  } else {
    report.write(*sink, core::TableStyle::Aligned);  // a drawing is for eyes, in a pipe as well
    core::write_text(*sink, "\n" + draw(result, width_of(options), needs_ascii(options)));
  }
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
