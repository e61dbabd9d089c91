#include "terse/core/tsv_reader.hpp"

#include <cstring>

#include "terse/core/decompress.hpp"
#include "terse/core/utf8.hpp"

namespace terse::core {

namespace {
constexpr std::size_t kFirstBuffer = 4u << 10, kUsualBuffer = 128u << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(decompressing_source(std::move(source))), buffer_(kFirstBuffer) {}

const std::string& LineReader::name() const { return source_->name(); }

Error LineReader::error(const std::string& what) const {
  return Error(Error::BadInput, name() + ":" + std::to_string(line_number_) + ": " + what);
}

bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < kUsualBuffer && line_number_ > 0) {
    buffer_.resize(kUsualBuffer);
  } else if (end_ == buffer_.size()) {
    buffer_.resize(buffer_.size() * 2);
  }
  const auto room = std::as_writable_bytes(std::span(buffer_)).subspan(end_);
  const std::size_t count = source_->read(room);
  end_ += count;
  at_end_ = count < room.size();  // a source gives less only then
  return count > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  const char* line_feed = nullptr;
  for (;;) {
    if (begin_ + searched < end_) {
      line_feed =
          static_cast<const char*>(std::memchr(buffer_.data() + begin_ + searched, '\n', end_ - begin_ - searched));
    }
    if (line_feed != nullptr) break;
    searched = end_ - begin_;
    if (searched > kLongestLine) {
      ++line_number_;
      throw error("a line longer than " + std::to_string(kLongestLine) + " bytes");
    }
    if (!fill()) break;
  }
  if (line_feed == nullptr && begin_ == end_) return false;

  const char* begin = buffer_.data() + begin_;
  const std::size_t length = line_feed != nullptr ? static_cast<std::size_t>(line_feed - begin) : end_ - begin_;
  begin_ += length + (line_feed != nullptr);
  ++line_number_;
  line = std::string_view(begin, length);
  if (length > kLongestLine) throw error("a line longer than " + std::to_string(kLongestLine) + " bytes");
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line_number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const std::size_t invalid = first_invalid_utf8(line);
  if (invalid < line.size()) {
    const std::string where = " at byte " + std::to_string(invalid + 1);
    throw error((line[invalid] == '\0' ? "a NUL byte" : "not UTF-8") + where);
  }
  return true;
}

TsvReader::TsvReader(std::unique_ptr<ByteSource> source, bool comments)
    : lines_(std::move(source)), comments_(comments) {}

bool TsvReader::next(std::vector<std::string_view>& fields) {
  std::string_view line;
  do {
    if (!lines_.next(line)) return false;
  } while (line.empty() || (comments_ && line.front() == '#'));
  fields.clear();
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return true;
    line.remove_prefix(tab + 1);
  }
}

}  // namespace terse::core
