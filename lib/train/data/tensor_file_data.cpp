#include "terse/core/error.hpp"
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

Examples take(const Arrays& arrays, const std::string& x_name, const std::string& y_name, const std::string& file,
              ContentDigest& digest) {
  const auto x = arrays.find(x_name), y = arrays.find(y_name);
  if (x == arrays.end() || y == arrays.end()) {
    throw Error(Error::BadInput, file + ": arrays '" + x_name + "' and '" + y_name + "' are needed");
  }
  Examples examples{x->second, y->second};
  if (examples.x.dim() < 2 || examples.y.dim() != 1 || examples.x.size(0) != examples.y.size(0)) {
    throw Error(Error::BadInput, file + ": '" + x_name + "' must have a row for each of the labels '" + y_name + "'");
  }
  if (!at::isIntegralType(examples.y.scalar_type(), /*includeBool=*/false)) {
    throw Error(Error::BadInput, file + ": the labels '" + y_name + "' are no integers");
  }
  digest.add(examples.x);
  digest.add(examples.y);
  examples.y = examples.y.to(at::kLong);
  if (examples.x.is_floating_point()) {
    examples.x = examples.x.to(at::kFloat);
  } else if (examples.x.scalar_type() != at::kByte) {
    if (examples.x.dim() != 2) throw Error(Error::BadInput, file + ": token ids '" + x_name + "' must be [n, t]");
    examples.x = examples.x.to(at::kLong);
    if (examples.x.lt(0).any().item<bool>()) throw Error(Error::BadInput, file + ": negative token id in '" + x_name + "'");
  }
  return examples;
}

std::unique_ptr<DataSet> data_set(const Examples& examples) {
  std::optional<TensorDataSet::Normalisation> scale;
  if (examples.x.scalar_type() == at::kByte) scale.emplace();  // to [0, 1]
  return std::make_unique<TensorDataSet>(examples.x, examples.y, scale);
}

}  // namespace

Data read_tensors(SpecReader& spec, const std::string& file) {
  spec.finish(/*takes_argument=*/true);
  const auto arrays = read_npz(file);
  ContentDigest digest;
  const auto train = take(arrays, "x", "y", file, digest);
  Data data;
  data.shape.classes = count_classes(train.y, file + ": y");
  data.shape.extents = train.x.sizes().slice(1).vec();
  if (train.x.scalar_type() == at::kLong) {
    data.shape.kind = DataShape::Kind::Tokens;
    data.shape.vocabulary = train.x.max().item<std::int64_t>() + 1;
  }
  data.train = data_set(train);
  if (arrays.contains("x_test") || arrays.contains("y_test")) {
    const auto test = take(arrays, "x_test", "y_test", file, digest);
    if (test.x.sizes().slice(1) != train.x.sizes().slice(1) || test.x.scalar_type() != train.x.scalar_type()) {
      throw Error(Error::BadInput, file + ": 'x_test' differs from 'x' in shape or type");
    }
    check_labels(test.y, data.shape.classes, file + ": y_test");
    if (data.shape.kind == DataShape::Kind::Tokens) {
      data.shape.vocabulary = std::max(data.shape.vocabulary, test.x.max().item<std::int64_t>() + 1);
    }
    data.evaluation = data_set(test);
  }
  data.digest = digest.finish();
  return data;
}

}  // namespace terse::train
