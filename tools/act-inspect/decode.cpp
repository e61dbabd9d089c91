#include <charconv>

#include "act-inspect/content.hpp"
#include "act-inspect/elements.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/npy.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::act_inspect {
namespace {

constexpr std::size_t kBlock = 64u << 10;

template <class T>
void append(std::string& text, T value) {
  char digits[64];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  text += '\n';
}

// One element per line, with as many digits as restore it exactly.
void write_lines(core::ByteSink& sink, const formats::Tensor& tensor) {
  std::string text;
  const auto flush_beyond = [&](std::size_t size) {
    if (text.size() <= size) return;
    core::write_text(sink, text);
    text.clear();
  };
  const auto dtype = tensor.info.dtype;
  if (dtype == core::DType::Int64) {  // beyond 2^53 a double would not do
    for (const auto value : tensor.as<std::int64_t>()) {
      append(text, value);
      flush_beyond(kBlock);
    }
  } else {
    for_each_element(dtype, tensor.data, [&](double value) {
      if (!core::is_floating(dtype)) append(text, static_cast<std::int64_t>(value));
      if (dtype == core::DType::Float64) append(text, value);
      if (core::is_floating(dtype) && dtype != core::DType::Float64) append(text, static_cast<float>(value));
      flush_beyond(kBlock);
    });
  }
  flush_beyond(0);
}

}  // namespace

int decode_tensor(const Options& options) {
  const Content content = find_content(options.decode, options);
  const bool array = !options.npy.empty();
  const auto sink =
      core::open_sink(array ? options.npy : options.shared.output, array ? core::Content::Binary : core::Content::Text);
  if (array) {
    write_npy(*sink, content.tensor);
  } else {
    write_lines(*sink, content.tensor);
  }
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
