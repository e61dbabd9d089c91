#include "terse/act/packing/hook.hpp"

#include <ATen/SavedTensorHooks.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include <mutex>

#include "terse/act/stored/substitution.hpp"

namespace terse::act {

namespace {

class Hooks final : public torch::autograd::SavedVariableHooks {
 public:
  // At once, on the thread that made them: by the constructor of the saved variable.
  void call_pack_hook(const at::Tensor& tensor) override {
    StepContext& step = StepContext::of_thread();
    const StepTurn turn(step);
    stored_ = step.sink->pack(tensor);
  }

  // On any thread. Runs with gradients on where the graph of the backward pass is wanted: restore() must not add to it.
  at::Tensor call_unpack_hook() override {
    const StepAdoption here(step_);
    return Substitution::of(stored_.get())->restore();
  }

 private:
  std::shared_ptr<StepContext> step_ = StepContext::shared_of_thread();
  std::shared_ptr<StoredTensor> stored_;
};

/// LibTorch's engine with one difference: it knows default hooks in C++ (the Python engine knows them in Python).
class HookingEngine final : public torch::autograd::Engine {
 public:
  ~HookingEngine() override { stop(); }

  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    return StepContext::of_thread().sink ? std::make_unique<Hooks>() : nullptr;
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

SinkScope::SinkScope(PackSink& sink) : sink_(StepContext::of_thread().sink, &sink) { install_once(); }

}  // namespace terse::act
