// Safetensors: what is accepted must come back the same after writing.
#include <cstdint>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/formats/foreign/safetensors.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

Safetensors parse(std::span<const std::byte> bytes) {
  const auto source = core::memory_source(bytes, "fuzz");
  return read_safetensors(*source, 1u << 20);
}

core::Bytes write(const Safetensors& content) {
  core::Bytes bytes;
  write_safetensors(*core::memory_sink(bytes), content.tensors, content.metadata);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const core::Bytes once = write(parse(core::as_bytes(data, size)));
    if (write(parse(once)) != once) std::abort();
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  return 0;
}
