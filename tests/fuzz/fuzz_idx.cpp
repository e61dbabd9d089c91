// IDX files, plain and compressed: what is read has the bytes that its shape says. The first byte is the rank.
#include <cstdint>

#include "accepted.hpp"
#include "terse/formats/foreign/idx.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  fuzz::accepted([&] {
    const auto image = formats::read_idx(fuzz::source_of(core::as_bytes(data + 1, size - 1)), 1 + data[0] % 4);
    if (image.data.size() != image.info.bytes()) std::abort();
  });
  return 0;
}
