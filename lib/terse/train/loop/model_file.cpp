#include "terse/train/loop/model_file.hpp"

#include <array>
#include <cstring>

#include "terse/formats/foreign/safetensors.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/train/base/tensor_exchange.hpp"

namespace terse::train {

namespace {

// Whether a file begins with a zstd skippable frame, as an artifact does and a .safetensors file (a length, then "{")
// does not.
bool is_artifact(const std::string& path) {
  const auto source = core::open_source(path);
  std::array<unsigned char, 4> magic{};
  source->read(std::as_writable_bytes(std::span(magic)));
  return (magic[0] & 0xf0) == 0x50 && magic[1] == 0x2a && magic[2] == 0x4d && magic[3] == 0x18;
}

std::vector<formats::Tensor> read_weights(const std::string& path) {
  if (is_artifact(path)) {
    auto model = formats::read_model(core::open_source(path)).content;
    model.parameters.insert(model.parameters.end(), std::make_move_iterator(model.buffers.begin()),
                            std::make_move_iterator(model.buffers.end()));
    return std::move(model.parameters);
  }
  return formats::read_safetensors(*core::open_source(path)).tensors;
}

}  // namespace

void write_trained_model(core::ByteSink& sink, formats::Header header, Trainer& trainer,
                         const formats::Value& metrics) {
  formats::ModelInfo info;
  info.spec = to_string(trainer.made().spec);
  info.data = to_string(trainer.data().spec);
  info.program_digest = trainer.made().program_digest;
  info.classes = trainer.data().classes;
  info.vocabulary = trainer.data().vocabulary;
  info.inputs = trainer.data().inputs;
  info.metrics = metrics;
  const TensorViews parameters(trainer.network().parameters()), buffers(trainer.network().buffers());
  formats::write_model(sink, std::move(header), info, parameters.views(), buffers.views());
}

void initialise_from(Network& network, const std::string& path) {
  const auto weights = read_weights(path);
  const auto present = [&](const std::string& name) {
    return std::any_of(weights.begin(), weights.end(), [&](const auto& tensor) { return tensor.info.name == name; });
  };
  const auto parameters = network.parameters();
  NamedTensors target;
  for (const auto& [name, tensor] : parameters) {
    // PyTorch's save_model writes a tied parameter under one of its names.
    const bool under_another = std::any_of(parameters.begin(), parameters.end(), [&](const auto& other) {
      return other.second.is_same(tensor) && other.first != name && present(other.first);
    });
    if (present(name) || !under_another) target.emplace_back(name, tensor);
  }
  for (auto& buffer : network.buffers()) {
    if (present(buffer.first)) target.push_back(std::move(buffer));
  }
  copy_into(target, weights, path);
}

}  // namespace terse::train
