#pragma once

#include <optional>

#include "terse/train/data/data.hpp"

namespace terse::train {

/// Examples that lie in memory as one tensor, x [n, …], with labels y [n] or [n, h, w] int64. Bytes are scaled to
/// (x/255 − mean)/deviation when a batch is taken, so a data set of images keeps a byte a pixel.
class TensorDataSet : public DataSet {
 public:
  struct Normalisation {
    double mean = 0, deviation = 1;
  };

  TensorDataSet(at::Tensor x, at::Tensor y, std::optional<Normalisation> normalisation = {});
  std::int64_t size() const override { return x_.size(0); }
  Batch batch(std::span<const std::int64_t> examples) const override;

 private:
  at::Tensor x_, y_;
  std::optional<Normalisation> normalisation_;
};

/// One more than the largest label. @throws Error::BadInput for a negative label (but kIgnoredLabel) or none, naming
/// `source` and the record
std::int64_t count_classes(const at::Tensor& labels, const std::string& source);

/// @throws Error::BadInput where a label is not below `classes`
void check_labels(const at::Tensor& labels, std::int64_t classes, const std::string& source);

}  // namespace terse::train
