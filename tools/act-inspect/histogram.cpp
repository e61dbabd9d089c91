#include "act-inspect/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "act-inspect/elements.hpp"

namespace terse::tools::act_inspect {
namespace {

void survey(Histogram& result, core::DType dtype, std::span<const std::byte> data) {
  double mean = 0, squares = 0;  // Welford
  for_each_element(dtype, data, [&](double x) {
    ++result.count;
    if (!std::isfinite(x)) {
      ++result.non_finite;
      return;
    }
    const auto seen = result.finite();
    if (x == 0) ++result.zeros;
    result.minimum = seen == 1 ? x : std::min(result.minimum, x);
    result.maximum = seen == 1 ? x : std::max(result.maximum, x);
    const double from_mean = x - mean;
    mean += from_mean / static_cast<double>(seen);
    squares += from_mean * (x - mean);
  });
  if (result.finite() == 0) return;
  result.mean = mean;
  result.deviation = std::sqrt(squares / static_cast<double>(result.finite()));
}

void lay_edges(Histogram& result, core::DType dtype, int bins) {
  const double low = result.minimum, high = result.maximum;
  if (low == high) {
    result.one_value_a_bin = true;
    result.edges = {low, high};
  } else if (!core::is_floating(dtype) && high - low < bins) {
    result.one_value_a_bin = true;
    // Counted by an integer: beyond 2^53, adding 1 to a double changes nothing.
    for (int i = 0; i <= static_cast<int>(high - low) + 1; ++i) result.edges.push_back(low + i);
  } else {
    // Halves first: the range of two large finite numbers may overflow.
    const double step = (high / 2 - low / 2) / bins * 2;
    for (int i = 0; i <= bins; ++i) result.edges.push_back(i == bins ? high : low + step * i);
  }
  result.counts.assign(result.edges.size() - 1, 0);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string bar(double share_of_longest, std::size_t cells, bool ascii) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const std::size_t parts = ascii ? 1 : 8;
  const auto filled = static_cast<std::size_t>(
      std::max(std::lround(share_of_longest * static_cast<double>(cells * parts)), share_of_longest > 0 ? 1L : 0L));
  std::string text;
  for (std::size_t i = 0; i < filled / parts; ++i) text += ascii ? "#" : "█";
  text += kEighths[filled % parts];
  text.append(cells - (filled + parts - 1) / parts, ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string label(const Histogram& histogram, std::size_t bin) {
  const std::string low = number(histogram.edges[bin]);
  return histogram.one_value_a_bin ? low : low + " .. " + number(histogram.edges[bin + 1]);
}

}  // namespace

Histogram histogram(core::DType dtype, std::span<const std::byte> data, int bins) {
  Histogram result;
  survey(result, dtype, data);
  if (result.finite() == 0) return result;
  lay_edges(result, dtype, bins);
  const double low = result.minimum, last = static_cast<double>(result.counts.size() - 1);
  const double step = result.one_value_a_bin || result.counts.size() == 1 ? 1 : result.edges[1] - low;
  for_each_element(dtype, data, [&](double x) {
    if (!std::isfinite(x)) return;
    const double bin = step > 0 ? std::floor(x / step - low / step) : 0;
    ++result.counts[static_cast<std::size_t>(std::clamp(bin, 0.0, last))];
  });
  return result;
}

std::string draw(const Histogram& histogram, std::size_t width, bool ascii) {
  std::size_t label_width = 0, count_width = 0;
  for (std::size_t bin = 0; bin < histogram.counts.size(); ++bin) {
    label_width = std::max(label_width, label(histogram, bin).size());
    count_width = std::max(count_width, std::to_string(histogram.counts[bin]).size());
  }
  constexpr std::size_t kShareWidth = 7;  // " 100.0%"
  const std::size_t beside = label_width + 2 + 1 + count_width + kShareWidth;
  const std::size_t cells = width > beside ? width - beside : 1;
  std::uint64_t longest = 1;
  for (const auto count : histogram.counts) longest = std::max(longest, count);
  std::string text;
  for (std::size_t bin = 0; bin < histogram.counts.size(); ++bin) {
    const auto count = static_cast<double>(histogram.counts[bin]);
    char share[16];
    std::snprintf(share, sizeof share, "%6.1f%%", 100 * count / static_cast<double>(histogram.finite()));
    text += right(label(histogram, bin), label_width) + "  " + bar(count / static_cast<double>(longest), cells, ascii) +
            " " + right(std::to_string(histogram.counts[bin]), count_width) + share + "\n";
  }
  return text;
}

}  // namespace terse::tools::act_inspect
