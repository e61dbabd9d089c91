#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/train/base/data_shape.hpp"
#include "terse/train/base/spec.hpp"

namespace terse::train {

/// Label that takes no part in the loss (a node outside the split, the border of an object): cross entropy skips it.
inline constexpr std::int64_t kIgnoredLabel = -100;

struct Batch {
  std::vector<at::Tensor> inputs;  ///< what Network::forward takes
  at::Tensor labels;               ///< [n] or, a label a pixel, [n, h, w] int64; kIgnoredLabel where one does not count
};

/// Examples that can be taken in any order.
class DataSet {
 public:
  virtual ~DataSet() = default;
  /// Number of examples; a graph is one.
  virtual std::int64_t size() const = 0;
  /// @param examples  indices in [0, size())
  virtual Batch batch(std::span<const std::int64_t> examples) const = 0;
  /// An example than which none makes a larger batch; nullopt where all are alike.
  virtual std::optional<std::int64_t> largest() const { return std::nullopt; }
};

/// A data set as a run needs it.
struct Data {
  Spec spec;  ///< with every key, defaults included
  DataShape shape;
  std::vector<std::string> classes;               ///< names in the order of the labels; may be empty
  std::vector<std::string> vocabulary;            ///< token of each id; empty but for text
  formats::Value inputs = formats::Value::Map{};  ///< how inputs were made from the files: normalisation, lengths
  std::string digest;                             ///< of the content, for checkpoints
  std::unique_ptr<DataSet> train;
  std::unique_ptr<DataSet> evaluation;  ///< null where the data have none
};

/// The order of an epoch's examples: a permutation of [0, count), a pure function of (seed, epoch).
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::uint32_t epoch);

}  // namespace terse::train
