// Documents, tensors and strings over the container.
#include "terse/formats/artifact/artifact.hpp"

#include "samples.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

/// Half noise, half constant: several records, some of which compress.
Tensor large_tensor(std::size_t bytes) {
  Tensor tensor{{"large", core::DType::UInt8, {static_cast<std::int64_t>(bytes)}}, core::Bytes(bytes)};
  core::RandomSequence random({.seed = 5, .stream = 6, .step = 7});
  for (std::size_t i = 0; i < bytes / 2; ++i) tensor.data[i] = static_cast<std::byte>(random.word());
  return tensor;
}

core::Bytes write_large(std::size_t bytes) {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  ArtifactWriter writer(*sink, sample_header());
  writer.document("first", Value::Map{{"a", 1}});
  writer.tensor(large_tensor(bytes));
  writer.strings("names", {"x", "", "yz"});
  writer.document("last", 2.5);
  writer.finish();
  return artifact;
}

struct Threads {
  explicit Threads(int count) { core::set_threads(count); }
  ~Threads() { core::set_threads(0); }
};

}  // namespace

TEST_CASE("items come in order, whole or skipped, from memory and from a pipe") {
  for (const std::size_t size : {0u, 1u, 1'000u, 1'048'500u, 1'048'576u, 5'000'001u}) {
    const core::Bytes artifact = write_large(size);
    const Tensor expected = large_tensor(size);
    for (const bool pipe : {false, true})
      for (const bool take : {false, true}) {
        ArtifactReader reader(pipe ? pipe_source(artifact) : core::memory_source(artifact, "memory"));
        auto item = reader.next();
        REQUIRE(item->name == "first");
        CHECK(item->type == ItemInfo::Type::Document);
        if (take) CHECK(reader.document() == Value(Value::Map{{"a", 1}}));
        item = reader.next();
        REQUIRE(item->tensor == expected.info);
        CHECK(item->raw_bytes == size);
        if (take) CHECK(reader.tensor().data == expected.data);
        item = reader.next();
        REQUIRE(item->type == ItemInfo::Type::Strings);
        if (take) CHECK(reader.strings() == std::vector<std::string>{"x", "", "yz"});
        item = reader.next();
        REQUIRE(item->name == "last");
        if (take) CHECK(reader.document() == Value(2.5));
        CHECK_FALSE(reader.next());
        CHECK_FALSE(reader.next());
      }
  }
}

TEST_CASE("the number of threads does not change the bytes") {
  core::Bytes expected;
  for (const int count : {1, 2, 3, 8}) {
    const Threads threads(count);
    const core::Bytes found = write_large(9'000'000);
    if (expected.empty()) expected = found;
    CHECK(found == expected);
  }
}

TEST_CASE("the index lists and finds items without reading what lies between") {
  const core::Bytes artifact = write_large(3'000'000);
  ArtifactReader reader(core::memory_source(artifact, "memory"));
  const std::vector<ItemInfo> listed = reader.index();
  REQUIRE(listed.size() == 4);
  CHECK(listed[1].name == "large");
  CHECK(listed[1].raw_bytes == 3'000'000);
  CHECK(listed[1].stored_bytes > 1'500'000);
  CHECK(listed[1].stored_bytes < 1'600'000);
  CHECK_FALSE(reader.digest().empty());

  reader.seek_to("names");
  CHECK(reader.next()->name == "names");
  CHECK(reader.strings().size() == 3);
  reader.seek_to("first");
  CHECK(reader.next()->name == "first");
  CHECK(reader.next()->name == "large");
  CHECK(reader.tensor().data == large_tensor(3'000'000).data);
  reader.seek_to("last");
  CHECK(reader.next()->name == "last");
  CHECK_FALSE(reader.next());
  CHECK_THROWS_WITH(reader.seek_to("nothing"), Catch::Contains("there is no item 'nothing'"));

  // index() begins again with everything checked.
  reader.index();
  std::size_t items = 0;
  while (reader.next()) ++items;
  CHECK(items == 4);
}

TEST_CASE("an index of many items is split over records") {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  ArtifactWriter writer(*sink, sample_header());
  const std::string padding(200, 'p');
  for (int i = 0; i < 5'000; ++i) writer.document(padding + std::to_string(i), i);
  const std::string digest = writer.finish();
  ArtifactReader reader(core::memory_source(artifact, "many"));
  CHECK(reader.index().size() == 5'000);
  CHECK(reader.digest() == digest);
  reader.seek_to(padding + "4321");
  reader.next();
  CHECK(reader.document() == Value(4321));
  ArtifactReader pipe(pipe_source(artifact));
  while (pipe.next()) {
  }
  CHECK(pipe.digest() == digest);
}

TEST_CASE("an artifact without items is sound") {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  ArtifactWriter writer(*sink, sample_header());
  writer.finish();
  ArtifactReader reader(core::memory_source(artifact, "bare"));
  CHECK(reader.header() == sample_header());
  CHECK(reader.index().empty());
  CHECK_FALSE(reader.next());
}

TEST_CASE("an item over the memory limit is refused only where its content is asked for") {
  const core::Bytes artifact = write_large(3'000'000);
  ArtifactReader reader(core::memory_source(artifact, "memory"), {.memory = 2'000'000});
  reader.next();
  reader.next();
  try {
    reader.tensor();
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Error::OutOfMemory);
    CHECK_THAT(error.what(), Catch::Contains("'large'") && Catch::Contains("limit"));
  }
  CHECK(reader.next()->name == "names");
}

TEST_CASE("writing what could not be read back is refused") {
  core::Bytes artifact;
  const auto sink = core::memory_sink(artifact);
  ArtifactWriter writer(*sink, sample_header());
  CHECK_THROWS_AS(writer.document("huge", std::string(100'000, 'x')), Error);
  writer.document("twice", 1);
  CHECK_THROWS_AS(writer.document("twice", 1), Error);
  CHECK_THROWS_AS(writer.tensor({"short", core::DType::Float32, {2}}, core::Bytes(7)), Error);
  CHECK_THROWS_AS(writer.tensor({"deep", core::DType::UInt8, std::vector<std::int64_t>(9, 1)}, core::Bytes(1)), Error);
}

TEST_CASE("the digest is of the content") {
  CHECK(make_sample(Kind::Model).digest == make_sample(Kind::Model).digest);
  Model changed = sample_model();
  changed.parameters[0].data[0] ^= std::byte{1};
  core::Bytes bytes;
  CHECK(write_model(*core::memory_sink(bytes), sample_header(), changed) != make_sample(Kind::Model).digest);
}
