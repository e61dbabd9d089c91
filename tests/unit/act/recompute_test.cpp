#include "terse/act/packing/recompute.hpp"

#include "networks.hpp"
#include "temporary_folder.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {

using namespace test;
using terse::test::TemporaryFolder;
using terse::test::throws;

namespace {

at::Tensor run_again(const std::function<at::Tensor(const at::Tensor&)>& block, const at::Tensor& x,
                     const std::vector<at::Tensor>& buffers = {}) {
  return recompute([block](const std::vector<at::Tensor>& inputs) { return std::vector{block(inputs[0])}; }, {x},
                   buffers)[0];
}

/// Convolution, batch norm, ReLU and dropout, some times over, each time a block of its own; [n, 8, h, w].
struct BlockNet {
  torch::nn::ModuleList convs, norms;

  explicit BlockNet(int blocks) {
    using namespace torch::nn;
    for (int i = 0; i < blocks; ++i) {
      convs->push_back(Conv2d(Conv2dOptions(8, 8, 3).padding(1)));
      norms->push_back(BatchNorm2d(8));
    }
    initialise(*convs, 1);
    initialise(*norms, 50);
  }

  at::Tensor forward(at::Tensor x, bool again) {
    for (std::size_t i = 0; i < convs->size(); ++i) {
      const ModuleScope scope("block" + std::to_string(i));
      const auto conv = convs->ptr<torch::nn::Conv2dImpl>(i);
      const auto norm = norms->ptr<torch::nn::BatchNorm2dImpl>(i);
      const auto block = [conv, norm](const at::Tensor& input) {
        return at::dropout(norm->forward(conv->forward(input)).relu_(), 0.3, true) + input;
      };
      x = again ? run_again(block, x, norm->buffers()) : block(x);
    }
    return x;
  }

  std::vector<at::Tensor> parameters() const {
    auto all = convs->parameters();
    for (auto& parameter : norms->parameters()) all.push_back(parameter);
    return all;
  }
};

struct Outcome {
  Gradients gradients;
  std::vector<at::Tensor> buffers;
  at::Tensor generator;  // its state afterwards
  std::vector<SavedTensor> saved;
  Totals totals;
};

/// Two steps of a BlockNet; gradients of the input among the others.
Outcome train(const CompressionOptions& options, bool again) {
  torch::manual_seed(11);
  BlockNet net(3);
  Compression compression(options);
  compression.own(*net.convs);
  compression.own(*net.norms);
  Outcome outcome;
  for (std::uint64_t i = 0; i < 2; ++i) {
    at::Tensor x = numbers({4, 8, 12, 12}, 90 + i).requires_grad_();
    const auto step = compression.step();
    net.forward(x, again).square().mean().backward();
    outcome.gradients.push_back(x.grad());
  }
  for (auto& parameter : net.parameters()) outcome.gradients.push_back(parameter.grad());
  outcome.buffers = net.norms->buffers();
  outcome.generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  outcome.saved = compression.saved();
  outcome.totals = compression.totals();
  return outcome;
}

}  // namespace

TEST_CASE("A block that runs twice leaves the same bits in gradients, batch statistics and generator", "[recompute]") {
  const Outcome once = train({.level = Level::L0}, false), twice = train({.level = Level::L0}, true);
  CHECK(identical(twice.gradients, once.gradients));
  CHECK(identical(twice.buffers, once.buffers));
  CHECK(at::equal(twice.generator, once.generator));
  for (const at::Tensor& buffer : once.buffers) {
    if (buffer.dim() == 0) CHECK(buffer.item<std::int64_t>() == 2);
  }
}

TEST_CASE("Nothing of a recomputed block is stored but its input", "[recompute]") {
  const Outcome once = train({.level = Level::L0}, false), twice = train({.level = Level::L0}, true);
  const std::uint64_t input = 4 * 8 * 12 * 12 * sizeof(float);
  CHECK(twice.totals.count_by_reason[static_cast<int>(Reason::Recomputed)] > 0);
  CHECK(twice.totals.stored_bytes == 4 * input);  // three inputs, and what the loss squares
  CHECK(twice.totals.exact_bytes == once.totals.exact_bytes);
}

