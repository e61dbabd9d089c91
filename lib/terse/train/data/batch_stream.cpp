#include "terse/train/data/batch_stream.hpp"

#include <algorithm>
#include <string>

#include "terse/core/error.hpp"
#include "terse/learn/shuffle.hpp"

namespace terse::train {

BatchStream::BatchStream(const DataSet& data, std::int64_t batch, std::uint64_t seed)
    : data_(data), batch_(data.size() == 1 ? 1 : batch), seed_(seed) {
  if (data.size() < batch_) {
    throw Error(Error::Usage, "batch " + std::to_string(batch) + " is larger than the data set (" +
                                  std::to_string(data.size()) + " examples)");
  }
  steps_per_epoch_ = static_cast<std::uint64_t>(data.size() / batch_);
}

Batch BatchStream::take(std::uint64_t step) {
  const auto epoch = step / steps_per_epoch_;
  if (epoch_ != epoch) {
    order_ = learn::shuffled<std::int64_t>(static_cast<std::size_t>(data_.size()),
                                           {seed_, core::stream_of("shuffle"), static_cast<std::uint32_t>(epoch)});
    epoch_ = epoch;
  }
  const auto begin = (step % steps_per_epoch_) * static_cast<std::uint64_t>(batch_);
  return data_.batch(std::span(order_).subspan(begin, static_cast<std::size_t>(batch_)));
}

}  // namespace terse::train
