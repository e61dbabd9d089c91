// Records: what plain zstd makes of them, versions, what a reader passes over.
#include <zstd.h>

#include "samples.hpp"
#include "stream_surgery.hpp"
#include "terse/formats/container/container.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

/// All that `zstd -dc` prints.
core::Bytes plain_zstd(std::span<const std::byte> bytes) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
  core::Bytes all, piece(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream.get(), &out, &in);
    REQUIRE_FALSE(ZSTD_isError(status));
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(out.pos));
  }
  return all;
}

void set_version(RawStream& stream, std::uint8_t major, std::uint8_t minor) {
  for (RawRecord& record : stream.records) {
    record.header.major = major;
    record.header.minor = minor;
  }
  stream.end.major = major;
  stream.end.minor = minor;
  make_consistent(stream);
}

RawRecord extra_record(const RawStream& stream, std::uint8_t type, bool critical) {
  RawRecord record = stream.records[1];
  record.header.type = type;
  record.header.critical = critical;
  record.set_raw(core::Bytes(100, std::byte{42}));
  return record;
}

/// INDEX gives offsets and record numbers, which an extra record in front of it moves; one before INDEX does
/// not.
void insert_before_index(RawStream& stream, RawRecord record) {
  stream.records.insert(stream.records.end() - 1, std::move(record));
  make_consistent(stream);
}

}  // namespace

TEST_CASE("headers are taken apart as they were put together") {
  RecordHeader h;
  h.minor = 3;
  h.type = 9;
  h.critical = false;
  h.sequence = 0x0102030405060708;
  h.stream_id = 0x1112131415161718;
  h.compressed_length = 0x21222324;
  h.raw_length = 0x00212223;
  h.compressed_crc = 0x41424344;
  h.kind = 7;
  const auto bytes = encode(h);
  CHECK(std::to_integer<int>(bytes[0]) == 'T');
  CHECK(encode(decode_header(bytes)) == bytes);
  CHECK_FALSE(is_end(bytes));

  EndRecord e;
  e.sequence = 5;
  e.raw_total = 6;
  e.index_offset = 7;
  e.stream_length = 8;
  e.headers_hash.fill(std::byte{9});
  e.kind = 2;
  const auto end = encode(e);
  CHECK(is_end(std::span(end).first<kRecordHeaderBytes>()));
  CHECK(encode(decode_end(end)) == end);
}

TEST_CASE("plain zstd reads every artifact") {
  for (const Sample& sample : all_samples()) {
    RawStream stream = take_apart(sample.bytes);
    core::Bytes expected;
    for (const RawRecord& record : stream.records) {
      const core::Bytes raw = record.raw();
      expected.insert(expected.end(), raw.begin(), raw.end());
    }
    CHECK(plain_zstd(sample.bytes) == expected);
    CHECK(expected.size() == stream.end.raw_total);
  }
}

TEST_CASE("surgery that changes nothing gives the same bytes") {
  for (const Sample& sample : all_samples()) {
    RawStream stream = take_apart(sample.bytes);
    make_consistent(stream);
    CHECK(put_together(stream) == sample.bytes);
    CHECK_NOTHROW(read_in_full(put_together(stream)));
  }
}

TEST_CASE("another major version is refused, naming both") {
  for (const int major : {0, 2, 255}) {
    RawStream stream = take_apart(make_sample(Kind::Facts).bytes);
    set_version(stream, static_cast<std::uint8_t>(major), 4);
    CHECK_THROWS_WITH(read_in_full(put_together(stream)),
                      Catch::Contains("version " + std::to_string(major) + ".4") && Catch::Contains("reads 1.x"));
  }
}

TEST_CASE("a higher minor version's records that are not critical are passed over") {
  for (const Sample& sample : all_samples()) {
    RawStream stream = take_apart(sample.bytes);
    insert_before_index(stream, extra_record(stream, 77, false));
    set_version(stream, kContainerMajor, kContainerMinor + 1);
    const core::Bytes bytes = put_together(stream);
    CHECK_NOTHROW(read_in_full(bytes));
    CHECK_NOTHROW(read_in_full(pipe_source(bytes)));
    CHECK_NOTHROW(ArtifactReader(core::memory_source(bytes, "sample")).index());
  }
}

TEST_CASE("unknown records are refused where they are critical or of our own version") {
  const Sample sample = make_sample(Kind::Model);
  RawStream critical = take_apart(sample.bytes);
  insert_before_index(critical, extra_record(critical, 77, true));
  set_version(critical, kContainerMajor, kContainerMinor + 1);
  CHECK_THROWS_WITH(read_in_full(put_together(critical)), Catch::Contains("unknown record type 77"));

  RawStream ours = take_apart(sample.bytes);
  insert_before_index(ours, extra_record(ours, 77, false));
  CHECK_THROWS_WITH(read_in_full(put_together(ours)), Catch::Contains("unknown record type 77"));
}

TEST_CASE("unknown keys in BEGIN, descriptors, INDEX and documents are ignored") {
  RawStream stream = take_apart(make_sample(Kind::Similarity).bytes);
  edit_content(record_of(stream, "similarity"), [](core::Bytes& content) {
    Value document = unpack(content);
    document["zz_new"] = Value::Array{1, 2};
    content = pack(document);
  });
  // The longer document needs its descriptor and INDEX to agree.
  std::int64_t bytes = 0;
  edit_content(record_of(stream, "similarity"),
               [&](core::Bytes& content) { bytes = static_cast<std::int64_t>(content.size()); });
  edit_descriptor(record_of(stream, "similarity"), [&](Value& item) {
    item["bytes"] = bytes;
    item["zz_unit"] = "nat";
  });
  RawRecord& index = stream.records.back();
  Value entries = unpack(index.raw());
  std::uint64_t offset = 0;
  for (std::size_t i = 1; i + 1 < stream.records.size(); ++i) {
    offset += kRecordHeaderBytes + stream.records[i - 1].frame.size();
    Value& entry = entries["items"].as_array()[i - 1];
    entry["offset"] = offset;
    entry["stored"] = std::uint64_t{stream.records[i].frame.size()};
    if (entry.at("name") == Value("similarity")) entry["bytes"] = bytes;
    entry["zz_more"] = true;
  }
  index.set_raw(pack(entries));
  make_consistent(stream);
  CHECK_NOTHROW(read_in_full(put_together(stream)));
}

TEST_CASE("a stream is not taken for another's") {
  RawStream stream = take_apart(make_sample(Kind::Model).bytes);
  stream.records[2].header.stream_id ^= 1;
  make_consistent(stream);
  CHECK_THROWS_WITH(read_in_full(put_together(stream)), Catch::Contains("another stream"));
}