TEST_CASE("Inside a recomputed block tensors have the ids, the bits and the bytes that they have otherwise",
          "[recompute]") {
  CompressionOptions options{.level = Level::L1};
  const Outcome plain = train(options, false);
  std::string probed;
  for (const auto& saved : plain.saved) {
    if (saved.id == "block1/native_batch_norm#1:input" || saved.op == "aten::native_batch_norm") {
      if (saved.reason == Reason::Quantized && saved.id.starts_with("block1/")) probed = saved.id;
    }
  }
  REQUIRE(!probed.empty());
  options.bits_of[probed] = 8;
  const Outcome once = train(options, false), twice = train(options, true);
  std::map<std::string, const SavedTensor*> by_id;
  for (const auto& saved : twice.saved) CHECK(by_id.emplace(saved.id, &saved).second);
  std::size_t inside = 0;
  for (const auto& saved : once.saved) {
    REQUIRE(by_id.contains(saved.id));
    const SavedTensor& again = *by_id.at(saved.id);
    CHECK(again.shape == saved.shape);
    if (again.reason == Reason::Shared) continue;  // the block's input, which is stored without loss
    CHECK(again.reason == saved.reason);
    CHECK(again.layout.bits == saved.layout.bits);
    inside += saved.reason == Reason::Quantized;
  }
  CHECK(inside >= 2);
  CHECK(by_id.at(probed)->layout.bits == 8);
  CHECK(relative_distance(twice.gradients, plain.gradients) < 0.5);
  CHECK(identical(train(options, true).gradients, twice.gradients));
}

TEST_CASE("A second tier changes no bit of a recomputed block's gradients", "[recompute][swap]") {
  const TemporaryFolder folder;
  const auto level = GENERATE(Level::L0, Level::L1);
  const auto store = open_swap_store({.directory = folder.path().string(), .resident_bytes = 0, .least_bytes = 256});
  CHECK(identical(train({.level = level, .swap = store}, true).gradients, train({.level = level}, true).gradients));
  CHECK(store->figures().swapped_bytes > 0);
}

TEST_CASE("What saves tensors in memory is one block at a time", "[recompute]") {
  install_allocator();
  const auto peak_of = [](int blocks, bool again) {
    torch::manual_seed(3);
    const at::Tensor x = numbers({64, 256}, 5);
    std::vector<at::Tensor> weights;
    for (int i = 0; i < blocks; ++i) weights.push_back(numbers({256}, 6 + i).requires_grad_());
    Compression compression({.level = Level::L0});
    for (const auto& weight : weights) compression.own(weight, Reason::Parameter);
    const auto before = allocator_figures().live_bytes;
    reset_allocator_peak();
    {
      const auto step = compression.step();
      at::Tensor y = x;
      for (const at::Tensor& weight : weights) {
        const auto block = [weight](const at::Tensor& input) {
          at::Tensor z = input * weight;
          for (int k = 0; k < 8; ++k) z = z.tanh();
          return z;
        };
        y = again ? run_again(block, y) : block(y);
      }
      y.sum().backward();
    }
    return (allocator_figures().peak_bytes - before) / (64 * 256 * sizeof(float));
  };
  CHECK(peak_of(10, false) >= 80);
  // Ten inputs, eight tensors of a block, and what an operator and the backward pass have in hand.
  CHECK(peak_of(10, true) <= 10 + 8 + 5);
}

TEST_CASE("A graph that is kept runs its blocks again, and one at a time", "[recompute]") {
  const auto alive = StoredTensor::alive();
  const at::Tensor x = numbers({32, 32}, 1).requires_grad_();
  Compression compression({.level = Level::L0});
  const auto run = [&](bool again) {
    const auto step = compression.step();
    at::Tensor y = x;
    const auto block = [](const at::Tensor& input) { return (input.sin() * input).tanh(); };
    for (int i = 0; i < 3; ++i) y = again ? run_again(block, y) : block(y);
    const at::Tensor loss = y.sum();
    loss.backward({}, /*retain_graph=*/true);
    loss.backward();
    const at::Tensor gradient = x.grad().clone();
    x.mutable_grad().reset();
    return gradient;
  };
  const at::Tensor expected = run(false);
  CHECK(at::equal(run(true), expected));
  CHECK(StoredTensor::alive() == alive);
}

