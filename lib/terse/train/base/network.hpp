#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "terse/act/tensor/named_tensors.hpp"
#include "terse/train/base/recompute_choice.hpp"

namespace terse::train {

using act::NamedTensors;

/// Anything that can be trained: a built-in model, an exported program or a TorchScript module.
class Network {
 public:
  virtual ~Network() = default;
  /// @param inputs  the data set's input tensors of one batch (images: [n, c, h, w] float32; text: [n, t] int64
  ///                tokens; graph: [v, f] features and [2, e] int64 edges)
  /// @return        logits [n, classes] float32; with a label a pixel [n, classes, h, w]
  virtual at::Tensor forward(const std::vector<at::Tensor>& inputs) = 0;
  /// Parameters and buffers under PyTorch's names ("layer1.0.conv1.weight"), in PyTorch's order. The tensors are the
  /// network's own: writing into them changes it. A tied parameter appears under each of its names, as in PyTorch's
  /// state dict: who steps over parameters() skips tensors that it has seen (`is_same`).
  virtual NamedTensors parameters() const = 0;
  virtual NamedTensors buffers() const = 0;
  /// Tensors that live as long as the network and are no part of its state dict: non-persistent buffers, constants.
  virtual NamedTensors constants() const { return {}; }
  /// Rows that every forward pass has to be given; nullopt: any number.
  virtual std::optional<std::int64_t> fixed_batch() const { return std::nullopt; }
  /// Training mode (batch statistics, dropout) on or off.
  virtual void set_training(bool on) = 0;
  /// Has these parts run again in the backward pass, from the next forward pass on. @return how many there are
  /// @throws Error::Usage for slices of a part that mixes the examples of a batch, or that is not known not to
  virtual std::size_t recompute(const RecomputeChoice&) { return 0; }
};

/// A program saved by `torch.export.save` (.pt2), read as data and interpreted: nothing in the file is executed but
/// ATen operators of an allow-list. @throws Error::BadInput naming the operator or the record that is unsupported
std::unique_ptr<Network> load_exported_program(const std::string& path);

/// A TorchScript module. Loading may run code of the file.
/// @throws Error::NotTrusted unless `trusted`
std::unique_ptr<Network> load_torchscript(const std::string& path, bool trusted);

}  // namespace terse::train
