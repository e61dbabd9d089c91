// What lies behind the checksums: the input is the raw content of records, from which a stream with right
// checksums is made. Input: kind, then records of type (1 byte), length (2 bytes, little-endian), content.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <xxhash.h>

#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/core/error.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

test::RawStream stream_of(std::span<const std::byte> input) {
  test::RawStream stream;
  const auto kind = static_cast<std::uint8_t>(1 + std::to_integer<unsigned>(input[0]) % kKindCount);
  input = input.subspan(1);
  stream.end.kind = kind;
  while (input.size() > 3) {
    const std::size_t length = std::clamp<std::size_t>(
        std::to_integer<std::size_t>(input[1]) | std::to_integer<std::size_t>(input[2]) << 8, 1, input.size() - 3);
    test::RawRecord record;
    record.header.type = static_cast<std::uint8_t>(1 + std::to_integer<unsigned>(input[0]) % 3);
    record.header.kind = kind;
    record.set_raw(input.subspan(3, length));
    if (stream.records.empty()) stream.end.stream_id = XXH3_64bits(input.data() + 3, length);
    record.header.stream_id = stream.end.stream_id;
    stream.records.push_back(std::move(record));
    input = input.subspan(3 + length);
  }
  make_consistent(stream);
  return stream;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const core::Bytes bytes = put_together(stream_of(core::as_bytes(data, size)));
  try {
    test::read_in_full(bytes);
  } catch (const Error& error) {
    if (error.code() == Error::Internal) std::abort();
  }
  return 0;
}
