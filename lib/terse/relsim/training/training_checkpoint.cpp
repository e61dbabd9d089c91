#include "terse/relsim/training/training_checkpoint.hpp"

#include <algorithm>
#include <cstring>

#include "terse/core/error.hpp"

namespace terse::relsim {

void check_same_run(const formats::Checkpoint& c, std::uint64_t seed, const RunIdentity& run, const std::string& name) {
  const auto differs = [&](const std::string& what) {
    throw Error(Error::Usage, name + ": the checkpoint is another run's: " + what + " differs");
  };
  if (c.model != run.model) differs("what is trained");
  if (c.data_digest != run.data_digest) differs("what it learns from");
  if (c.optimizer != run.optimizer) differs("--optimizer");
  if (seed != run.seed) differs("--seed");
  for (const auto& [key, value] : run.options) {
    const auto* saved = c.options.find(key);
    if (!saved || *saved != value) differs("the option behind '" + key + "'");
  }
}

at::Tensor load_tensor(const std::vector<formats::Tensor>& group, const std::string& name, const at::Tensor& like) {
  const auto found = std::ranges::find_if(group, [&](const auto& t) { return t.info.name == name; });
  if (found == group.end() || found->info.dtype != core::DType::Float32 ||
      at::IntArrayRef(found->info.shape) != like.sizes()) {
    throw Error(Error::BadInput, "tensor '" + name + "' is missing or does not fit");
  }
  auto tensor = at::empty(like.sizes(), like.options().requires_grad(false));
  std::memcpy(tensor.data_ptr(), found->data.data(), found->data.size());
  return tensor;
}

}  // namespace terse::relsim
