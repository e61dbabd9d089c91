#include "terse/train/data/channels_last.hpp"

#include "terse/core/error.hpp"

namespace terse::train {

namespace {

class ChannelsLastDataSet final : public DataSet {
 public:
  explicit ChannelsLastDataSet(std::unique_ptr<DataSet> data) : data_(std::move(data)) {}

  std::int64_t size() const override { return data_->size(); }
  std::optional<std::int64_t> largest() const override { return data_->largest(); }

  Batch batch(std::span<const std::int64_t> examples) const override {
    Batch batch = data_->batch(examples);
    // contiguous() would leave an image of one channel or one pixel as it is, and the operators then take it for the
    // other order.
    for (auto& x : batch.inputs) x = at::empty_like(x, {}, at::MemoryFormat::ChannelsLast).copy_(x);
    return batch;
  }

 private:
  std::unique_ptr<DataSet> data_;
};

}  // namespace

void put_channels_last(Data& data) {
  if (data.shape.kind != DataShape::Kind::Dense || data.shape.extents.size() != 3) {
    throw Error(Error::Usage, "memory_format=channels_last is for images, which data " + data.spec.name + " are not");
  }
  for (auto* set : {&data.train, &data.evaluation}) {
    if (*set) *set = std::make_unique<ChannelsLastDataSet>(std::move(*set));
  }
}

}  // namespace terse::train
