// Whole artifacts, from a pipe and with seeking. Whatever is accepted must read the same both ways.
#include <cstdint>
#include <cstdlib>

#include "samples.hpp"
#include "terse/core/error.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

constexpr ArtifactReader::Limits kLimits{.memory = 16u << 20};

bool accepts(std::unique_ptr<core::ByteSource> source) {
  try {
    test::read_in_full(std::move(source));
    return true;
  } catch (const Error& error) {
    if (error.code() == Error::Internal) std::abort();
    return false;
  }
}

void seek_everywhere(std::span<const std::byte> bytes) {
  try {
    ArtifactReader reader(core::memory_source(bytes, "fuzz"), kLimits);
    const std::vector<ItemInfo> items = reader.index();
    for (const ItemInfo& item : items) {
      reader.seek_to(item.name);
      reader.next();
    }
  } catch (const Error& error) {
    if (error.code() == Error::Internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = core::as_bytes(data, size);
  if (accepts(core::memory_source(bytes, "fuzz")) != accepts(test::pipe_source(bytes))) std::abort();
  seek_everywhere(bytes);
  return 0;
}
