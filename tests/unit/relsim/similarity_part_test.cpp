#include "terse/formats/kinds/similarity_part.hpp"

#include <functional>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::formats {
namespace {

SimilarityPart sample() {
  SimilarityPart part;
  part.frame.relations = {"a", "b"};
  part.frame.counts = {3, 4};
  part.frame.thin = {1, 0};
  part.frame.method = "exact";
  part.frame.combine = "min";
  part.frame.temperature = 2;
  part.frame.details = Value::Map{{"heads", 7}};
  part.first_lane = 1;
  part.lanes = 3;
  part.queries = 4;
  part.heads = {0, 1, 2, 3, 4, 0, 6, 7};
  part.sums.assign(16, 0.5);
  return part;
}

class Bytes : public core::ByteSink {
 public:
  Bytes() : core::ByteSink("memory") {}
  void write(std::span<const std::byte> bytes) override { content.insert(content.end(), bytes.begin(), bytes.end()); }
  void finish() override {}
  std::vector<std::byte> content;
};

Loaded<SimilarityPart> round_trip(const SimilarityPart& part) {
  Bytes sink;
  write_similarity_part(sink, {}, part);
  static std::vector<std::byte> kept;  // a memory source does not own its bytes
  kept = sink.content;
  return read_similarity_part(core::memory_source(kept, "part"));
}

TEST_CASE("a part of a similarity comes back as it was", "[formats]") {
  const auto part = sample();
  const auto read = round_trip(part).content;
  CHECK(read.frame == part.frame);
  CHECK(read.first_lane == 1);
  CHECK(read.lanes == 3);
  CHECK(read.queries == 4);
  CHECK(read.heads == part.heads);
  CHECK(read.sums == part.sums);
}

TEST_CASE("a part says which it is, by its lanes where it was not told", "[formats]") {
  auto part = sample();
  CHECK(round_trip(part).content.description() == "lanes 2 to 3 of 3");
  part.shard = 2;
  part.shards = 2;
  CHECK(round_trip(part).content.description() == "part 2/2");
}

TEST_CASE("a part whose sizes do not fit together is refused", "[formats]") {
  const auto refused = [](const std::function<void(SimilarityPart&)>& change) {
    auto part = sample();
    change(part);
    CHECK_THROWS_AS(round_trip(part), Error);
  };
  refused([](SimilarityPart& part) { part.lanes = 2; });
  refused([](SimilarityPart& part) { part.frame.counts.push_back(1); });
  refused([](SimilarityPart& part) {
    part.queries = 2;
    part.heads.resize(4);
    part.sums.resize(15);
  });
  refused([](SimilarityPart& part) {
    part.shard = 3;
    part.shards = 2;
  });
  refused([](SimilarityPart& part) {
    part.queries = 3;
    part.heads.resize(6);
    part.sums.resize(12);
  });
}

TEST_CASE("a part is no similarity, nor the other way round", "[formats]") {
  Bytes sink;
  write_similarity_part(sink, {}, sample());
  CHECK_THROWS_AS(read_similarity(core::memory_source(sink.content, "part")), Error);
  Similarity similarity;
  similarity.relations = {"a"};
  similarity.counts = {1};
  similarity.divergence = {0};
  similarity.divergence_spread = {0.25};
  similarity.method = "exact";
  Bytes whole;
  write_similarity(whole, {}, similarity);
  CHECK_THROWS_AS(read_similarity_part(core::memory_source(whole.content, "whole")), Error);
  CHECK(read_similarity(core::memory_source(whole.content, "whole")).content == similarity);
}

}  // namespace
}  // namespace terse::formats
