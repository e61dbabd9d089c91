#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <filesystem>

#include "terse/core/error.hpp"
#include "terse/train/base/network.hpp"

namespace terse::train {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The first tensor in what a module returns: the tensor itself, or the first in a tuple, list or dictionary.
at::Tensor first_tensor(const c10::IValue& value) {
  if (value.isTensor()) return value.toTensor();
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) {
      if (const at::Tensor tensor = first_tensor(element); tensor.defined()) return tensor;
    }
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) {
      if (const at::Tensor tensor = first_tensor(element); tensor.defined()) return tensor;
    }
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      if (const at::Tensor tensor = first_tensor(entry.value()); tensor.defined()) return tensor;
    }
  }
  return {};
}

template <class List>
NamedTensors named(const List& list) {
  NamedTensors tensors;
  for (const auto& one : list) tensors.emplace_back(one.name, one.value);
  return tensors;
}

class TorchScriptNetwork : public Network {
 public:
  TorchScriptNetwork(std::string path, torch::jit::Module module)
      : path_(std::move(path)), module_(std::move(module)) {}

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    try {
      const at::Tensor output = first_tensor(module_.forward({inputs.begin(), inputs.end()}));
      if (!output.defined()) throw Error(Error::BadInput, path_ + ": the module returns no tensor");
      return output;
    } catch (const c10::OutOfMemoryError& error) {
      throw Error(Error::OutOfMemory, path_ + ": " + first_line(error.what_without_backtrace()));
    } catch (const std::runtime_error& error) {
      if (dynamic_cast<const Error*>(&error)) throw;
      throw Error(Error::BadInput, path_ + ": " + last_line(error.what()));
    } catch (const c10::Error& error) {
      throw Error(Error::BadInput, path_ + ": " + first_line(error.what_without_backtrace()));
    }
  }

  NamedTensors parameters() const override { return named(module_.named_parameters()); }
  NamedTensors buffers() const override { return named(module_.named_buffers()); }
  void set_training(bool on) override { module_.train(on); }

 private:
  /// TorchScript puts a traceback in front of the error itself.
  static std::string last_line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

  std::string path_;
  mutable torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Network> load_torchscript(const std::string& path, bool trusted) {
  if (!trusted) {
    throw Error(Error::NotTrusted, path +
                                       ": loading TorchScript can run code of the file; allow it with --trust-model, "
                                       "or use a program saved by torch.export.save, which cannot");
  }
  if (!std::filesystem::exists(path)) throw Error(Error::NoInput, path + ": no such file");
  // Without optimisation and profiling each operator runs, and saves tensors, under its eager name.
  torch::jit::setGraphExecutorOptimize(false);
  torch::jit::getProfilingMode() = false;
  torch::jit::getExecutorMode() = false;
  try {
    return std::make_unique<TorchScriptNetwork>(path, torch::jit::load(path, at::kCPU));
  } catch (const c10::Error& error) {
    throw Error(Error::BadInput, path + ": " + first_line(error.what_without_backtrace()));
  }
}

}  // namespace terse::train
