#pragma once

#include <memory>
#include <string>
#include <utility>

#include "terse/act/compression.hpp"
#include "terse/act/torch.hpp"

namespace terse::train {

/// A sub-module that knows its path, so that what it saves for backward is named after it.
template <class Impl>
class Child {
 public:
  Child() = default;
  Child(std::shared_ptr<Impl> module, std::string path) : module_(std::move(module)), path_(std::move(path)) {}

  template <class... Arguments>
  at::Tensor operator()(Arguments&&... arguments) const {
    act::ModuleScope scope(path_);
    return module_->forward(std::forward<Arguments>(arguments)...);
  }
  Impl* operator->() const { return module_.get(); }
  explicit operator bool() const { return module_ != nullptr; }

 private:
  std::shared_ptr<Impl> module_;
  std::string path_;
};

/// Base of the built-in models' modules. The names given to add() are PyTorch's, so parameters have the names that
/// a state_dict has ("layer1.0.conv1.weight").
class PathModule : public torch::nn::Module {
 public:
  explicit PathModule(std::string path = {}) : path_(std::move(path)) {}

  std::string child_path(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  const std::string& path() const { return path_; }

  /// Registers an existing module, one of LibTorch's, under `name`.
  template <class Impl>
  Child<Impl> add(const std::string& name, std::shared_ptr<Impl> module) {
    return {register_module(name, std::move(module)), child_path(name)};
  }
  /// Makes and registers one of LibTorch's modules: make<torch::nn::LinearImpl>("fc", 512, 10).
  template <class Impl, class... Arguments>
  Child<Impl> make(const std::string& name, Arguments&&... arguments) {
    return add(name, std::make_shared<Impl>(std::forward<Arguments>(arguments)...));
  }
  /// Makes and registers a PathModule, which takes its path first.
  template <class Impl, class... Arguments>
  Child<Impl> nest(const std::string& name, Arguments&&... arguments) {
    return add(name, std::make_shared<Impl>(child_path(name), std::forward<Arguments>(arguments)...));
  }

 private:
  std::string path_;
};

/// A module that only groups others under a name ("layer1", "features").
using ModuleGroup = PathModule;

/// A model of one forward pass over a batch's input tensors.
class Model : public PathModule {
 public:
  virtual at::Tensor forward(const std::vector<at::Tensor>& inputs) = 0;
};

}  // namespace terse::train
