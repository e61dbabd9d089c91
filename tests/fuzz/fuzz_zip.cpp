// Zip archives: every entry that is read has the size that the directory gives it.
#include <cstdint>

#include "accepted.hpp"
#include "terse/formats/foreign/zip_reader.hpp"

using namespace terse;
using namespace terse::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepted([&] {
    ZipReader zip(fuzz::source_of(core::as_bytes(data, size)));
    for (const ZipEntry& entry : zip.entries()) {
      if (zip.find(entry.name) != &entry) std::abort();
      fuzz::accepted([&] {
        if (zip.read(entry, 1u << 20).size() != entry.bytes) std::abort();
      });
    }
  });
  return 0;
}
