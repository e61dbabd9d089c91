// Safetensors: what is accepted must come back the same after writing.
#include <cstdint>

#include "accepted.hpp"
#include "terse/formats/foreign/safetensors.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

Safetensors parse(std::span<const std::byte> bytes) { return read_safetensors(*fuzz::source_of(bytes), 1u << 20); }

core::Bytes write(const Safetensors& content) {
  core::Bytes bytes;
  write_safetensors(*core::memory_sink(bytes), content.tensors, content.metadata);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepted([&] {
    const core::Bytes once = write(parse(core::as_bytes(data, size)));
    if (write(parse(once)) != once) std::abort();
  });
  return 0;
}
