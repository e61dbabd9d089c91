// msgpack documents: what is accepted must come back the same after packing, and turn into JSON.
#include <cstdint>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/formats/artifact/value.hpp"

using namespace terse;
using namespace terse::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const Value value = unpack(core::as_bytes(data, size));
    const core::Bytes packed = pack(value);
    // Bytes and not values are compared: a NaN does not equal itself.
    if (pack(unpack(packed)) != packed) std::abort();
    to_json(value);
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  return 0;
}
