#include "terse/relsim/kernels/compute_thread.hpp"

#include "terse/act/tensor/torch.hpp"
#include "terse/core/parallel.hpp"

namespace terse::relsim {

void prepare_compute_thread() {
  at::set_num_threads(1);
  at::globalContext().setFlushDenormal(true);
}

void parallel_compute(std::size_t count, std::size_t grain,
                      const std::function<void(std::size_t begin, std::size_t end)>& body) {
  core::parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
    prepare_compute_thread();  // the settings are each thread's own, and parallel_for may use a new one each time
    const c10::InferenceMode guard;
    body(begin, end);
  });
}

}  // namespace terse::relsim
