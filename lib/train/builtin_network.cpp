#include "terse/train/builtin_network.hpp"

namespace terse::train {

namespace {

NamedTensors to_list(const torch::OrderedDict<std::string, at::Tensor>& tensors) {
  NamedTensors list;
  for (const auto& item : tensors) list.emplace_back(item.key(), item.value());
  return list;
}

}  // namespace

NamedTensors BuiltinNetwork::parameters() const { return to_list(model_->named_parameters()); }
NamedTensors BuiltinNetwork::buffers() const { return to_list(model_->named_buffers()); }

}  // namespace terse::train
