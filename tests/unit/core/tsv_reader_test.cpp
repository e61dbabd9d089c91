#include "terse/core/tsv_reader.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "temporary_folder.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using test::bytes_of;

namespace {

/// A pipe-like source over text: no size, at most `step` bytes a call before the end would be a lie, so it joins them.
class PipeLike : public ByteSource {
 public:
  PipeLike(std::string text, std::string name) : ByteSource(std::move(name)), text_(std::move(text)) {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::copy_n(bytes_of(text_).begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

std::unique_ptr<ByteSource> source_of(std::string text) {
  return std::make_unique<PipeLike>(std::move(text), "kb.tsv");
}

std::vector<std::string> lines_of(std::string text) {
  LineReader reader(source_of(std::move(text)));
  std::vector<std::string> lines;
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  CHECK(reader.line_number() == lines.size());
  return lines;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  const auto context = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress2(context.get(), packed.data(), packed.size(), text.data(), text.size()));
  return packed;
}

/// Lines that do not compress away, longer in all than every buffer on the way.
std::vector<std::string> many_lines() {
  RandomSequence random({1, 2, 3});
  std::vector<std::string> lines(30000);
  for (std::string& line : lines) {
    line = std::to_string(random.word()) + "\t" + std::string(random.below(60), 'x') + std::to_string(random.word());
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace

TEST_CASE("lines end with LF, CRLF or the end of the file") {
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n") == std::vector<std::string>{""});
  CHECK(lines_of("a\nb\n") == std::vector<std::string>{"a", "b"});
  CHECK(lines_of("a\r\n\r\nb") == std::vector<std::string>{"a", "", "b"});
  CHECK(lines_of("a\rb\n") == std::vector<std::string>{"a\rb"});
}

TEST_CASE("a byte order mark is dropped at the beginning only") {
  CHECK(lines_of("\xEF\xBB\xBFx\ny\n") == std::vector<std::string>{"x", "y"});
  CHECK(lines_of("x\n\xEF\xBB\xBFy\n") == std::vector<std::string>{"x", "\xEF\xBB\xBFy"});
  CHECK(lines_of("\xEF\xBB\xBF") == std::vector<std::string>{""});
}

TEST_CASE("UTF-8 is checked: what is well formed passes") {
  const std::string text =
      "plain ascii text\nÄpfel\n日本語\n🙂 U+10FFFF: \xF4\x8F\xBF\xBF\n\xED\x9F\xBF\xEE\x80\x80\n";
  CHECK(lines_of(text).size() == 5);
}

TEST_CASE("UTF-8 is checked: what is not is refused with file and line") {
  for (const std::string bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x99", "\xC3(", "\xE2(\xA1"}) {
    // At every position in relation to the eight bytes that are looked at together.
    for (std::size_t before = 0; before < 18; ++before) {
      const std::string text = "good\n" + std::string(before, 'x') + bad + "after it\n";
      CHECK(test::throws(Error::BadInput, "kb.tsv:2: not UTF-8 at byte " + std::to_string(before + 1),
                         [&] { lines_of(text); }));
    }
  }
}

TEST_CASE("a NUL byte is refused wherever it stands") {
  for (std::size_t before = 0; before < 18; ++before) {
    const std::string text = std::string(before, '\x01') + '\0' + std::string(20, 'y');
    CHECK(test::throws(Error::BadInput, "kb.tsv:1: a NUL byte at byte " + std::to_string(before + 1),
                       [&] { lines_of(text); }));
  }
}

TEST_CASE("a line may be longer than the buffer, but not endless") {
  const std::string line(1 << 20, 'x');
  CHECK(lines_of("a\n" + line + "\nb\n") == std::vector<std::string>{"a", line, "b"});
  CHECK(test::throws(Error::BadInput, "kb.tsv:2: a line longer than",
                     [&] { lines_of("a\n" + std::string(LineReader::kLongestLine + 1, 'x')); }));
}

TEST_CASE("plain, .gz and .zst give the same lines") {
  const std::vector<std::string> expected = many_lines();
  const std::string text = joined(expected);
  REQUIRE(text.size() > 1u << 20);
  CHECK(lines_of(text) == expected);
  CHECK(lines_of(gzip(text)) == expected);
  CHECK(lines_of(zstd(text)) == expected);
}

TEST_CASE("gzip members and zstd frames that follow each other are one text") {
  const std::vector<std::string> expected = many_lines();
  const std::string text = joined(expected);
  const std::size_t third = text.size() / 3;
  const std::string a = text.substr(0, third), b = text.substr(third, third), c = text.substr(2 * third);
  CHECK(lines_of(gzip(a) + gzip(b) + gzip("") + gzip(c)) == expected);
  const std::string skippable("\x50\x2A\x4D\x18\x04\0\0\0skip", 12);
  CHECK(lines_of(skippable + zstd(a) + zstd("") + zstd(b) + skippable + zstd(c)) == expected);
}

TEST_CASE("compressed text cut at any length is refused, and nothing else is") {
  const std::string text = "head\trelation\ttail\nsecond\tline\there\n";
  for (const std::string& whole : {gzip(text), gzip(text) + gzip(text), zstd(text), zstd(text) + zstd(text)}) {
    const bool gzipped = whole[0] == '\x1F';
    const std::size_t magic = gzipped ? 2 : 4, one = (gzipped ? gzip(text) : zstd(text)).size();
    CHECK_NOTHROW(lines_of(whole));
    for (std::size_t length = magic; length < whole.size(); ++length) {
      INFO("cut at " << length << " of " << whole.size());
      if (length == one) continue;  // between two members: a whole file
      CHECK(test::throws(Error::BadInput, "kb.tsv", [&] { lines_of(whole.substr(0, length)); }));
    }
  }
}

TEST_CASE("damaged compressed text is refused") {
  const std::string text = joined(many_lines());
  for (std::string packed : {gzip(text), zstd(text)}) {
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x10);
    CHECK(test::throws(Error::BadInput, "kb.tsv", [&] { lines_of(packed); }));
  }
  CHECK(test::throws(Error::BadInput, "kb.tsv", [&] { lines_of(gzip("a\n") + "trailing rubbish"); }));
}

TEST_CASE("a file on disk is read by name, and errors carry it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("kb.tsv.gz");
  test::put(path, gzip("a\tb\tc\n\xFF\n"));
  TsvReader reader(open_source(path));
  std::vector<std::string_view> fields;
  REQUIRE(reader.next(fields));
  CHECK(std::string(reader.error("what").what()) == path + ":1: what");
  CHECK(test::throws(Error::BadInput, path + ":2: not UTF-8", [&] { reader.next(fields); }));
}

TEST_CASE("records are split at tabs; empty lines and comments are skipped") {
  TsvReader reader(source_of("#h\tr\tt\na\tb\tc\n\n\t\nx\n"), true);
  std::vector<std::string_view> fields;
  using Fields = std::vector<std::string_view>;
  REQUIRE(reader.next(fields));
  CHECK(fields == Fields{"a", "b", "c"});
  CHECK(reader.line_number() == 2);
  REQUIRE(reader.next(fields));
  CHECK(fields == Fields{"", ""});
  CHECK(reader.line_number() == 4);
  REQUIRE(reader.next(fields));
  CHECK(fields == Fields{"x"});
  CHECK_FALSE(reader.next(fields));
  CHECK_FALSE(reader.next(fields));

  TsvReader without_comments(source_of("#a\tb\n"));
  REQUIRE(without_comments.next(fields));
  CHECK(fields == Fields{"#a", "b"});
}
