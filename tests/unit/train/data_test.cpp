#include "terse/train/data/load_data.hpp"

#include <zlib.h>

#include <cstdlib>
#include <numeric>

#include "temporary_folder.hpp"
#include "terse/act/tensor/dtype.hpp"
#include "terse/formats/foreign/safetensors.hpp"
#include "terse/train/loop/evaluate.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::put;
using test::TemporaryFolder;
using test::throws;

Data load(const std::string& text, std::uint64_t seed = 1) { return load_data(parse_spec(text, "data"), seed); }

Batch all_of(const DataSet& data) {
  std::vector<std::int64_t> examples(static_cast<std::size_t>(data.size()));
  std::iota(examples.begin(), examples.end(), 0);
  return data.batch(examples);
}

std::string tests_data(const std::string& name) { return std::string(std::getenv("TERSE_DATA")) + "/" + name; }

std::string big_endian(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::string idx_images(std::uint32_t count, std::uint8_t first) {
  std::string content = big_endian(0x0803) + big_endian(count) + big_endian(2) + big_endian(3);
  for (std::uint32_t i = 0; i < count * 6; ++i) content += char(first + i * 10);
  return content;
}

std::string idx_labels(std::initializer_list<char> labels) {
  return big_endian(0x0801) + big_endian(static_cast<std::uint32_t>(labels.size())) + std::string(labels);
}

void write_idx_folder(const TemporaryFolder& folder) {
  put(folder.file("train-images-idx3-ubyte"), idx_images(4, 0));
  put(folder.file("train-labels-idx1-ubyte"), idx_labels({0, 2, 1, 2}));
  put(folder.file("t10k-images-idx3-ubyte"), idx_images(2, 5));
  put(folder.file("t10k-labels-idx1-ubyte"), idx_labels({1, 0}));
}

TEST_CASE("idx images are normalised by the training images") {
  TemporaryFolder folder;
  write_idx_folder(folder);
  const auto data = load("idx:" + folder.path().string());
  CHECK(data.shape == DataShape{.classes = 3, .extents = {1, 2, 3}});
  CHECK(data.train->size() == 4);
  const auto batch = all_of(*data.train);
  CHECK(batch.inputs[0].sizes().vec() == std::vector<std::int64_t>{4, 1, 2, 3});
  CHECK(batch.inputs[0].mean().item<double>() == Approx(0).margin(1e-6));
  CHECK(batch.inputs[0].std(/*unbiased=*/false).item<double>() == Approx(1).epsilon(1e-5));
  CHECK(at::equal(batch.labels, at::tensor({0, 2, 1, 2}, at::kLong)));
  // The first test pixel, 5, by hand: pixels are 0, 10 … 230.
  const double mean = 115, deviation = std::sqrt(10 * 10 * (24 * 24 - 1) / 12.0);
  CHECK(all_of(*data.evaluation).inputs[0].flatten()[0].item<double>() == Approx((5 - mean) / deviation));
}

TEST_CASE("idx files may be compressed, and a part of them may be asked for") {
  TemporaryFolder folder;
  write_idx_folder(folder);
  const auto plain = load("idx:" + folder.path().string()).digest;
  const auto path = folder.file("train-images-idx3-ubyte");
  const auto content = test::content_of(path);
  std::filesystem::remove(path);
  gzFile gz = gzopen((path + ".gz").c_str(), "wb");
  gzwrite(gz, content.data(), static_cast<unsigned>(content.size()));
  gzclose(gz);
  CHECK(load("idx:" + folder.path().string()).digest == plain);
  const auto part = load("idx:" + folder.path().string() + ",train=2,test=1");
  CHECK(part.train->size() == 2);
  CHECK(part.evaluation->size() == 1);
  CHECK(part.digest != plain);
}

TEST_CASE("damaged idx files are named with the record") {
  TemporaryFolder folder;
  const auto spec = "idx:" + folder.path().string();
  const auto images = folder.file("train-images-idx3-ubyte"), labels = folder.file("train-labels-idx1-ubyte");
  write_idx_folder(folder);
  const auto whole = test::content_of(images);

  put(images, whole.substr(0, 16 + 6 * 2 + 1));
  CHECK(throws(Error::BadInput, images + ": ends in record 2 of 4", [&] { load(spec); }));
  put(images, whole + "x");
  CHECK(throws(Error::BadInput, images + ": longer", [&] { load(spec); }));
  put(images, whole.substr(0, 6));
  CHECK(throws(Error::BadInput, images + ": the header is cut", [&] { load(spec); }));
  put(images, big_endian(0x0d03) + whole.substr(4));
  CHECK(throws(Error::BadInput, images + ": not an IDX file", [&] { load(spec); }));
  put(images, big_endian(0x0803) + big_endian(~0u) + big_endian(~0u) + big_endian(~0u));
  CHECK(throws(Error::BadInput, images, [&] { load(spec); }));
  put(images, whole);
  put(labels, idx_labels({0, 1, 2}));
  CHECK(throws(Error::BadInput, labels + ": 3 labels for 4 images", [&] { load(spec); }));
  put(labels, idx_labels({0, 0, 0, 0}));
  CHECK(throws(Error::BadInput, "no label is above 0", [&] { load(spec); }));
  put(labels, idx_labels({0, 1, 1, 1}));
  put(folder.file("t10k-labels-idx1-ubyte"), idx_labels({1, 2}));
  CHECK(throws(Error::BadInput, "t10k-labels-idx1-ubyte: record 1: label 2 is not in 0..1", [&] { load(spec); }));
  std::filesystem::remove(labels);
  CHECK(throws(Error::NoInput, labels + ": no such file", [&] { load(spec); }));
}

TEST_CASE("text becomes padded token ids by falling frequency") {
  const auto data = load("text:" + tests_data("text/train.tsv") + ",dev=" + tests_data("text/dev.tsv"));
  CHECK(data.shape.kind == DataShape::Kind::Tokens);
  CHECK(data.classes == std::vector<std::string>{"0", "1"});
  CHECK(data.vocabulary.at(0) == "<pad>");
  CHECK(data.vocabulary.at(1) == "<unknown>");
  CHECK(data.vocabulary.at(2) == "film");
  const auto batch = data.train->batch(std::vector<std::int64_t>{4, 0});  // "warm" and "a warm and funny film"
  CHECK(batch.inputs[0].sizes().vec() == std::vector<std::int64_t>{2, 5});
  CHECK(batch.inputs[0][0].slice(0, 1).eq(0).all().item<bool>());
  CHECK(batch.inputs[0][0][0].item<int>() == batch.inputs[0][1][1].item<int>());
  const auto dev = all_of(*data.evaluation);
  CHECK(dev.inputs[0][1][2].item<int>() == 1);  // "story" is in no training sentence
  CHECK(at::equal(dev.labels, at::tensor({1, 0}, at::kLong)));
}

TEST_CASE("text: labels are ordered by value, vocabulary and length are bounded") {
  TemporaryFolder folder;
  const auto file = folder.file("t.tsv");
  put(file, "b b c\t10\na  b\t9\na\t-1\n");
  const auto data = load("text:" + file + ",vocabulary=4,length=2");
  CHECK(data.classes == std::vector<std::string>{"-1", "9", "10"});
  CHECK(data.vocabulary == std::vector<std::string>{"<pad>", "<unknown>", "b", "a"});
  CHECK(all_of(*data.train).inputs[0].size(1) == 2);
  CHECK(data.evaluation == nullptr);
}

TEST_CASE("bad text is named with the line") {
  TemporaryFolder folder;
  const auto file = folder.file("t.tsv"), dev = folder.file("d.tsv");
  put(file, "good\t1\nno label\n");
  CHECK(throws(Error::BadInput, file + ":2: expected sentence<TAB>label, found 1", [&] { load("text:" + file); }));
  put(file, "good\t1\n \t0\n");
  CHECK(throws(Error::BadInput, file + ":2: empty sentence", [&] { load("text:" + file); }));
  put(file, "good\t1\nbad\t1\n");
  CHECK(throws(Error::BadInput, file + ": all sentences have the same label", [&] { load("text:" + file); }));
  put(file, "");
  CHECK(throws(Error::BadInput, file + ": no sentences", [&] { load("text:" + file); }));
  put(file, "good\t1\nbad\t0\n");
  put(dev, "so\t0\nso so\t2\n");
  CHECK(throws(Error::BadInput, dev + ":2: label '2' does not occur", [&] { load("text:" + file + ",dev=" + dev); }));
  CHECK(throws(Error::NoInput, "nowhere", [&] { load("text:" + folder.file("nowhere")); }));
}

TEST_CASE("a graph is one batch with labels where its split says") {
  const auto data = load("graph:" + tests_data("graph"));
  CHECK(data.shape == DataShape{.kind = DataShape::Kind::Graph, .classes = 2, .extents = {4}});
  REQUIRE(data.train->size() == 1);
  const auto batch = all_of(*data.train);
  CHECK(at::allclose(batch.inputs[0][0], at::tensor({0.5f, 0.f, 0.5f, 0.f})));
  CHECK(at::equal(batch.inputs[1], at::tensor({0, 1, 1, 4, 2, 3, 1, 0, 4, 1, 3, 2}, at::kLong).view({2, 6})));
  CHECK(at::equal(batch.labels, at::tensor({0, -100, 1, -100, -100}, at::kLong)));
  CHECK(at::equal(all_of(*data.evaluation).labels, at::tensor({-100, 0, -100, -100, -100}, at::kLong)));
  const auto valid = load("graph:" + tests_data("graph") + ",evaluate=valid");
  CHECK(at::equal(all_of(*valid.evaluation).labels, at::tensor({-100, -100, -100, 1, -100}, at::kLong)));
}

TEST_CASE("a bad graph is named with the line") {
  TemporaryFolder folder;
  const auto spec = "graph:" + folder.path().string();
  const auto restore = [&] {
    for (const auto* name : {"features.tsv", "edges.tsv", "labels.tsv", "splits.tsv"}) {
      put(folder.file(name), test::content_of(tests_data(std::string("graph/") + name)));
    }
  };
  const std::vector<std::array<std::string, 3>> kCases = {
      {"features.tsv", "1\t0:1\n", "features.tsv:1: expected node 0"},
      {"features.tsv", "0\t0\n", "features.tsv:1: '0' is no index:value"},
      {"features.tsv", "0\tx:1\n", "features.tsv:1: 'x' is no feature number"},
      {"features.tsv", "0\t0:-1\n", "features.tsv:1: '-1' is no feature value"},
      {"edges.tsv", "0\t1\n0\t9\n", "edges.tsv:2: node 9 has no features"},
      {"edges.tsv", "0\n", "edges.tsv:1: expected 2 fields"},
      {"labels.tsv", "0\tA\n", "labels.tsv:1: 'A' is no label"},
      {"splits.tsv", "0\ttest\n", "splits.tsv: no node to train on"},
  };
  for (const auto& [name, content, message] : kCases) {
    INFO(message);
    restore();
    put(folder.file(name), content);
    CHECK(throws(Error::BadInput, message, [&] { load(spec); }));
  }
}

TEST_CASE("npz arrays are taken by name") {
  const auto data = load("tensors:" + tests_data("tensors.npz"));
  CHECK(data.shape == DataShape{.classes = 3, .extents = {4}});
  const auto batch = all_of(*data.train);
  CHECK(at::equal(batch.inputs[0], at::arange(24, at::kFloat).view({6, 4}) / 8));
  CHECK(at::equal(batch.labels, at::tensor({0, 1, 2, 0, 1, 2}, at::kLong)));
  CHECK(at::equal(all_of(*data.evaluation).inputs[0], batch.inputs[0].slice(0, 0, 2) + 1));
}

TEST_CASE("a file that is neither npz nor safetensors is refused") {
  CHECK(throws(Error::BadInput, "train.tsv", [] { load("tensors:" + tests_data("text/train.tsv")); }));
}

void put_tensors(const std::string& path, const std::vector<std::pair<std::string, at::Tensor>>& arrays) {
  std::vector<formats::Tensor> tensors;
  for (const auto& [name, array] : arrays) {
    auto& tensor = tensors.emplace_back();
    tensor.info = {name, *act::from_torch(array.scalar_type()), array.sizes().vec()};
    const auto* data = static_cast<const std::byte*>(array.const_data_ptr());
    tensor.data.assign(data, data + array.nbytes());
  }
  const auto sink = core::open_sink(path, core::Content::Binary);
  formats::write_safetensors(*sink, tensors);
  sink->finish();
}

TEST_CASE("safetensors are taken by name, with the digest of the same arrays in an npz") {
  TemporaryFolder folder;
  const auto file = folder.file("t.safetensors");
  const auto x = at::arange(24, at::kFloat).view({6, 4}) / 8;
  const auto y = at::tensor({0, 1, 2, 0, 1, 2}, at::kLong);
  const auto npz = load("tensors:" + tests_data("tensors.npz"));
  const auto test = all_of(*npz.evaluation);
  put_tensors(file, {{"x", x}, {"y", y}, {"x_test", test.inputs[0]}, {"y_test", test.labels}});
  const auto data = load("tensors:" + file);
  CHECK(data.shape == npz.shape);
  CHECK(at::equal(all_of(*data.train).inputs[0], x));
  CHECK(at::equal(all_of(*data.train).labels, y));
  CHECK(at::equal(all_of(*data.evaluation).inputs[0], test.inputs[0]));
  put_tensors(file, {{"x", x}});
  CHECK(throws(Error::BadInput, "'x' and 'y' are needed", [&] { load("tensors:" + file); }));
}

TEST_CASE("images may have a label a pixel, 255 for none") {
  TemporaryFolder folder;
  const auto file = folder.file("t.safetensors");
  const auto x = at::randn({2, 3, 4, 5});
  auto y = at::ones({2, 4, 5}, at::kByte);
  y[1][3][4] = 255;
  y[0][0][0] = 2;
  put_tensors(file, {{"x", x}, {"y", y}});
  const auto data = load("tensors:" + file);
  CHECK(data.shape == DataShape{.classes = 3, .extents = {3, 4, 5}, .label_a_pixel = true});
  const auto labels = all_of(*data.train).labels;
  CHECK(labels[1][3][4].item<std::int64_t>() == kIgnoredLabel);
  CHECK(labels.sum().item<std::int64_t>() == 38 + 2 - 100);
  put_tensors(file, {{"x", x}, {"y", at::ones({2, 5, 4}, at::kByte)}});
  CHECK(throws(Error::BadInput, "or be images [n, c, h, w] with labels [n, h, w]", [&] { load("tensors:" + file); }));
  auto wrong = at::ones({2, 4, 5}, at::kLong);
  wrong[1][0][0] = -3;
  put_tensors(file, {{"x", x}, {"y", wrong}});
  CHECK(throws(Error::BadInput, "y: record 1: label -3 is not in", [&] { load("tensors:" + file); }));
}

TEST_CASE("random data are a function of seed and example, and look normal") {
  const auto data = load("random:3x8x8,classes=4,count=50");
  CHECK(data.shape == DataShape{.classes = 4, .extents = {3, 8, 8}});
  const auto batch = all_of(*data.train);
  // 9600 standard normal numbers: deviation of the mean 0.0102, of the variance 0.0144; 4 sigma.
  CHECK(batch.inputs[0].mean().item<double>() == Approx(0).margin(0.041));
  CHECK(batch.inputs[0].var().item<double>() == Approx(1).margin(0.058));
  CHECK(batch.labels.min().item<int>() == 0);
  CHECK(batch.labels.max().item<int>() == 3);
  CHECK(at::equal(data.train->batch(std::vector<std::int64_t>{7}).inputs[0][0], batch.inputs[0][7]));
  CHECK_FALSE(at::equal(all_of(*load("random:3x8x8,classes=4,count=50", 2).train).inputs[0], batch.inputs[0]));
  CHECK_FALSE(at::equal(data.evaluation->batch(std::vector<std::int64_t>{7}).inputs[0][0], batch.inputs[0][7]));
  const auto pixels = all_of(*load("random:3x8x6,classes=4,count=50,labels=pixels").train).labels;
  CHECK(pixels.sizes().vec() == std::vector<std::int64_t>{50, 8, 6});
  CHECK(pixels.min().item<int>() == 0);
  CHECK(pixels.max().item<int>() == 3);
  CHECK(throws(Error::Usage, "labels=pixels takes images", [] { load("random:8,labels=pixels"); }));
  const auto tokens = all_of(*load("random:6,vocabulary=20").train).inputs[0];
  CHECK(tokens.min().item<int>() == 1);
  CHECK(tokens.max().item<int>() == 19);
}

TEST_CASE("an unknown data set or key lists the known ones") {
  CHECK(throws(Error::Usage, "(fashion-mnist, idx, text, graph, tensors, random)", [] { load("mnist"); }));
  CHECK(throws(Error::Usage, "unknown key 'size' (classes, vocabulary, count, test, labels)",
               [] { load("random:3,size=1"); }));
  CHECK(throws(Error::Usage, "expected extents as 3x128x128", [] { load("random:3x"); }));
  CHECK(throws(Error::Usage, "idx:DIR is missing", [] { load("idx"); }));
}

TEST_CASE("labels that the logits have no column for are refused") {
  CHECK(throws(Error::Usage, "at least 3 columns", [] {
    cross_entropy(at::zeros({2, 2}), at::tensor({0, 2}, at::kLong));
  }));
  CHECK(throws(Error::Usage, "need a score a label for each of at least 3 classes", [] {
    cross_entropy(at::zeros({2, 4}), at::full({2, 3, 3}, 2, at::kLong));
  }));
  CHECK(throws(Error::Usage, "2 labels need a row each", [] {
    cross_entropy(at::zeros({3, 4}), at::tensor({0, 2}, at::kLong));
  }));
}

}  // namespace
}  // namespace terse::train
