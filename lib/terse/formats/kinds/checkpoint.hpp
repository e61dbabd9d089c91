#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"
#include "terse/formats/kinds/policy.hpp"

namespace terse::formats {

/// Where a training run stands: with the tensors, all that a bit-identical continuation needs (checkpoint.md).
/// The seed is in the header.
struct CheckpointInfo {
  std::string model;                     ///< model SPEC
  std::string program_digest;            ///< export: and script: models: digest of the program file
  std::string data;                      ///< data SPEC
  std::string data_digest;               ///< of the data set's content; a resumed run refuses other data
  std::uint64_t step = 0;                ///< optimizer steps done
  std::uint64_t epoch = 0;               ///< epochs completed
  std::uint64_t position = 0;            ///< batches of the current epoch already used
  std::string optimizer;                 ///< "sgd", "adam", "adamw"
  Value hyperparameters = Value::Map{};  ///< of the optimizer: lr, momentum, betas, weight_decay, …
  std::string scheduler;                 ///< "constant", "cosine", "step"
  Value scheduler_state = Value::Map{};
  Value compression = Value::Map{};     ///< as asked for: level, bits, bits by tensor id
  std::uint64_t threads = 1;            ///< LibTorch's thread count: its weight gradients depend on it
  Value options = Value::Map{};         ///< the command's options that shape the run
  Value metrics = Value::Map{};         ///< so far: best value and its step, running sums
  Value adaptation = Value::Map{};      ///< of bits: probes' account, pending measurements; empty where there is none
  std::vector<PolicyTensor> precision;  ///< bits and sensitivities so far, in order of saving
};

struct Checkpoint : CheckpointInfo {
  std::vector<Tensor> parameters;  ///< under PyTorch's names, in PyTorch's order
  std::vector<Tensor> buffers;
  std::vector<Tensor> optimizer_state;  ///< "PARAMETER/STATE": "conv1.weight/exp_avg"; any dtype, any shape
  Tensor generator;                     ///< uint8 [n], state of LibTorch's default CPU generator; may be [0]
};

/// The tensors of a checkpoint as views, so that they are written without a copy.
struct CheckpointTensors {
  std::span<const TensorView> parameters, buffers, optimizer_state;
  std::span<const std::byte> generator;
};

/// Streams a checkpoint to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_checkpoint(core::ByteSink& sink, Header header, const CheckpointInfo& info,
                             const CheckpointTensors& tensors);
std::string write_checkpoint(core::ByteSink& sink, Header header, const Checkpoint& checkpoint);

/// @throws Error::BadInput where the source is not a sound checkpoint artifact
Loaded<Checkpoint> read_checkpoint(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
