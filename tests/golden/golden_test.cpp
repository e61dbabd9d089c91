// The artifacts of released versions stay readable, and what is written today stays what it was.
#include <zstd.h>

#include <cstdlib>

#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/formats/container/kind.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

// Another version of libzstd may pack the same content into other bytes.
constexpr unsigned kGoldenZstd = 10504;

std::string golden_path(Kind kind, int minor) {
  return std::string(std::getenv("TERSE_DATA")) + "/golden/1." + std::to_string(minor) + "/sample." +
         std::string(to_string(kind));
}

core::Bytes golden_bytes(const std::string& path) { return core::read_all(*core::open_source(path), 4096); }

std::vector<core::Bytes> raw_records(std::span<const std::byte> bytes) {
  std::vector<core::Bytes> raw;
  for (const RawRecord& record : take_apart(bytes).records)
    // INDEX and with it the frames' sizes depend on the version of libzstd.
    if (record.header.type != static_cast<std::uint8_t>(RecordType::Index)) raw.push_back(record.raw());
  return raw;
}

}  // namespace

TEST_CASE("golden artifacts are read from their files and through a pipe") {
  for (int k = 0; k < kKindCount; ++k) {
    const Kind kind = static_cast<Kind>(k);
    for (int minor = 0; minor <= schema_version(kind).minor; ++minor) {
      const std::string path = golden_path(kind, minor);
      INFO(path);
      CHECK_NOTHROW(read_in_full(core::open_source(path)));
      const core::Bytes bytes = golden_bytes(path);
      CHECK_NOTHROW(read_in_full(pipe_source(bytes)));
      ArtifactReader reader(core::open_source(path));
      for (const ItemInfo& item : std::vector<ItemInfo>(reader.index())) {
        reader.seek_to(item.name);
        CHECK(reader.next()->name == item.name);
      }
    }
  }
}

TEST_CASE("the same content gives the golden bytes") {
  for (const Sample& sample : all_samples()) {
    const std::string path = golden_path(sample.kind, schema_version(sample.kind).minor);
    INFO(path);
    const core::Bytes golden = golden_bytes(path);
    CHECK(raw_records(sample.bytes) == raw_records(golden));
    if (ZSTD_versionNumber() == kGoldenZstd) CHECK(sample.bytes == golden);
  }
}
