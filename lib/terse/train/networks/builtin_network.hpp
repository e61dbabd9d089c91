#pragma once

#include <memory>

#include "terse/train/base/network.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

/// A built-in model as a Network.
class BuiltinNetwork : public Network {
 public:
  explicit BuiltinNetwork(std::shared_ptr<Model> model) : model_(std::move(model)) {}
  at::Tensor forward(const std::vector<at::Tensor>& inputs) override { return model_->forward(inputs); }
  NamedTensors parameters() const override;
  NamedTensors buffers() const override;
  void set_training(bool on) override { model_->train(on); }
  std::size_t recompute(const RecomputeChoice& choice) override;

 private:
  std::shared_ptr<Model> model_;
};

}  // namespace terse::train
