#include "terse/formats/foreign/zip_reader.hpp"

#include <zlib.h>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;

namespace {

/// One entry of an archive under construction; every field can be made to lie.
struct Entry {
  std::string name;
  std::string content;
  bool deflated = false;
  std::uint64_t claimed_bytes = 0;  // 0: the truth
  std::uint16_t flags = 0;
  std::optional<std::uint64_t> shared_offset = {};  // the directory's, in place of the true one
};

void put(core::Bytes& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}
void put(core::Bytes& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

std::string deflated(const std::string& content) {
  std::string packed(content.size() + 64, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// @param zip64  sizes and offsets in the zip64 fields, the 32-bit ones saturated
core::Bytes archive(const std::vector<Entry>& entries, bool zip64 = false) {
  core::Bytes out, directory;
  for (const Entry& entry : entries) {
    const std::string stored = entry.deflated ? deflated(entry.content) : entry.content;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), static_cast<uInt>(entry.content.size()));
    const std::uint64_t bytes = entry.claimed_bytes ? entry.claimed_bytes : entry.content.size();
    const std::uint64_t offset = entry.shared_offset.value_or(out.size());
    put(out, 0x04034b50, 4);
    put(out, 0, 2 + 2 + 2 + 4 + 4 + 4 + 4);
    put(out, entry.name.size(), 2);
    put(out, 5, 2);
    put(out, entry.name);
    put(out, "extra");
    put(out, stored);

    put(directory, 0x02014b50, 4);
    put(directory, 0, 4);
    put(directory, entry.flags, 2);
    put(directory, entry.deflated ? 8 : 0, 2);
    put(directory, 0, 4);
    put(directory, crc, 4);
    put(directory, zip64 ? 0xffffffff : stored.size(), 4);
    put(directory, zip64 ? 0xffffffff : bytes, 4);
    put(directory, entry.name.size(), 2);
    put(directory, zip64 ? 28 : 0, 2);
    put(directory, 0, 2 + 2 + 2 + 4);
    put(directory, zip64 ? 0xffffffff : offset, 4);
    put(directory, entry.name);
    if (zip64) {
      put(directory, 1, 2);
      put(directory, 24, 2);
      put(directory, bytes, 8);
      put(directory, stored.size(), 8);
      put(directory, offset, 8);
    }
  }
  const std::uint64_t begin = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  if (zip64) {
    const std::uint64_t end64 = out.size();
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, 0, 2 + 2 + 4 + 4);
    put(out, entries.size(), 8);
    put(out, entries.size(), 8);
    put(out, directory.size(), 8);
    put(out, begin, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, end64, 8);
    put(out, 1, 4);
  }
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, zip64 ? 0xffff : entries.size(), 2);
  put(out, zip64 ? 0xffff : entries.size(), 2);
  put(out, zip64 ? 0xffffffff : directory.size(), 4);
  put(out, zip64 ? 0xffffffff : begin, 4);
  put(out, 0, 2);
  return out;
}

std::string content_of(const core::Bytes& bytes, const std::string& name) {
  formats::ZipReader zip(core::memory_source(bytes, "a.zip"));
  const auto* entry = zip.find(name);
  REQUIRE(entry);
  const core::Bytes content = zip.read(*entry, 1u << 24);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

void read_everything(const core::Bytes& bytes) {
  formats::ZipReader zip(core::memory_source(bytes, "a.zip"));
  for (const auto& entry : zip.entries()) zip.read(entry, 1u << 24);
}

const std::string kLong = [] {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i);
  return text;
}();

}  // namespace

TEST_CASE("stored and deflated entries, zip and zip64") {
  for (const bool zip64 : {false, true}) {
    const auto bytes = archive({{"a/one", "content"}, {"a/empty", ""}, {"b", kLong, true}, {"c", "", true}}, zip64);
    CHECK(content_of(bytes, "a/one") == "content");
    CHECK(content_of(bytes, "a/empty").empty());
    CHECK(content_of(bytes, "b") == kLong);
    CHECK(content_of(bytes, "c").empty());
    formats::ZipReader zip(core::memory_source(bytes, "a.zip"));
    CHECK(zip.entries().size() == 4);
    CHECK(zip.find("a") == nullptr);
  }
}

TEST_CASE("what a zip archive may not be") {
  const auto refused = [](const std::vector<Entry>& entries, const std::string& why) {
    INFO(why);
    CHECK_THROWS_WITH(read_everything(archive(entries)), ContainsSubstring("a.zip: ") && ContainsSubstring(why));
  };
  refused({{"twice", "x"}, {"twice", "y"}}, "'twice' appears twice");
  refused({{"secret", "x", false, 0, 1}}, "is encrypted");
  refused({{"larger", "x", false, 2}}, "claims an impossible size");
  refused({{"bomb", "x", true, std::uint64_t{1} << 31}}, "claims an impossible size");
  refused({{"one", kLong, true}, {"two", kLong, true, 0, 0, 0}}, "shares bytes with what follows it");
  refused({{"longer", kLong, true, kLong.size() + 1}}, "does not inflate");
  refused({{"shorter", kLong, true, kLong.size() - 1}}, "does not inflate");
  CHECK_THROWS_WITH(content_of(core::Bytes(100), "x"), ContainsSubstring("not a zip archive"));
  CHECK_THROWS_WITH(content_of({}, "x"), ContainsSubstring("not a zip archive"));

  formats::ZipReader zip(core::memory_source(archive({}), "a.zip"));
  CHECK(zip.entries().empty());
}

TEST_CASE("every flipped bit of a content is noticed, and no damage does worse") {
  const auto intact = archive({{"one", "content"}, {"two", kLong.substr(0, 3000), true}}, true);
  for (std::size_t at = 0; at < intact.size(); ++at) {
    core::Bytes damaged = intact;
    damaged[at] ^= static_cast<std::byte>(1u << (at % 8));
    try {
      read_everything(damaged);
      // Only header fields that nothing depends on may go unnoticed; both contents are then intact.
      CHECK(damaged.size() == intact.size());
    } catch (const Error& error) {
      CHECK(error.code() == Error::BadInput);
    }
    std::string content = "content";
    try {
      formats::ZipReader zip(core::memory_source(damaged, "a.zip"));
      if (zip.find("one")) content = content_of(damaged, "one");
    } catch (const Error&) {
    }
    CHECK(content == "content");
  }
  for (std::size_t length = 0; length < intact.size(); ++length) {
    CHECK_THROWS_AS(read_everything({intact.begin(), intact.begin() + static_cast<std::ptrdiff_t>(length)}), Error);
  }
}

TEST_CASE("a limit on an entry holds before anything is read") {
  const auto bytes = archive({{"b", kLong, true}});
  formats::ZipReader zip(core::memory_source(bytes, "a.zip"));
  CHECK_THROWS_WITH(zip.read(*zip.find("b"), 1000), ContainsSubstring("larger than 1000 bytes"));
}
