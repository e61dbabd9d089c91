// Zip archives: every entry that is read has the size and CRC that the directory gives it.
#include <cstdint>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/formats/foreign/zip_reader.hpp"

using namespace terse;
using namespace terse::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    ZipReader zip(core::memory_source(core::as_bytes(data, size), "fuzz"));
    for (const ZipEntry& entry : zip.entries()) {
      if (zip.find(entry.name) != &entry) std::abort();
      try {
        if (zip.read(entry, 1u << 20).size() != entry.bytes) std::abort();
      } catch (const Error& error) {
        if (error.code() != Error::BadInput) std::abort();
      }
    }
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  return 0;
}
