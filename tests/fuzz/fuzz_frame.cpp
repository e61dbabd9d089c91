// zstd frames: never more than the raw length asked for, never less without an error.
#include <cstdint>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/formats/container/frame.hpp"

using namespace terse;
using namespace terse::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first two bytes are the raw length that a record header would give.
  if (size < 2) return 0;
  core::Bytes into(static_cast<std::size_t>(data[0]) | static_cast<std::size_t>(data[1]) << 8);
  try {
    FrameDecompressor().decompress(core::as_bytes(data + 2, size - 2), into);
    core::Bytes again, unpacked(into.size());
    FrameCompressor().compress(into, again);
    FrameDecompressor().decompress(again, unpacked);
    if (unpacked != into) std::abort();
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  return 0;
}
