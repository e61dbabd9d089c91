#include <cmath>
#include <filesystem>

#include "terse/core/error.hpp"
#include "terse/train/data/digest.hpp"
#include "terse/train/data/idx.hpp"
#include "terse/train/data/readers.hpp"
#include "terse/train/data/tensor_data_set.hpp"

namespace terse::train {

namespace {

struct Images {
  at::Tensor pixels = {};  ///< [n, 1, h, w] uint8
  at::Tensor labels = {};  ///< [n] int64
  std::string labels_path = {};
};

std::string find_file(const std::string& folder, const std::string& name) {
  const auto path = (std::filesystem::path(folder) / name).string();
  for (const auto* suffix : {"", ".gz", ".zst"}) {
    if (std::filesystem::exists(path + suffix)) return path + suffix;
  }
  throw Error(Error::NoInput, path + ": no such file (also tried .gz and .zst)");
}

Images read_images(const std::string& folder, const std::string& part, std::int64_t limit) {
  const auto images_path = find_file(folder, part + "-images-idx3-ubyte");
  Images images{.labels_path = find_file(folder, part + "-labels-idx1-ubyte")};
  images.pixels = read_idx(images_path, 3).unsqueeze(1);
  images.labels = read_idx(images.labels_path, 1).to(at::kLong);
  if (images.pixels.size(0) != images.labels.size(0)) {
    throw Error(Error::BadInput, images.labels_path + ": " + std::to_string(images.labels.size(0)) + " labels for " +
                                     std::to_string(images.pixels.size(0)) + " images");
  }
  if (images.pixels.numel() == 0) throw Error(Error::BadInput, images_path + ": no images");
  if (limit > 0 && limit < images.pixels.size(0)) {
    images.pixels = images.pixels.slice(0, 0, limit).clone();
    images.labels = images.labels.slice(0, 0, limit).clone();
  }
  return images;
}

// Exact integer sums, so that the constants do not depend on the order of the additions.
TensorDataSet::Normalisation normalisation_of(const at::Tensor& pixels) {
  const auto histogram = at::bincount(pixels.flatten(), {}, 256);
  const auto values = at::arange(256, at::kLong);
  const auto count = static_cast<double>(pixels.numel());
  const double sum = static_cast<double>((histogram * values).sum().item<std::int64_t>());
  const double squares = static_cast<double>((histogram * values * values).sum().item<std::int64_t>());
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  return {mean / 255, deviation > 0 ? deviation / 255 : 1};
}

}  // namespace

Data read_idx_folder(SpecReader& spec, const std::string& folder) {
  const auto train_limit = spec.integer("train", 0, 0), test_limit = spec.integer("test", 0, 0);
  spec.finish(/*takes_argument=*/true);
  const auto train = read_images(folder, "train", train_limit);
  const auto test = read_images(folder, "t10k", test_limit);
  if (train.pixels.sizes().slice(1) != test.pixels.sizes().slice(1)) {
    throw Error(Error::BadInput, folder + ": training and test images differ in size");
  }
  Data data;
  data.shape.classes = count_classes(train.labels, train.labels_path);
  check_labels(test.labels, data.shape.classes, test.labels_path);
  data.shape.extents = train.pixels.sizes().slice(1).vec();
  const auto normalisation = normalisation_of(train.pixels);
  data.inputs["mean"] = normalisation.mean;
  data.inputs["deviation"] = normalisation.deviation;
  ContentDigest digest;
  for (const auto* images : {&train, &test}) {
    digest.add(images->pixels);
    digest.add(images->labels);
  }
  data.digest = digest.finish();
  data.train = std::make_unique<TensorDataSet>(train.pixels, train.labels, normalisation);
  data.evaluation = std::make_unique<TensorDataSet>(test.pixels, test.labels, normalisation);
  return data;
}

Data read_fashion_mnist(SpecReader& spec, const std::string& folder) {
  auto data = read_idx_folder(spec, folder);
  data.classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                  "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return data;
}

}  // namespace terse::train
