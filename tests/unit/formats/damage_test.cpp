// Every flipped bit, every cut, every record out of place is refused as bad input.
#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

/// Whether the bytes are refused with the code of bad input, and not in another way.
bool refused(std::span<const std::byte> bytes) {
  try {
    read_in_full(bytes);
  } catch (const Error& error) {
    return error.code() == Error::BadInput && std::string_view(error.what()).starts_with("sample");
  }
  return false;
}

/// Whether a reader that skips every item's content and uses the index refuses as well.
bool refused_by_index(std::span<const std::byte> bytes) {
  try {
    ArtifactReader reader(core::memory_source(bytes, "sample"));
    reader.index();
    while (reader.next()) {
    }
  } catch (const Error& error) {
    return error.code() == Error::BadInput;
  }
  return false;
}

}  // namespace

TEST_CASE("samples are small and sound") {
  for (const Sample& sample : all_samples()) {
    CHECK(sample.bytes.size() <= 4096);
    CHECK_NOTHROW(read_in_full(sample.bytes));
    CHECK_NOTHROW(read_in_full(pipe_source(sample.bytes)));
    CHECK_FALSE(refused_by_index(sample.bytes));
  }
}

TEST_CASE("every flipped bit is noticed") {
  for (const Sample& sample : all_samples()) {
    core::Bytes bytes = sample.bytes;
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      if (!refused(bytes) || !refused_by_index(bytes)) ++accepted;
      bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    }
    INFO(to_string(sample.kind));
    CHECK(accepted == 0);
  }
}

TEST_CASE("every cut is noticed") {
  for (const Sample& sample : all_samples())
    for (std::size_t length = 0; length < sample.bytes.size(); ++length) {
      INFO(to_string(sample.kind) << " cut to " << length);
      REQUIRE(refused(std::span(sample.bytes).first(length)));
      REQUIRE(refused_by_index(std::span(sample.bytes).first(length)));
    }
}

TEST_CASE("bytes after the end are noticed") {
  for (const Sample& sample : all_samples()) {
    core::Bytes bytes = sample.bytes;
    bytes.push_back(std::byte{0});
    CHECK(refused(bytes));
    CHECK(refused_by_index(bytes));
    bytes.pop_back();
    bytes.insert(bytes.end(), sample.bytes.begin(), sample.bytes.end());
    CHECK(refused(bytes));
  }
}

TEST_CASE("records that are dropped, swapped, doubled or exchanged between streams are noticed") {
  const std::vector<Sample> samples = all_samples();
  core::RandomSequence random({.seed = 11, .stream = 12, .step = 0});
  std::size_t edits = 0, accepted = 0;
  while (edits < 1'000) {
    const Sample& sample = samples[random.below(samples.size())];
    RawStream stream = take_apart(sample.bytes);
    std::vector<RawRecord>& records = stream.records;
    const std::size_t a = random.below(records.size()), b = random.below(records.size());
    const auto at = [&](std::size_t i) { return records.begin() + static_cast<std::ptrdiff_t>(i); };
    switch (random.below(4)) {
      case 0:
        records.erase(at(a));
        break;
      case 1:
        if (a == b) continue;
        std::swap(records[a], records[b]);
        break;
      case 2:
        records.insert(at(b), records[a]);
        break;
      default: {
        const Sample& other = samples[random.below(samples.size())];
        if (other.kind == sample.kind) continue;
        const RawStream foreign = take_apart(other.bytes);
        records[a] = foreign.records[random.below(foreign.records.size())];
      }
    }
    ++edits;
    if (!refused(put_together(stream))) ++accepted;
  }
  CHECK(accepted == 0);
}

TEST_CASE("records out of place are noticed even where every checksum was made right") {
  for (const Sample& sample : all_samples()) {
    const RawStream stream = take_apart(sample.bytes);
    for (std::size_t a = 0; a < stream.records.size(); ++a) {
      RawStream edited = stream;
      edited.records.erase(edited.records.begin() + static_cast<std::ptrdiff_t>(a));
      if (!edited.records.empty()) make_consistent(edited);
      INFO(to_string(sample.kind) << " record " << a);
      CHECK(refused(put_together(edited)));
      edited = stream;
      edited.records.insert(edited.records.begin() + static_cast<std::ptrdiff_t>(a), stream.records[a]);
      make_consistent(edited);
      CHECK(refused(put_together(edited)));
    }
  }
}
