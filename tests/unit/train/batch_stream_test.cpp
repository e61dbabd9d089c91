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
