#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/formats/foreign/zip_reader.hpp"
#include "terse/learn/optimizer.hpp"
#include "terse/train/base/network.hpp"
#include "terse_catch.hpp"

/// The programs of tests/data/export and what Python got from them.
namespace terse::test {

inline std::string export_path(const std::string& file) {
  const char* data = std::getenv("TERSE_DATA");
  return std::string(data ? data : "tests/data") + "/export/" + file;
}

inline nlohmann::json expected_of(const std::string& name) {
  std::ifstream stream(export_path(name + ".json"));
  REQUIRE(stream.good());
  return nlohmann::json::parse(stream);
}

/// The program's own JSON, to be changed by a test.
inline nlohmann::json program_json(const std::string& name) {
  formats::ZipReader zip(core::open_source(export_path(name + ".pt2")));
  const core::Bytes text = zip.read(*zip.find(name + "/models/model.json"), 1u << 24);
  return nlohmann::json::parse(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
}

inline std::vector<at::Tensor> batches_of(const nlohmann::json& expected) {
  std::vector<at::Tensor> batches;
  for (const auto& input : expected.at("inputs")) {
    const auto values = input.at("values").get<std::vector<double>>();
    const auto shape = input.at("shape").get<std::vector<std::int64_t>>();
    const at::ScalarType dtype = expected.at("dtype") == "int64" ? at::kLong : at::kFloat;
    batches.push_back(torch::tensor(values, at::kDouble).reshape(shape).to(dtype));
  }
  return batches;
}

/// SGD as make_exports.py does it. @return the loss before each step
inline std::vector<double> train_like_python(train::Network& network, const nlohmann::json& expected) {
  if (!expected.at("seed").is_null()) torch::manual_seed(expected.at("seed").get<std::uint64_t>());
  learn::OptimizerOptions options{.kind = learn::OptimizerKind::Sgd};
  options.momentum = expected.at("momentum").get<double>();
  learn::Optimizer optimizer(network.parameters(), options);
  std::vector<double> losses;
  const auto batches = batches_of(expected);
  for (std::size_t step = 0; step < batches.size(); ++step) {
    const auto target = torch::tensor(expected.at("targets")[step].get<std::vector<std::int64_t>>());
    const at::Tensor loss = at::cross_entropy_loss(network.forward({batches[step]}), target);
    loss.backward();
    optimizer.step(expected.at("lr").get<double>());
    optimizer.clear_gradients();
    losses.push_back(loss.item<double>());
  }
  return losses;
}

}  // namespace terse::test
