// What 10,000 steps leave behind: nothing, counted in stored tensors, in bytes of tensors and in bytes of the heap.
#include <malloc.h>

#include "networks.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

constexpr int kSteps = 10'000, kWarmUp = 400;

/// The ways in which a graph can end: used once, used twice, dropped, differentiated again.
void use(const at::Tensor& loss, const std::vector<at::Tensor>& parameters, int way) {
  switch (way % 4) {
    case 0:
      loss.backward();
      break;
    case 1:
      loss.backward({}, true);
      loss.backward();
      break;
    case 2:
      break;
    case 3: {
      const auto first = torch::autograd::grad({loss}, {parameters[0]}, {}, true, true)[0];
      first.pow(2).sum().backward();
    }
  }
}

struct Figures {
  std::int64_t stored_tensors;
  std::uint64_t tensor_bytes;
  std::size_t heap_bytes;

  static Figures now() { return {StoredTensor::alive(), allocator_figures().live_bytes, mallinfo2().uordblks}; }
};

}  // namespace

TEST_CASE("10,000 steps of every kind leak nothing", "[compression][leak]") {
  using namespace torch::nn;
  install_allocator();
  // ReLU's result is saved by its signs and, with its zeros apart, for the layer that follows; the wide batch makes
  // tensors above 1 MiB, which the allocator maps by itself.
  Sequential net(Linear(16, 24), ReLU(), Linear(24, 4), Sigmoid());
  initialise(*net, 12);
  const at::Tensor narrow = numbers({32, 16}, 13), wide = numbers({16384, 16}, 14);
  CompressionOptions options;
  options.small_bytes = 64;
  Compression compression(options);
  compression.own(*net);
  // Tensors this small are done before a second thread has woken up.
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  Figures before{};
  for (int i = 0; i < kSteps; ++i) {
    net->zero_grad();
    if (i == kWarmUp) before = Figures::now();
    const at::Tensor& x = i % 100 < 4 ? wide : narrow;
    compression.batch({x});
    const auto step = compression.step();
    use(net->forward(x).pow(2).sum(), net->parameters(), i);
  }
  at::set_num_threads(threads);
  CHECK(record(compression, "addmm#2:mat1").layout.codec == quant::Codec::Sparse);
  net->zero_grad();
  const Figures after = Figures::now();
  CHECK(after.stored_tensors == before.stored_tensors);
  CHECK(after.tensor_bytes == before.tensor_bytes);
  // Buffers that grew to their largest size may stay; a single lost byte a step would be 9,600.
  CHECK(after.heap_bytes <= before.heap_bytes + 8192);
}

}  // namespace terse::act
