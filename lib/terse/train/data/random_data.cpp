#include <charconv>
#include <numeric>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/train/data/readers.hpp"

namespace terse::train {

namespace {

class RandomDataSet : public DataSet {
 public:
  RandomDataSet(DataShape shape, std::int64_t size, std::uint64_t seed, std::uint64_t stream)
      : shape_(std::move(shape)), size_(size), seed_(seed), stream_(stream) {}

  std::int64_t size() const override { return size_; }

  Batch batch(std::span<const std::int64_t> examples) const override {
    const bool tokens = shape_.kind == DataShape::Kind::Tokens;
    auto extents = shape_.extents;
    extents.insert(extents.begin(), static_cast<std::int64_t>(examples.size()));
    const auto x = at::empty(extents, tokens ? at::kLong : at::kFloat);
    auto label_extents = shape_.label_a_pixel ? extents : std::vector<std::int64_t>{extents[0]};
    if (shape_.label_a_pixel) label_extents.erase(label_extents.begin() + 1);  // the channels
    const auto y = at::empty(label_extents, at::kLong);
    const auto label_width = examples.empty() ? 0 : static_cast<std::size_t>(y.numel()) / examples.size();
    const auto width = examples.empty() ? 0 : static_cast<std::size_t>(x.numel()) / examples.size();
    void* const values = x.mutable_data_ptr();
    auto* const labels = y.mutable_data_ptr<std::int64_t>();
    core::parallel_for(examples.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        core::RandomSequence random({seed_, stream_, static_cast<std::uint32_t>(examples[i])});
        for (std::size_t j = i * label_width; j < (i + 1) * label_width; ++j) {
          labels[j] = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(shape_.classes)));
        }
        for (std::size_t j = i * width; j < (i + 1) * width; ++j) {
          if (tokens) {
            static_cast<std::int64_t*>(values)[j] =
                1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(shape_.vocabulary - 1)));
          } else {
            static_cast<float*>(values)[j] = static_cast<float>(random.normal());
          }
        }
      }
    });
    return {{x}, y};
  }

 private:
  DataShape shape_;
  std::int64_t size_;
  std::uint64_t seed_, stream_;
};

std::vector<std::int64_t> parse_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    std::int64_t extent = 0;
    const auto [next, status] = std::from_chars(at, end, extent);
    const bool more = next != end && *next == 'x' && next + 1 != end;
    if (status != std::errc{} || extent < 1 || (next != end && !more)) {
      throw Error(Error::Usage, "data random: shape '" + text + "' (expected extents as 3x128x128)");
    }
    shape.push_back(extent);
    at = more ? next + 1 : end;
  }
  core::checked_numel(shape, "data random");
  return shape;
}

}  // namespace

Data make_random(SpecReader& spec, const std::string& shape, std::uint64_t seed) {
  Data data;
  data.shape.extents = parse_shape(shape);
  data.shape.classes = spec.integer("classes", 10, 2);
  data.shape.vocabulary = spec.integer("vocabulary", 0, 0);
  const auto count = spec.integer("count", 1024), test = spec.integer("test", 256);
  data.shape.label_a_pixel = spec.choice("labels", "one", {"one", "pixels"}) == "pixels";
  spec.finish(/*takes_argument=*/true);
  if (data.shape.label_a_pixel && (data.shape.extents.size() != 3 || data.shape.vocabulary > 0)) {
    throw Error(Error::Usage, "data random: labels=pixels takes images (channels x height x width)");
  }
  if (data.shape.vocabulary > 0) {
    if (data.shape.vocabulary < 2 || data.shape.extents.size() != 1) {
      throw Error(Error::Usage, "data random: tokens take one extent and a vocabulary of 2 or more");
    }
    data.shape.kind = DataShape::Kind::Tokens;
  }
  data.digest = "random " + std::to_string(seed);
  data.train = std::make_unique<RandomDataSet>(data.shape, count, seed, core::stream_of("random train"));
  data.evaluation = std::make_unique<RandomDataSet>(data.shape, test, seed, core::stream_of("random test"));
  return data;
}

}  // namespace terse::train
