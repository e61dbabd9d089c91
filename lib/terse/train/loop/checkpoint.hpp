#pragma once

#include <optional>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/lock.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// A folder that holds a run's last checkpoint. While it lives no other process can open it.
class CheckpointFolder {
 public:
  /// Makes the folder where it is missing.
  /// @throws Error::Busy where another run holds it, Error::OutputFailed where it cannot be made
  explicit CheckpointFolder(const std::string& path);
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  /// Replaces the last checkpoint by the trainer's present state; the old one stays until the new one is whole.
  /// @param producer, arguments  for the artifact's header
  void save(Trainer& trainer, const std::string& producer, const std::vector<std::string>& arguments) const;

  /// Puts the trainer where the last checkpoint was taken, so that it goes on bit-identically.
  /// @throws Error::NoInput where there is none
  /// @throws Error::Usage   naming what differs where the run is not the one that was saved: model, data, options,
  ///                        seed or thread count (LibTorch's weight gradients depend on it)
  void restore(Trainer& trainer) const;

  std::string file() const;

 private:
  std::string path_;
  std::optional<core::Lock> lock_;
};

}  // namespace terse::train
