#include "terse/train/loop/profiler.hpp"

namespace terse::train {

namespace {

std::uint64_t bytes_of(const NamedTensors& tensors) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

}  // namespace

formats::Profile profile(Trainer& trainer, const act::ProfileOptions& options,
                         const std::function<void(std::size_t, std::size_t)>& tick) {
  formats::Profile profile;
  profile.model = to_string(trainer.made().spec);
  profile.data = to_string(trainer.data().spec);
  profile.batch = static_cast<std::uint64_t>(trainer.options().batch);
  profile.parameter_bytes = profile.gradient_bytes = bytes_of(trainer.network().parameters());
  profile.buffer_bytes = bytes_of(trainer.network().buffers());
  profile.optimizer_bytes = bytes_of(trainer.optimizer().state());
  act::profile_step(trainer.compressed().run(), options, profile, tick);
  return profile;
}

}  // namespace terse::train
