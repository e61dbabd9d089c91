#include "terse/train/data/tensor_data_set.hpp"

#include <algorithm>

#include "terse/core/error.hpp"

namespace terse::train {

TensorDataSet::TensorDataSet(at::Tensor x, at::Tensor y, std::optional<Normalisation> normalisation)
    : x_(std::move(x)), y_(std::move(y)), normalisation_(normalisation) {}

Batch TensorDataSet::batch(std::span<const std::int64_t> examples) const {
  const auto index = at::empty({static_cast<std::int64_t>(examples.size())}, at::kLong);
  std::copy(examples.begin(), examples.end(), index.mutable_data_ptr<std::int64_t>());
  auto x = x_.index_select(0, index);
  if (normalisation_) {
    x = x.to(at::kFloat)
            .mul_(1 / (255 * normalisation_->deviation))
            .sub_(normalisation_->mean / normalisation_->deviation);
  }
  return {{x}, y_.index_select(0, index)};
}

// A network's last layer has a row a class, however few labels there are: a label beyond it is taken for a slip.
constexpr std::int64_t kMostClasses = std::int64_t{1} << 24;

std::int64_t count_classes(const at::Tensor& labels, const std::string& source) {
  if (labels.numel() == 0) throw Error(Error::BadInput, source + ": no examples");
  const std::int64_t classes = std::min(labels.max().item<std::int64_t>(), kMostClasses - 1) + 1;
  check_labels(labels, classes, source);
  if (classes < 2) throw Error(Error::BadInput, source + ": no label is above 0");
  return classes;
}

void check_labels(const at::Tensor& labels, std::int64_t classes, const std::string& source) {
  const auto outside = labels.lt(0).logical_or_(labels.ge(classes)).logical_and_(labels.ne(kIgnoredLabel));
  const auto wrong = outside.nonzero();
  if (wrong.numel() == 0) return;
  throw Error(Error::BadInput, source + ": record " + std::to_string(wrong[0][0].item<std::int64_t>()) + ": label " +
                                   std::to_string(labels.masked_select(outside)[0].item<std::int64_t>()) +
                                   " is not in 0.." + std::to_string(classes - 1));
}

}  // namespace terse::train
