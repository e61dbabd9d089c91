#include "terse/core/limits.hpp"

#include <zlib.h>
#include <zstd.h>

#include <limits>

#include "terse/core/decompress.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;

namespace {

/// For a test's length.
struct Allowance {
  explicit Allowance(std::uint64_t bytes) { set_memory_allowance(bytes); }
  ~Allowance() { set_memory_allowance(kDefaultAllowance); }
};

Bytes zstd_of(const Bytes& raw) {
  Bytes packed(ZSTD_compressBound(raw.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 3));
  return packed;
}

Bytes gzip_of(const Bytes& raw) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes packed(deflateBound(&stream, raw.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TEST_CASE("a limit is an allowance and a multiple of what was received, without overflow") {
  const Allowance allowance(1000);
  CHECK(memory_limit(0) == 1000);
  CHECK(memory_limit(10) == 1640);
  CHECK(memory_limit(std::numeric_limits<std::uint64_t>::max() / 2) == std::numeric_limits<std::uint64_t>::max());
  CHECK_NOTHROW(require_within_limit(1640, 10, "x"));
  CHECK(test::throws(Error::OutOfMemory, "x needs 1.60 KiB, more than 64 times the input's 10 B and the 1000 B of",
                     [] { require_within_limit(1641, 10, "x"); }));
}

TEST_CASE("what expands beyond all reason is refused early, and read where it is allowed") {
  const Bytes raw(8u << 20);
  for (const Bytes& packed : {zstd_of(raw), gzip_of(raw)}) {
    REQUIRE(packed.size() < 10'000);
    const auto read = [&] { return read_all(*decompressing_source(memory_source(packed, "bomb")), raw.size()).size(); };
    {
      const Allowance allowance(1u << 20);
      CHECK(test::throws(Error::OutOfMemory, "bomb: its compressed data needs", read));
    }
    CHECK(read() == raw.size());
  }
}
