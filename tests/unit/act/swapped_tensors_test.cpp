// Training with a second tier: the same gradients, bit for bit, in less memory.
#include "networks.hpp"
#include "temporary_folder.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {

using namespace test;
using terse::test::TemporaryFolder;
using terse::test::throws;

namespace {

std::shared_ptr<SwapStore> open_store(const TemporaryFolder& folder, std::uint64_t resident_bytes) {
  return open_swap_store({.directory = folder.path().string(), .resident_bytes = resident_bytes, .least_bytes = 256});
}

Gradients gradients_under(CompressionOptions options, int steps) {
  torch::nn::Sequential net = convolution_net(3);
  Compression compression(std::move(options));
  compression.own(*net);
  const at::Tensor x = numbers({8, 3, 16, 16}, 5);
  compression.batch({x});
  Gradients all;
  for (int i = 0; i < steps; ++i) {
    const auto step = compression.step();
    for (auto& gradient : gradients(net, x)) all.push_back(std::move(gradient));
  }
  return all;
}

}  // namespace

TEST_CASE("A second tier changes no bit of a gradient", "[swap]") {
  const TemporaryFolder folder;
  const auto level = GENERATE(Level::L0, Level::L1, Level::L1_2);
  const auto resident = GENERATE(std::uint64_t{0}, std::uint64_t{20'000}, std::uint64_t{1} << 30);
  const auto store = open_store(folder, resident);
  CHECK(identical(gradients_under({.level = level, .swap = store}, 3), gradients_under({.level = level}, 3)));
  CHECK(store->figures().swapped_bytes > 0);
}

TEST_CASE("What is swapped leaves the tensors' memory", "[swap]") {
  install_allocator();
  const TemporaryFolder folder;
  const auto store = open_store(folder, 1 << 16);
  const auto level = GENERATE(Level::L0, Level::L1);
  const at::Tensor x = numbers({64, 256}, 1).requires_grad_();
  const auto live_after_forward = [&](const std::shared_ptr<SwapStore>& swap) {
    Compression compression({.level = level, .swap = swap});
    const auto before = allocator_figures().live_bytes;
    const auto step = compression.step();
    at::Tensor y = x;
    for (int i = 0; i < 120; ++i) y = y.tanh();
    return allocator_figures().live_bytes - before;
  };
  const auto kept = live_after_forward(nullptr), swapped = live_after_forward(store);
  CHECK(swapped < kept / 4);
}

TEST_CASE("A tensor that was changed in place is refused with a second tier as without", "[swap]") {
  const TemporaryFolder folder;
  const auto store = open_store(folder, 0);
  Compression compression({.level = Level::L0, .swap = store});
  const at::Tensor x = numbers({100, 100}, 1).requires_grad_();
  const auto step = compression.step();
  at::Tensor y = x.sigmoid();
  const at::Tensor loss = y.sum();
  y.detach().add_(1);
  CHECK(throws(Error::Usage, "was modified in place before its backward pass", [&] { loss.backward(); }));
}

TEST_CASE("Views of one memory are swapped once, and a graph may run twice", "[swap]") {
  const TemporaryFolder folder;
  const auto store = open_store(folder, 0);
  const at::Tensor x = numbers({100, 100}, 1).requires_grad_();
  const auto run = [&](Compression& compression) {
    const auto step = compression.step();
    const at::Tensor y = x * 2;
    const at::Tensor loss = (y.slice(0, 10, 60).t().square().sum() + y.view({-1}).pow(3).sum() + y.exp().sum());
    loss.backward({}, /*retain_graph=*/true);
    loss.backward();
    const at::Tensor gradient = x.grad().clone();
    x.mutable_grad().reset();
    return gradient;
  };
  Compression plain({.level = Level::L0}), swapping({.level = Level::L0, .swap = store});
  const at::Tensor expected = run(plain);
  CHECK(at::equal(run(swapping), expected));
  CHECK(store->figures().swapped_bytes == 2 * x.nbytes());  // y and its exponential
}

}  // namespace terse::act
