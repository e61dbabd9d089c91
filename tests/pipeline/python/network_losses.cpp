// network_losses SPEC BATCHES.safetensors LEVEL LR SEED
//
// Trains a network by plain SGD, one step a batch, and prints a JSON line a step and one about what the last step
// saved for backward: what export_parity.py compares with Python. Batch 2 is the tensors "2.input0", "2.input1" …
// and "2.target", class numbers for each row, pixel or token of the logits.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "terse/act/packing/compression.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/foreign/safetensors.hpp"
#include "terse/train/base/network.hpp"

namespace {

using namespace terse;

at::Tensor to_torch(const formats::Tensor& tensor) {
  const at::ScalarType type = tensor.info.dtype == core::DType::Int64 ? at::kLong : at::kFloat;
  at::Tensor made = at::empty(tensor.info.shape, type);
  std::memcpy(made.data_ptr(), tensor.data.data(), tensor.data.size());
  return made;
}

struct Batch {
  std::vector<at::Tensor> inputs;
  at::Tensor target;
};

std::vector<Batch> read_batches(const std::string& path) {
  const auto source = core::open_source(path);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& tensor : formats::read_safetensors(*source).tensors) tensors[tensor.info.name] = to_torch(tensor);
  std::vector<Batch> batches;
  for (;;) {
    const std::string prefix = std::to_string(batches.size()) + ".";
    if (!tensors.contains(prefix + "target")) return batches;
    Batch batch{{}, tensors.at(prefix + "target")};
    for (int i = 0; tensors.contains(prefix + "input" + std::to_string(i)); ++i) {
      batch.inputs.push_back(tensors.at(prefix + "input" + std::to_string(i)));
    }
    batches.push_back(std::move(batch));
  }
}

std::unique_ptr<train::Network> load(const std::string& spec) {
  if (spec.starts_with("export:")) return train::load_exported_program(spec.substr(7));
  if (spec.starts_with("script:")) return train::load_torchscript(spec.substr(7), true);
  throw Error(Error::Usage, "SPEC is export:FILE or script:FILE");
}

at::Tensor loss_of(at::Tensor logits, at::Tensor target) {
  if (logits.dim() == 3) {  // tokens
    logits = logits.flatten(0, 1);
    target = target.flatten();
  }
  return at::cross_entropy_loss(logits, target);
}

nlohmann::json summary(const act::Compression& compression) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counted;
  nlohmann::json kept = nlohmann::json::array();
  for (const act::SavedTensor& saved : compression.saved()) {
    auto& [tensors, bytes] = counted[std::string(act::to_string(saved.reason))];
    ++tensors;
    bytes += saved.exact_bytes;
    using enum act::Reason;
    const bool plain = saved.reason == Exact || saved.reason == NonFinite || saved.reason == Device;
    if (core::is_floating(saved.dtype) && plain) kept.push_back(saved.id);
  }
  nlohmann::json reasons = nlohmann::json::object();
  for (const auto& [reason, count] : counted)
    reasons[reason] = {{"tensors", count.first}, {"exact_bytes", count.second}};
  const act::Totals& totals = compression.totals();
  return {{"exact_bytes", totals.exact_bytes},
          {"stored_bytes", totals.stored_bytes},
          {"reasons", reasons},
          {"floating_kept", kept}};
}

int run(char** arguments) {
  const auto network = load(arguments[1]);
  const auto batches = read_batches(arguments[2]);
  act::Compression compression({.level = act::level_from_string(arguments[3])});
  torch::manual_seed(std::stoull(arguments[5]));

  std::vector<at::Tensor> trained;
  std::set<const void*> seen;
  for (const auto& [name, tensor] : network->parameters()) {
    compression.own(tensor, act::Reason::Parameter);
    if (tensor.requires_grad() && seen.insert(tensor.unsafeGetTensorImpl()).second) trained.push_back(tensor);
  }
  for (const auto& list : {network->buffers(), network->constants()}) {
    for (const auto& [name, tensor] : list) compression.own(tensor, act::Reason::Buffer);
  }
  torch::optim::SGD optimizer(trained, torch::optim::SGDOptions(std::stod(arguments[4])));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    optimizer.zero_grad();
    compression.batch(batches[i].inputs);
    double loss = 0;
    {
      const auto step = compression.step();
      const at::Tensor value = loss_of(network->forward(batches[i].inputs), batches[i].target);
      loss = value.item<double>();
      value.backward();
    }
    optimizer.step();
    std::cout << nlohmann::json{{"step", i}, {"loss", loss}} << std::endl;
  }
  std::cout << summary(compression) << std::endl;
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    std::cerr << "usage: network_losses SPEC BATCHES.safetensors LEVEL LR SEED\n";
    return 2;
  }
  try {
    return run(arguments);
  } catch (const Error& error) {
    std::cerr << "network_losses: " << error.what() << "\n";
    return error.exit_code();
  }
}
