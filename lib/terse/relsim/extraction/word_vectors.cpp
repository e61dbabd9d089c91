#include "terse/relsim/extraction/word_vectors.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const auto blank = std::min(line.find(' '), line.size());
    if (blank > 0) fields.push_back(line.substr(0, blank));
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return fields;
}

}  // namespace

std::int64_t read_word_vectors(const std::string& path, const Vocabulary& vocabulary, const at::Tensor& table) {
  core::LineReader reader(core::open_source(path));
  const auto dim = static_cast<std::size_t>(table.size(1));
  std::vector<float> row(dim);
  std::int64_t found = 0;
  std::string_view line;
  while (reader.next(line)) {
    const auto fields = split(line);
    if (fields.empty() || (reader.line_number() == 1 && fields.size() == 2 && dim != 1)) continue;
    if (fields.size() != dim + 1) {
      throw reader.error("expected a word and " + std::to_string(dim) + (dim == 1 ? " number" : " numbers") +
                         ", found " + std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields"));
    }
    for (std::size_t i = 0; i < dim; ++i) {
      const auto& field = fields[i + 1];
      const auto parsed = std::from_chars(field.data(), field.data() + field.size(), row[i]);
      if (parsed.ec != std::errc() || parsed.ptr != field.data() + field.size()) {
        throw reader.error("'" + std::string(field) + "' is no number");
      }
    }
    const auto id = vocabulary.find(fields[0]);
    if (!id) continue;
    std::copy(row.begin(), row.end(), table.data_ptr<float>() + (static_cast<std::size_t>(*id) + 2) * dim);
    ++found;
  }
  return found;
}

}  // namespace terse::relsim