TEST_CASE("A backward pass after the step, and blocks in blocks, give the same gradients", "[recompute]") {
  const at::Tensor x = numbers({32, 32}, 1).requires_grad_();
  Compression compression({.level = Level::L0});
  const auto inner = [](const at::Tensor& input) { return input.sigmoid().square(); };
  const auto outer = [&](const at::Tensor& input) { return run_again(inner, input.tanh()).exp(); };
  at::Tensor expected = outer(x).sum();
  expected.backward();
  expected = x.grad().clone();
  x.mutable_grad().reset();
  at::Tensor loss;
  {
    const auto step = compression.step();
    loss = run_again(outer, x).sum();
  }
  loss.backward();
  CHECK(at::equal(x.grad(), expected));
}

TEST_CASE("Slices of a block's examples give the gradients of the whole, by one slice's working memory",
          "[recompute]") {
  const at::Tensor weight = numbers({16, 64}, 2).requires_grad_(), x = numbers({14, 3, 16}, 1).requires_grad_();
  const at::Tensor mask = numbers({14, 1, 1}, 3), shift = numbers({16}, 4);
  std::size_t runs = 0;
  const BlockFunction block = [&](const std::vector<at::Tensor>& inputs) {
    ++runs;
    CHECK_FALSE(inputs[3].defined());
    const at::Tensor hidden = at::gelu(at::matmul(inputs[0] * inputs[1] + inputs[2], weight));
    return std::vector{hidden, hidden.sum(-1)};
  };
  Compression compression({.level = Level::L0});
  compression.own(weight, Reason::Parameter);
  const auto gradients = [&](std::int64_t slices) {
    const auto step = compression.step();
    const auto results = recompute_in_slices(block, {x, mask, shift, {}}, slices);
    CHECK(results[0].sizes() == at::IntArrayRef{14, 3, 64});
    CHECK(results[1].sizes() == at::IntArrayRef{14, 3});
    (results[0].square().mean() + results[1].mean()).backward();
    const Gradients found{x.grad().clone(), weight.grad().clone()};
    x.mutable_grad().reset();
    weight.mutable_grad().reset();
    return found;
  };
  const auto whole = gradients(1);
  CHECK(runs == 2);
  for (const std::int64_t slices : {3, 14, 100}) {
    runs = 0;
    const auto sliced = gradients(slices);
    CHECK(runs == 2 * static_cast<std::size_t>(std::min<std::int64_t>(slices, 14)));
    CHECK(at::allclose(sliced[0], whole[0], 1e-4, 1e-6));  // a product of fewer rows may sum in another order
    CHECK(at::allclose(sliced[1], whole[1], 1e-4, 1e-6));
  }
  runs = 0;
  const at::NoGradGuard no_graph;
  CHECK(recompute_in_slices(block, {x, mask, shift, {}}, 4)[0].size(0) == 14);
  CHECK(runs == 4);
}

TEST_CASE("A block that does something else the second time is refused", "[recompute]") {
  const at::Tensor x = numbers({32, 32}, 1).requires_grad_();
  Compression compression({.level = Level::L0});
  const auto change = GENERATE(0, 1, 2);
  int runs = 0;
  const auto step = compression.step();
  const at::Tensor loss = run_again(
                              [&](const at::Tensor& input) {
                                at::Tensor y = input.tanh();
                                if (++runs == 2 && change == 0) y = y.exp();
                                if (runs == 2 && change == 1) return input * 1;
                                if (runs == 2 && change == 2) y = y.narrow(0, 0, 16).contiguous();
                                return y.exp();
                              },
                              x)
                              .sum();
  CHECK(throws(Error::Usage, "does not do the same when it runs again", [&] { loss.backward(); }));
}

}  // namespace terse::act
