// Lengths that are not true, with every checksum made right again: refused within a second and 64 MB.
#include <sys/resource.h>

#include <chrono>
#include <cstring>

#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

std::int64_t peak_resident_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// What a length field might be made to say instead of `truth`.
std::vector<std::uint64_t> lies(std::uint64_t truth, std::uint64_t largest) {
  std::vector<std::uint64_t> values;
  for (const std::uint64_t v :
       {std::uint64_t{0}, std::uint64_t{1}, truth - 1, truth + 1, truth * 2, std::uint64_t{8} << 20,
        (std::uint64_t{8} << 20) + 1, std::uint64_t{1} << 31, std::uint64_t{UINT32_MAX}, std::uint64_t{3} << 32,
        std::uint64_t{1} << 40, (std::uint64_t{1} << 62) + 1, static_cast<std::uint64_t>(INT64_MAX), UINT64_MAX})
    if (v != truth && v <= largest) values.push_back(v);
  return values;
}

void check_refused(std::span<const std::byte> bytes, const std::string& what) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t before = peak_resident_kilobytes();
  INFO(what);
  for (const bool pipe : {false, true}) {
    try {
      read_in_full(pipe ? pipe_source(bytes) : core::memory_source(bytes, "sample"));
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      // An item that claims more than any machine has is over the memory limit, the rest is bad input.
      CHECK((error.code() == Error::BadInput || error.code() == Error::OutOfMemory));
    }
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  CHECK(peak_resident_kilobytes() - before <= 64 * 1024);
}

template <class Edit>
void lie_about_end(const Sample& sample, std::uint64_t EndRecord::*field, Edit what) {
  const RawStream stream = take_apart(sample.bytes);
  for (const std::uint64_t lie : lies(stream.end.*field, UINT64_MAX)) {
    RawStream edited = stream;
    edited.end.*field = lie;
    check_refused(put_together(edited), what + std::to_string(lie));
  }
}

void put_u64(core::Bytes& bytes, std::size_t at, std::uint64_t value) { std::memcpy(bytes.data() + at, &value, 8); }

}  // namespace

TEST_CASE("lies about a record's lengths are refused") {
  for (const Sample& sample : all_samples()) {
    const RawStream stream = take_apart(sample.bytes);
    for (std::size_t r = 0; r < stream.records.size(); ++r)
      for (const auto field : {&RecordHeader::compressed_length, &RecordHeader::raw_length})
        for (const std::uint64_t lie : lies(stream.records[r].header.*field, UINT32_MAX)) {
          RawStream edited = stream;
          edited.records[r].header.*field = static_cast<std::uint32_t>(lie);
          make_consistent(edited);
          check_refused(put_together(edited), "record " + std::to_string(r) + ": " + std::to_string(lie));
        }
  }
}

TEST_CASE("a skippable frame that says another length is refused") {
  const Sample sample = make_sample(Kind::Model);
  for (const std::uint32_t lie : {0u, 55u, 57u, 88u, 0xFFFFFFFFu}) {
    core::Bytes bytes = sample.bytes;
    std::memcpy(bytes.data() + 4, &lie, sizeof lie);
    check_refused(bytes, "skippable frame of " + std::to_string(lie));
  }
}

TEST_CASE("lies of END are refused") {
  for (const Sample& sample : all_samples()) {
    lie_about_end(sample, &EndRecord::sequence, std::string("records: "));
    lie_about_end(sample, &EndRecord::raw_total, std::string("raw total: "));
    lie_about_end(sample, &EndRecord::index_offset, std::string("offset of INDEX: "));
    lie_about_end(sample, &EndRecord::stream_length, std::string("stream length: "));
  }
}

TEST_CASE("lies about where INDEX is do not lead a seeking reader astray") {
  const Sample sample = make_sample(Kind::Dump);
  const RawStream stream = take_apart(sample.bytes);
  for (std::uint64_t offset = 0; offset <= sample.bytes.size() + 100; ++offset) {
    if (offset == stream.end.index_offset) continue;
    RawStream edited = stream;
    edited.end.index_offset = offset;
    const core::Bytes bytes = put_together(edited);
    CHECK_THROWS_AS(ArtifactReader(core::memory_source(bytes, "sample")).index(), Error);
  }
}

