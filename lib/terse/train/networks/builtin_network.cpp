#include "terse/train/networks/builtin_network.hpp"

#include "terse/core/error.hpp"

namespace terse::train {

namespace {

NamedTensors to_list(const torch::OrderedDict<std::string, at::Tensor>& tensors) {
  NamedTensors list;
  for (const auto& item : tensors) list.emplace_back(item.key(), item.value());
  return list;
}

}  // namespace

std::size_t BuiltinNetwork::recompute(const RecomputeChoice& choice) {
  std::size_t count = 0;
  for (PathModule* part : model_->parts()) {
    const bool chosen = choice.is_blocks() ? part->is_block() : choice.block_of(part->path()) == part->path();
    if (chosen && choice.slices() > 1 && !part->keeps_examples_apart()) {
      throw Error(Error::Usage, "recompute-slices: in " + part->path() + " the examples of a batch may meet");
    }
    part->set_recomputed(chosen, choice.slices());
    count += chosen;
  }
  return count;
}

NamedTensors BuiltinNetwork::parameters() const { return to_list(model_->named_parameters()); }
NamedTensors BuiltinNetwork::buffers() const { return to_list(model_->named_buffers()); }

}  // namespace terse::train
