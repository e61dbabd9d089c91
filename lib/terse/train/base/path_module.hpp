#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "terse/act/packing/recompute.hpp"
#include "terse/act/tensor/module_scope.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::train {

class PathModule;

/// A sub-module that knows its path, so that what it saves for backward is named after it.
template <class Impl>
class Child {
 public:
  Child() = default;
  Child(std::shared_ptr<Impl> module, std::string path) : module_(std::move(module)), path_(std::move(path)) {}

  template <class... Arguments>
  at::Tensor operator()(Arguments&&... arguments) const {
    act::ModuleScope scope(path_);
    if constexpr (std::is_base_of_v<PathModule, Impl>) {
      if (module_->is_recomputed()) {
        return run_twice({arguments...}, std::index_sequence_for<Arguments...>());
      }
    }
    return module_->forward(std::forward<Arguments>(arguments)...);
  }
  Impl* operator->() const { return module_.get(); }
  explicit operator bool() const { return module_ != nullptr; }

 private:
  template <std::size_t... Places>
  at::Tensor run_twice(std::vector<at::Tensor> inputs, std::index_sequence<Places...>) const {
    const auto block = [module = module_](const std::vector<at::Tensor>& again) {
      return std::vector{module->forward(again[Places]...)};
    };
    if (module_->slices() > 1) return act::recompute_in_slices(block, inputs, module_->slices())[0];
    return act::recompute(block, std::move(inputs), module_->buffers())[0];
  }

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

  /// A block of its model: one of the like parts that most of it is made of, and that "recompute blocks" means.
  bool is_block() const { return is_block_; }
  /// Whether it runs once more in the backward pass. For modules of tensors alone, with one tensor as result.
  bool is_recomputed() const { return is_recomputed_; }
  /// @param slices  of the batch, one after the other
  void set_recomputed(bool on, int slices = 1) {
    is_recomputed_ = on;
    slices_ = slices;
  }
  int slices() const { return slices_; }
  /// Whether an example's result depends on no other example of the batch.
  virtual bool keeps_examples_apart() const { return false; }
  void set_block() { is_block_ = true; }

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

  /// The same for a block.
  template <class Impl, class... Arguments>
  Child<Impl> nest_block(const std::string& name, Arguments&&... arguments) {
    auto child = nest<Impl>(name, std::forward<Arguments>(arguments)...);
    child->set_block();
    return child;
  }

 private:
  std::string path_;
  bool is_block_ = false, is_recomputed_ = false;
  int slices_ = 1;
};

/// A module that only groups others under a name ("layer1", "features").
using ModuleGroup = PathModule;

/// A model of one forward pass over a batch's input tensors.
class Model : public PathModule {
 public:
  virtual at::Tensor forward(const std::vector<at::Tensor>& inputs) = 0;
  /// Its parts that can be recomputed, blocks and others.
  virtual std::vector<PathModule*> parts();
};

}  // namespace terse::train
