#include "terse/learn/training_loop.hpp"

#include "terse/core/error.hpp"

namespace terse::learn {

std::size_t TrainingLoop::recompute(bool) { return 0; }

act::Pass TrainingLoop::batch(std::uint64_t) { throw Error(Error::Internal, "this training loop has no profile"); }

void TrainingLoop::run_step(const std::function<void()>&) {
  throw Error(Error::Internal, "this training loop has no profile");
}

}  // namespace terse::learn
