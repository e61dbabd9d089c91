// Writes the sample of every kind to a folder, and seeds for the fuzz targets to another.
// Usage: make_golden GOLDEN_FOLDER CORPUS_FOLDER
#include <cstdio>
#include <filesystem>

#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/core/error.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::filesystem::create_directories(path.parent_path());
  const auto sink = core::open_sink(path.string(), core::Content::Binary);
  sink->write(bytes);
  sink->finish();
}

void append_u16(core::Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::byte>(value));
  bytes.push_back(static_cast<std::byte>(value >> 8));
}

/// As fuzz_records takes it.
core::Bytes records_seed(const RawStream& stream) {
  core::Bytes seed = {static_cast<std::byte>(stream.end.kind - 1)};
  for (const RawRecord& record : stream.records) {
    const core::Bytes raw = record.raw();
    seed.push_back(static_cast<std::byte>(record.header.type - 1));
    append_u16(seed, raw.size());
    seed.insert(seed.end(), raw.begin(), raw.end());
  }
  return seed;
}

/// As fuzz_frame takes it.
core::Bytes frame_seed(const RawRecord& record) {
  core::Bytes seed;
  append_u16(seed, record.header.raw_length);
  seed.insert(seed.end(), record.frame.begin(), record.frame.end());
  return seed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make_golden GOLDEN_FOLDER CORPUS_FOLDER\n");
    return 2;
  }
  const std::filesystem::path golden = argv[1], corpus = argv[2];
  try {
    for (const Sample& sample : all_samples()) {
      const std::string kind(to_string(sample.kind));
      const RawStream stream = take_apart(sample.bytes);
      write_file(golden / ("sample." + kind), sample.bytes);
      write_file(corpus / "fuzz_records" / kind, records_seed(stream));
      write_file(corpus / "fuzz_document" / kind, stream.records.back().raw());
      write_file(corpus / "fuzz_frame" / kind, frame_seed(stream.records.back()));
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "make_golden: %s\n", error.what());
    return error.exit_code();
  }
  return 0;
}
