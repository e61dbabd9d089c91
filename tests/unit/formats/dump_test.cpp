#include "terse/formats/kinds/dump.hpp"

#include "samples.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

core::Bytes bytes_of(std::size_t count, int value) { return core::Bytes(count, static_cast<std::byte>(value)); }

DumpEntry entry(int number) {
  DumpEntry e;
  e.step = static_cast<std::uint64_t>(number / 3);
  e.id = "tensor" + std::to_string(number);
  e.dtype = core::DType::UInt8;
  e.shape = {2, 3};
  e.layout = {.dtype = e.dtype, .count = 6};
  return e;
}

/// Entry n has n*1000 payload bytes of value n, n metadata bytes, and an exact copy if n is even.
core::Bytes write_dump(int count) {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  DumpWriter writer(*sink, sample_header(), Value::Map{{"batch", 4}});
  for (int n = 0; n < count; ++n)
    writer.add(entry(n), bytes_of(static_cast<std::size_t>(n) * 1000, n), bytes_of(static_cast<std::size_t>(n), n),
               n % 2 == 0 ? bytes_of(6, n) : core::Bytes());
  writer.finish();
  return artifact;
}

void check_content(DumpReader& reader, int n) {
  CHECK(reader.payload() == bytes_of(static_cast<std::size_t>(n) * 1000, n));
  CHECK(reader.metadata() == bytes_of(static_cast<std::size_t>(n), n));
  CHECK(reader.has_exact() == (n % 2 == 0));
  CHECK(reader.exact() == (n % 2 == 0 ? bytes_of(6, n) : core::Bytes()));
}

}  // namespace

TEST_CASE("a dump keeps its entries, also when some are not looked at") {
  const core::Bytes artifact = write_dump(7);
  for (const int step : {1, 2, 3})
    for (const bool pipe : {false, true}) {
      DumpReader reader(pipe ? pipe_source(artifact) : core::memory_source(artifact, "dump"));
      CHECK(reader.run() == Value(Value::Map{{"batch", 4}}));
      for (int n = 0; n < 7; ++n) {
        CHECK(reader.next() == entry(n));
        if (n % step == 0) check_content(reader, n);
      }
      CHECK_FALSE(reader.next());
      CHECK(reader.payload().empty());
      CHECK(reader.digest().size() == 32);
    }
}

TEST_CASE("a dump file is listed and entered anywhere") {
  const core::Bytes artifact = write_dump(5);
  DumpReader reader(core::memory_source(artifact, "dump"));
  const std::vector<DumpEntry> listed = reader.list();
  REQUIRE(listed.size() == 5);
  for (int n = 0; n < 5; ++n) CHECK(listed[static_cast<std::size_t>(n)] == entry(n));
  CHECK(reader.next() == entry(0));
  reader.seek(3);
  CHECK(reader.next() == entry(3));
  check_content(reader, 3);
  CHECK(reader.next() == entry(4));
  reader.seek(1);
  CHECK(reader.next() == entry(1));
  CHECK_THROWS_AS(reader.seek(5), Error);
}

TEST_CASE("an empty dump is a dump") {
  const core::Bytes artifact = write_dump(0);
  DumpReader reader(core::memory_source(artifact, "dump"));
  CHECK(reader.list().empty());
  CHECK_FALSE(reader.next());
}

TEST_CASE("an exact copy of another size is a caller's error") {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  DumpWriter writer(*sink, sample_header(), Value::Map{});
  CHECK_THROWS_AS(writer.add(entry(1), {}, {}, bytes_of(7, 1)), Error);
}
