#include <array>
#include <cstring>

#include "terse/act/tensor/dtype.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/formats/foreign/safetensors.hpp"
#include "terse/train/data/digest.hpp"
#include "terse/train/data/npz.hpp"
#include "terse/train/data/readers.hpp"
#include "terse/train/data/tensor_data_set.hpp"

namespace terse::train {

namespace {

using Arrays = std::map<std::string, at::Tensor>;

struct Examples {
  at::Tensor x, y;
};

constexpr int kNoClass = 255;  // in a byte a pixel: belongs to none, as in the segmentation sets of PASCAL VOC

// A zip begins with "PK"; a .safetensors file with the length of its header, which would be 19 digits long.
bool is_zip(const std::string& file) {
  std::array<char, 2> magic{};
  core::open_source(file)->read(std::as_writable_bytes(std::span(magic)));
  return magic == std::array{'P', 'K'};
}

Arrays read_arrays(const std::string& file) {
  if (is_zip(file)) return read_npz(file);
  Arrays arrays;
  for (auto& tensor : formats::read_safetensors(*core::open_source(file)).tensors) {
    auto array = at::empty(tensor.info.shape, act::to_torch(tensor.info.dtype));
    std::memcpy(array.mutable_data_ptr(), tensor.data.data(), tensor.data.size());
    tensor.data = {};
    arrays.emplace(tensor.info.name, std::move(array));
  }
  return arrays;
}

bool fits_labels(const at::Tensor& x, const at::Tensor& y) {
  if (x.dim() < 2 || y.dim() < 1 || x.size(0) != y.size(0)) return false;
  return y.dim() == 1 || (y.dim() == 3 && x.dim() == 4 && x.sizes().slice(2) == y.sizes().slice(1));
}

Examples take(const Arrays& arrays, const std::string& x_name, const std::string& y_name, const std::string& file,
              ContentDigest& digest) {
  const auto x = arrays.find(x_name), y = arrays.find(y_name);
  if (x == arrays.end() || y == arrays.end()) {
    throw Error(Error::BadInput, file + ": arrays '" + x_name + "' and '" + y_name + "' are needed");
  }
  Examples examples{x->second, y->second};
  if (!fits_labels(examples.x, examples.y)) {
    throw Error(Error::BadInput, file + ": '" + x_name + "' must have a row for each of the labels '" + y_name +
                                     "', or be images [n, c, h, w] with labels [n, h, w]");
  }
  if (!at::isIntegralType(examples.y.scalar_type(), /*includeBool=*/false)) {
    throw Error(Error::BadInput, file + ": the labels '" + y_name + "' are no integers");
  }
  digest.add(examples.x);
  digest.add(examples.y);
  const bool bytes_a_pixel = examples.y.dim() == 3 && examples.y.scalar_type() == at::kByte;
  examples.y = examples.y.to(at::kLong);
  if (bytes_a_pixel) examples.y.masked_fill_(examples.y.eq(kNoClass), kIgnoredLabel);
  if (examples.x.is_floating_point()) {
    examples.x = examples.x.to(at::kFloat);
  } else if (examples.x.scalar_type() != at::kByte) {
    if (examples.x.dim() != 2) throw Error(Error::BadInput, file + ": token ids '" + x_name + "' must be [n, t]");
    examples.x = examples.x.to(at::kLong);
    if (examples.x.lt(0).any().item<bool>())
      throw Error(Error::BadInput, file + ": negative token id in '" + x_name + "'");
  }
  return examples;
}

/// One more than the largest token id. A model has a row of numbers for each.
std::int64_t vocabulary_of(const at::Tensor& tokens, const std::string& where) {
  constexpr std::uint64_t kBytesOfRow = 256;  // of a small model
  const auto largest = tokens.numel() > 0 ? tokens.max().item<std::int64_t>() : 0;
  const auto rows = static_cast<std::uint64_t>(largest) + 1;
  core::require_within_limit(core::checked_multiply(rows, kBytesOfRow, where), tokens.nbytes(),
                             where + ": a vocabulary of " + std::to_string(rows));
  return largest + 1;
}

std::unique_ptr<DataSet> data_set(const Examples& examples) {
  std::optional<TensorDataSet::Normalisation> scale;
  if (examples.x.scalar_type() == at::kByte) scale.emplace();  // to [0, 1]
  return std::make_unique<TensorDataSet>(examples.x, examples.y, scale);
}

}  // namespace

Data read_tensors(SpecReader& spec, const std::string& file) {
  spec.finish(/*takes_argument=*/true);
  const auto arrays = read_arrays(file);
  ContentDigest digest;
  const auto train = take(arrays, "x", "y", file, digest);
  Data data;
  data.shape.classes = count_classes(train.y, file + ": y");
  data.shape.extents = train.x.sizes().slice(1).vec();
  data.shape.label_a_pixel = train.y.dim() == 3;
  if (train.x.scalar_type() == at::kLong) {
    data.shape.kind = DataShape::Kind::Tokens;
    data.shape.vocabulary = vocabulary_of(train.x, file + ": x");
  }
  data.train = data_set(train);
  if (arrays.contains("x_test") || arrays.contains("y_test")) {
    const auto test = take(arrays, "x_test", "y_test", file, digest);
    if (test.x.sizes().slice(1) != train.x.sizes().slice(1) || test.x.scalar_type() != train.x.scalar_type() ||
        test.y.dim() != train.y.dim()) {
      throw Error(Error::BadInput, file + ": 'x_test' or 'y_test' differs from 'x' or 'y' in shape or type");
    }
    check_labels(test.y, data.shape.classes, file + ": y_test");
    if (data.shape.kind == DataShape::Kind::Tokens) {
      data.shape.vocabulary = std::max(data.shape.vocabulary, vocabulary_of(test.x, file + ": x_test"));
    }
    data.evaluation = data_set(test);
  }
  data.digest = digest.finish();
  return data;
}

}  // namespace terse::train
