#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/formats/kinds/checkpoint.hpp"

namespace terse::relsim {

/// What makes a training run the same: more epochs and another patience do not make it another.
struct RunIdentity {
  std::string model;  ///< what is trained
  std::string optimizer;
  std::string data_digest;  ///< of what it learns from
  std::uint64_t seed = 0;
  formats::Value::Map options;  ///< those that shape it
};

/// @param seed  that of the checkpoint's header
/// @param name  of the artifact, for messages
/// @throws Error::Usage naming what differs where the checkpoint is another run's
void check_same_run(const formats::Checkpoint& checkpoint, std::uint64_t seed, const RunIdentity& run,
                    const std::string& name);

/// The tensor of the name, shaped as `like`. @throws Error::BadInput where there is none that fits
at::Tensor load_tensor(const std::vector<formats::Tensor>& group, const std::string& name, const at::Tensor& like);

}  // namespace terse::relsim
