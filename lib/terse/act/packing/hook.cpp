#include "terse/act/packing/hook.hpp"

#include <ATen/SavedTensorHooks.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include <mutex>

#include "terse/act/stored/substitution.hpp"

namespace terse::act {

namespace {

thread_local PackSink* sink_of_thread = nullptr;

class Hooks final : public torch::autograd::SavedVariableHooks {
 public:
  explicit Hooks(PackSink* sink) : sink_(sink) {}

  void call_pack_hook(const at::Tensor& tensor) override { stored_ = sink_->pack(tensor); }

  // Runs with gradients on where the graph of the backward pass is wanted: restore() must not add to it.
  at::Tensor call_unpack_hook() override { return Substitution::of(stored_.get())->restore(); }

 private:
  PackSink* sink_;  // used at once, by the constructor of the saved variable; may be gone later
  std::shared_ptr<StoredTensor> stored_;
};

/// LibTorch's engine with one difference: it knows default hooks in C++ (the Python engine knows them in Python).
class HookingEngine final : public torch::autograd::Engine {
 public:
  ~HookingEngine() override { stop(); }

  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    return sink_of_thread ? std::make_unique<Hooks>(sink_of_thread) : nullptr;
  }
};

torch::autograd::Engine& hooking_engine() {
  static HookingEngine engine;
  return engine;
}

void install_once() {
  static std::once_flag installed;
  std::call_once(installed, [] {
    torch::autograd::set_default_engine_stub(&hooking_engine);
    at::SavedTensorDefaultHooks::lazy_initialize();
  });
}

}  // namespace

void set_thread_sink(PackSink* sink) {
  if (sink) install_once();
  sink_of_thread = sink;
}

PackSink* thread_sink() { return sink_of_thread; }

}  // namespace terse::act
