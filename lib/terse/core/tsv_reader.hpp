#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"

namespace terse::core {

/// Reads lines of text: LF or CRLF, a leading byte order mark dropped, UTF-8 checked, plain or .gz or .zst.
class LineReader {
 public:
  static constexpr std::size_t kLongestLine = 64u << 20;

  explicit LineReader(std::unique_ptr<ByteSource> source);
  /// The next line without its end, valid until the next call. @return false at the end
  /// @throws Error::BadInput as `file:line: …` on bad UTF-8, a NUL byte, or a line over kLongestLine
  bool next(std::string_view& line);
  std::uint64_t line_number() const { return line_number_; }
  const std::string& name() const;
  /// An Error::BadInput for the current line: `file:line: what`.
  Error error(const std::string& what) const;

 private:
  bool fill();
  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t line_number_ = 0;
  bool at_end_ = false;
};

/// Reads tab-separated records over a LineReader; empty lines are skipped, and lines beginning with '#' where
/// `comments` is set.
class TsvReader {
 public:
  explicit TsvReader(std::unique_ptr<ByteSource> source, bool comments = false);
  /// The next record's fields, valid until the next call. @return false at the end
  bool next(std::vector<std::string_view>& fields);
  std::uint64_t line_number() const { return lines_.line_number(); }
  const std::string& name() const { return lines_.name(); }
  Error error(const std::string& what) const { return lines_.error(what); }

 private:
  LineReader lines_;
  bool comments_;
};

}  // namespace terse::core
