#pragma once

#include <cstdint>
#include <vector>

namespace terse::train {

/// What a model has to know of a data set to be built for it.
struct DataShape {
  enum class Kind {
    Dense,   ///< one float32 tensor [n, extents…]: images [n, c, h, w], vectors [n, f]
    Tokens,  ///< one int64 tensor [n, t], padded with 0
    Graph,   ///< features [v, f] float32 and edges [2, e] int64, both directions
  };
  Kind kind = Kind::Dense;
  std::int64_t classes = 0;
  std::vector<std::int64_t> extents = {};  ///< of one example: {c, h, w}, {longest sentence}, {f}
  std::int64_t vocabulary = 0;             ///< Tokens: number of token ids
  bool label_a_pixel = false;              ///< labels are [n, h, w], not [n]

  bool operator==(const DataShape&) const = default;
};

}  // namespace terse::train
