#include "terse/train/data/batch_stream.hpp"

#include <algorithm>
#include <set>

#include "terse/train/data/tensor_data_set.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

TensorDataSet numbers(std::int64_t count) {
  return TensorDataSet(at::arange(count, at::kFloat).unsqueeze(1), at::arange(count, at::kLong));
}

TEST_CASE("an epoch's order is a permutation that seed and epoch decide") {
  const auto order = shuffled(1000, 1, 0);
  CHECK(std::set(order.begin(), order.end()).size() == 1000);
  CHECK(*std::max_element(order.begin(), order.end()) == 999);
  CHECK(order == shuffled(1000, 1, 0));
  CHECK(order != shuffled(1000, 2, 0));
  CHECK(order != shuffled(1000, 1, 1));
}

TEST_CASE("every permutation of three is about equally likely") {
  std::map<std::vector<std::int64_t>, int> counts;
  constexpr int kDraws = 6000;
  for (int seed = 0; seed < kDraws; ++seed) ++counts[shuffled(3, seed, 0)];
  REQUIRE(counts.size() == 6);
  // Binomial(6000, 1/6): deviation 28.9; 4 sigma.
  for (const auto& [order, count] : counts) CHECK(std::abs(count - kDraws / 6) < 116);
}

TEST_CASE("batches cover an epoch once and do not depend on where one starts") {
  const auto data = numbers(10);
  BatchStream stream(data, 3, 7);
  CHECK(stream.steps_per_epoch() == 3);
  std::set<std::int64_t> seen;
  for (std::uint64_t step = 3; step < 6; ++step) {
    const auto batch = stream.take(step);
    REQUIRE(batch.labels.size(0) == 3);
    for (int i = 0; i < 3; ++i) {
      seen.insert(batch.labels[i].item<std::int64_t>());
      CHECK(batch.inputs[0][i].item<float>() == static_cast<float>(batch.labels[i].item<std::int64_t>()));
    }
  }
  CHECK(seen.size() == 9);
  BatchStream other(data, 3, 7);
  CHECK(at::equal(other.take(5).labels, stream.take(5).labels));
}

TEST_CASE("a batch larger than the data is refused, but a graph is one example") {
  const auto data = numbers(2);
  CHECK(test::throws(Error::Usage, "batch 3 is larger", [&] { BatchStream(data, 3, 1); }));
  const auto graph = numbers(1);
  CHECK(BatchStream(graph, 64, 1).steps_per_epoch() == 1);
}

}  // namespace
}  // namespace terse::train