TEST_CASE("lies of an item's descriptor are refused") {
  for (const Sample& sample : all_samples()) {
    const RawStream stream = take_apart(sample.bytes);
    for (std::size_t r = 1; r + 1 < stream.records.size(); ++r) {
      const core::Bytes raw = stream.records[r].raw();
      std::uint32_t length;
      std::memcpy(&length, raw.data(), sizeof length);
      for (const std::uint64_t lie : lies(length, UINT32_MAX)) {
        RawStream edited = stream;
        core::Bytes changed = raw;
        const auto value = static_cast<std::uint32_t>(lie);
        std::memcpy(changed.data(), &value, sizeof value);
        edited.records[r].set_raw(changed);
        make_consistent(edited);
        check_refused(put_together(edited), "descriptor of " + std::to_string(lie));
      }
      const Value descriptor = unpack(std::span(raw).subspan(4, length));
      for (const std::uint64_t lie : lies(static_cast<std::uint64_t>(descriptor.at("bytes").as_integer()), INT64_MAX)) {
        RawStream edited = stream;
        edit_descriptor(edited.records[r], [&](Value& item) {
          item["bytes"] = lie;
          // Shape and size must agree to get further.
          if (item.find("shape")) {
            item["dtype"] = "uint8";
            item["shape"] = Value::Array{static_cast<std::int64_t>(lie)};
          }
        });
        make_consistent(edited);
        check_refused(put_together(edited), "item of " + std::to_string(lie));
      }
    }
  }
}

TEST_CASE("shapes that overflow, are negative or too deep are refused") {
  const RawStream stream = take_apart(make_sample(Kind::Model).bytes);
  const std::vector<Value::Array> shapes = {{std::int64_t{1} << 32, std::int64_t{1} << 32, 2},
                                            {-1},
                                            {-2, -4},
                                            {INT64_MAX},
                                            {INT64_MAX, 0, INT64_MAX},
                                            Value::Array(9, Value(1)),
                                            {2, 3}};
  for (const Value::Array& shape : shapes) {
    RawStream edited = stream;
    edit_descriptor(record_of(edited, "parameter/fc.weight"), [&](Value& item) { item["shape"] = shape; });
    make_consistent(edited);
    check_refused(put_together(edited), "shape " + to_json(Value(shape)));
  }
}

TEST_CASE("lies within a list of strings are refused") {
  const RawStream stream = take_apart(make_sample(Kind::Facts).bytes);
  // u64 count, u64 end of each string, bytes: three names here.
  for (std::size_t word = 0; word < 4; ++word) {
    RawStream edited = stream;
    core::Bytes content;
    edit_content(record_of(edited, "entities"), [&](core::Bytes& c) { content = c; });
    std::uint64_t truth;
    std::memcpy(&truth, content.data() + 8 * word, sizeof truth);
    for (const std::uint64_t lie : lies(truth, UINT64_MAX)) {
      // "paris", "france", "köln" end at 5, 11 and 16. An end that moves between its neighbours only moves
      // letters from one name to the next.
      if ((word == 1 && lie <= 11) || (word == 2 && lie >= 5 && lie <= 16)) continue;
      edited = stream;
      edit_content(record_of(edited, "entities"), [&](core::Bytes& c) { put_u64(c, 8 * word, lie); });
      make_consistent(edited);
      check_refused(put_together(edited), "word " + std::to_string(word) + " is " + std::to_string(lie));
    }
  }
}

TEST_CASE("lies of INDEX are refused") {
  for (const Sample& sample : all_samples()) {
    const RawStream stream = take_apart(sample.bytes);
    const Value index = unpack(stream.records.back().raw());
    for (const char* field : {"bytes", "stored", "offset", "record"})
      for (const std::uint64_t lie :
           lies(static_cast<std::uint64_t>(index.at("items").as_array()[0].at(field).as_integer()), INT64_MAX)) {
        RawStream edited = stream;
        Value changed = index;
        changed["items"].as_array()[0][field] = lie;
        edited.records.back().set_raw(pack(changed));
        make_consistent(edited);
        check_refused(put_together(edited), std::string("INDEX ") + field + " " + std::to_string(lie));
      }
  }
}

TEST_CASE("documents that promise more than they hold are refused") {
  const RawStream stream = take_apart(make_sample(Kind::Similarity).bytes);
  // array 32, map 32, str 32, bin 32, ext 32 of 2^32-1; arrays within arrays of 65,535.
  for (const int type : {0xDD, 0xDF, 0xDB, 0xC6, 0xC9, 0xDC}) {
    RawStream edited = stream;
    edit_content(record_of(edited, "similarity"), [&](core::Bytes& content) {
      for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i % 5 == 0 ? type : 0xFF);
    });
    make_consistent(edited);
    check_refused(put_together(edited), "msgpack type " + std::to_string(type));
  }
}
