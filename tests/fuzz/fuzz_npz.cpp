// NumPy archives: an array that is read has the bytes that its shape says.
#include <cstdint>

#include "accepted.hpp"
#include "terse/formats/foreign/npz.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepted([&] {
    formats::read_npz(fuzz::source_of(core::as_bytes(data, size)), [](formats::Tensor&& array) {
      if (array.data.size() != array.info.bytes()) std::abort();
    });
  });
  return 0;
}
