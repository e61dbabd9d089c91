#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// A trained model: what is needed to build it again, and its weights (model.md).
struct ModelInfo {
  std::string spec;                     ///< model SPEC: "resnet18:classes=10", "export:net.pt2"
  std::string data;                     ///< data SPEC it was trained on
  std::string program_digest;           ///< export: and script: models: digest of the program file; else empty
  std::vector<std::string> classes;     ///< class names in the order of the logits; may be empty
  std::vector<std::string> vocabulary;  ///< text models: token of each id; else empty
  Value inputs = Value::Map{};          ///< what the model expects of its inputs: shapes, normalisation, lengths
  Value metrics = Value::Map{};         ///< the last line of the training metrics
};

struct Model : ModelInfo {
  std::vector<Tensor> parameters;  ///< under PyTorch's names ("layer1.0.conv1.weight"), in PyTorch's order
  std::vector<Tensor> buffers;
};

/// Streams a model to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_model(core::ByteSink& sink, Header header, const ModelInfo& info,
                        std::span<const TensorView> parameters, std::span<const TensorView> buffers);
std::string write_model(core::ByteSink& sink, Header header, const Model& model);

/// @throws Error::BadInput where the source is not a sound model artifact
Loaded<Model> read_model(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
