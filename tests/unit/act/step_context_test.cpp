// A step's state belongs to the step: forward and backward on different threads, guards that nest.
#include "terse/act/tensor/step_context.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "networks.hpp"
#include "terse/act/operators/operator_tracker.hpp"
#include "terse/act/packing/hook.hpp"
#include "terse/act/packing/recompute.hpp"
#include "terse/act/probing/adaptation.hpp"
#include "terse/act/probing/gradient_probe.hpp"
#include "terse/act/probing/node_gradients.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse/core/parallel.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {

using namespace test;
using terse::test::throws;

namespace {

using Work = std::function<void()>;
using Runner = std::function<void(const Work&)>;

void run_here(const Work& work) { work(); }

void run_elsewhere(const Work& work) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

/// While it lives, operators and codecs run on one thread each: teams of threads that meet would make the tests slow.
struct OneThreadEach {
  OneThreadEach() {
    at::set_num_threads(1);
    core::set_threads(1);
  }
  ~OneThreadEach() {
    at::set_num_threads(before);
    core::set_threads(0);
  }
  const int before = at::get_num_threads();
};

/// Blocks of layer norm, linear layers, GELU and dropout, after a convolution with batch norm and ReLU: shared and
/// derived tensors, signs, integers. [n, 2, 8, 8] → [n, 10].
struct BlocksNet {
  torch::nn::Sequential stem;
  torch::nn::ModuleList norms, wide, narrow;
  torch::nn::Linear head{64, 10};

  BlocksNet() {
    using namespace torch::nn;
    stem = Sequential(Conv2d(Conv2dOptions(2, 16, 3).padding(1)), BatchNorm2d(16), ReLU(), MaxPool2d(2), Flatten(),
                      Linear(256, 64));
    for (int i = 0; i < 3; ++i) {
      norms->push_back(LayerNorm(LayerNormOptions({64})));
      wide->push_back(Linear(64, 96));
      narrow->push_back(Linear(96, 64));
    }
    std::uint64_t seed = 0;
    for (const auto& module : modules()) initialise(*module, seed += 20);
  }

  std::vector<std::shared_ptr<torch::nn::Module>> modules() const {
    return {stem.ptr(), norms.ptr(), wide.ptr(), narrow.ptr(), head.ptr()};
  }

  NamedTensors parameters() const {
    NamedTensors all;
    for (const auto& module : modules()) {
      for (auto& parameter : module->parameters()) all.emplace_back(std::to_string(all.size()), parameter);
    }
    return all;
  }

  at::Tensor forward(const at::Tensor& x, bool again) {
    at::Tensor y = stem->forward(x);
    for (std::size_t i = 0; i < norms->size(); ++i) {
      const ModuleScope scope("block" + std::to_string(i));
      const BlockFunction block =
          [norm = norms->ptr<torch::nn::LayerNormImpl>(i), up = wide->ptr<torch::nn::LinearImpl>(i),
           down = narrow->ptr<torch::nn::LinearImpl>(i)](const std::vector<at::Tensor>& inputs) {
            const at::Tensor hidden = at::gelu(up->forward(norm->forward(inputs[0])));
            return std::vector{at::dropout(down->forward(hidden), 0.3, true) + inputs[0]};
          };
      y = again ? recompute(block, {y})[0] : block({y})[0];
    }
    return head->forward(y);
  }

  static at::Tensor loss_of(const at::Tensor& output) {
    return torch::nn::functional::cross_entropy(output, at::arange(output.size(0), at::kLong).remainder(10));
  }
};

struct StepCase {
  Level level = Level::L0;
  bool mixed_bits = false;  // set_bits: 1, 2, 4, 8 and 32 by turns
  bool again = false;       // recompute
  bool probes = false;
};

struct StepOutcome {
  Gradients gradients;
  std::vector<SavedTensor> saved;
  Totals totals;
  std::map<std::string, ProbeResult> probed;
  std::map<std::string, GradientStrength> strengths;
  at::Tensor generator;
};

/// Two steps; the outcome of the second. @param backward  runs its backward pass
StepOutcome train_blocks(const StepCase& how, const Runner& backward) {
  torch::manual_seed(7);
  BlocksNet net;
  const at::Tensor x = numbers({40, 2, 8, 8}, 300);
  Compression compression({.level = how.level, .seed = 5, .small_bytes = 256});
  for (const auto& module : net.modules()) compression.own(*module);
  compression.batch({x});
  StepOutcome outcome;
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : net.parameters()) parameters.push_back(parameter);
  for (int i = 0; i < 2; ++i) {
    if (i == 1 && how.mixed_bits) {
      const int choices[] = {1, 2, 4, 8, 32};
      std::map<std::string, int> bits;
      for (const auto& saved : compression.saved()) {
        if (saved.reason == Reason::Quantized) bits.emplace(saved.id, choices[bits.size() % 5]);
      }
      compression.set_bits(bits);
    }
    if (i == 1 && how.probes) {
      std::set<std::string> ids;
      for (const auto& saved : compression.saved()) ids.insert(saved.id);
      compression.probe(ids);
    }
    const auto step = compression.step();
    const at::Tensor loss = BlocksNet::loss_of(net.forward(x, how.again));
    GradientProbe probe(parameters, [&](const ProbeResult& result) { outcome.probed[result.id] = result; });
    const auto watched = NodeGradients::watch(loss, compression.saved(), {});
    probe.attach(loss, compression.take_probes());
    backward([&] { loss.backward(); });
    outcome.strengths = watched->strengths();
  }
  for (const at::Tensor& parameter : parameters) outcome.gradients.push_back(parameter.grad());
  outcome.saved = compression.saved();
  outcome.totals = compression.totals();
  outcome.generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  return outcome;
}

void check_same(const SavedTensor& a, const SavedTensor& b) {
  INFO(a.id);
  CHECK(a.id == b.id);
  CHECK(a.op == b.op);
  CHECK(a.role == b.role);
  CHECK(a.dtype == b.dtype);
  CHECK(a.shape == b.shape);
  CHECK(a.reason == b.reason);
  CHECK(a.shared_with == b.shared_with);
  CHECK(a.layout.codec == b.layout.codec);
  CHECK(a.layout.bits == b.layout.bits);
  CHECK(a.layout.count == b.layout.count);
  CHECK(a.strides == b.strides);
  CHECK(a.exact_bytes == b.exact_bytes);
  CHECK(a.stored_bytes == b.stored_bytes);
  CHECK(a.shared_bytes == b.shared_bytes);
}

void check_same(const StepOutcome& a, const StepOutcome& b) {
  CHECK(identical(a.gradients, b.gradients));
  CHECK(at::equal(a.generator, b.generator));
  CHECK(a.totals.tensors == b.totals.tensors);
  CHECK(a.totals.exact_bytes == b.totals.exact_bytes);
  CHECK(a.totals.stored_bytes == b.totals.stored_bytes);
  CHECK(std::ranges::equal(a.totals.bytes_by_reason, b.totals.bytes_by_reason));
  CHECK(std::ranges::equal(a.totals.count_by_reason, b.totals.count_by_reason));
  REQUIRE(a.saved.size() == b.saved.size());
  for (std::size_t i = 0; i < a.saved.size(); ++i) check_same(a.saved[i], b.saved[i]);
  REQUIRE(a.probed.size() == b.probed.size());
  for (const auto& [id, result] : a.probed) {
    INFO(id);
    REQUIRE(b.probed.contains(id));
    CHECK(result.sensitivity == b.probed.at(id).sensitivity);
    CHECK(result.passed == b.probed.at(id).passed);
    CHECK(result.reach == b.probed.at(id).reach);
  }
  REQUIRE(a.strengths.size() == b.strengths.size());
  for (const auto& [id, strength] : a.strengths) {
    CHECK(strength.arriving == b.strengths.at(id).arriving);
    CHECK(strength.passing == b.strengths.at(id).passing);
  }
}

std::size_t count_of(const StepOutcome& outcome, Reason reason) {
  return outcome.totals.count_by_reason[static_cast<std::size_t>(reason)];
}

}  // namespace

TEST_CASE("a backward pass on another thread leaves the same gradients and books", "[threads]") {
  const StepCase how = GENERATE(StepCase{Level::L0}, StepCase{Level::L1}, StepCase{Level::L2_2},
                                StepCase{Level::L2_2, true}, StepCase{.level = Level::L0, .again = true},
                                StepCase{.level = Level::L1, .again = true}, StepCase{Level::L2_2, true, true},
                                StepCase{.level = Level::L1, .probes = true}, StepCase{Level::L2_2, true, false, true},
                                StepCase{Level::L1, false, true, true}, StepCase{Level::L2_2, true, true, true});
  const OneThreadEach threads;
  const auto alive = StoredTensor::alive();
  const StepOutcome expected = train_blocks(how, run_here);
  if (how.level == Level::L1 && !how.again) CHECK(count_of(expected, Reason::Derived) > 0);
  if (how.probes) CHECK(expected.probed.size() > 1);
  check_same(train_blocks(how, run_elsewhere), expected);
  SECTION("and so does a forward pass on a fresh thread, whose graph has the numbers of the backward thread's") {
    StepOutcome found;
    run_elsewhere([&] { found = train_blocks(how, run_elsewhere); });
    check_same(found, expected);
  }
  CHECK(StoredTensor::alive() == alive);
}

TEST_CASE("a recomputed block is stored in its bits, whatever thread runs it again", "[threads]") {
  const StepOutcome found = train_blocks({.level = Level::L1, .again = true}, run_elsewhere);
  std::size_t rounded = 0;
  for (const auto& saved : found.saved) {
    if (saved.id.starts_with("block1/") && saved.reason == Reason::Quantized) ++rounded;
  }
  CHECK(rounded >= 1);
  CHECK(count_of(found, Reason::Recomputed) > 0);  // counted as it was when forward ran
}

TEST_CASE("bits adapt alike where backward passes run on another thread", "[threads]") {
  const OneThreadEach threads;
  const auto run = [](const Runner& backward) {
    torch::manual_seed(7);
    BlocksNet net;
    const at::Tensor x = numbers({40, 2, 8, 8}, 300);
    Compression compression({.level = Level::L2_2, .seed = 5, .small_bytes = 256});
    for (const auto& module : net.modules()) compression.own(*module);
    compression.batch({x});
    Adaptation adaptation({.default_bits = 2, .every = 3, .seed = 5});
    const NamedTensors parameters = net.parameters();
    std::vector<AdaptationFigures> figures;
    for (std::uint64_t i = 1; i <= 8; ++i) {
      adaptation.begin_step(i, parameters, compression, [&](std::uint32_t index) {
        const auto step = compression.step(index);
        const at::Tensor loss = BlocksNet::loss_of(net.forward(x, false));
        backward([&] { loss.backward(); });
      });
      for (const auto& [name, parameter] : parameters) at::Tensor(parameter).mutable_grad().reset();
      const auto step = compression.step(static_cast<std::uint32_t>(i));
      const at::Tensor output = net.forward(x, i % 2 == 0), loss = BlocksNet::loss_of(output);
      adaptation.before_backward(output, loss, parameters, compression);
      backward([&] { loss.backward(); });
      figures.push_back(adaptation.end_step(i, parameters, compression));
    }
    return std::pair(figures, adaptation.table().bits());
  };
  const auto [expected, bits] = run(run_here);
  const auto [found, other_bits] = run(run_elsewhere);
  std::uint64_t probed = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    probed += expected[i].probed;
    CHECK(found[i].probed == expected[i].probed);
    CHECK(found[i].spent == expected[i].spent);
    CHECK(found[i].average_bits == expected[i].average_bits);
    CHECK(found[i].chose == expected[i].chose);
    CHECK(found[i].variance.has_value() == expected[i].variance.has_value());
    if (found[i].variance) CHECK(found[i].variance->measured == expected[i].variance->measured);
  }
  CHECK(probed > 0);
  CHECK_FALSE(bits.empty());
  CHECK(bits == other_bits);
}

TEST_CASE("the graph of an ended step may be run in another step, and elsewhere", "[threads]") {
  const auto backward = GENERATE(Runner(run_here), Runner(run_elsewhere));
  const at::Tensor x = numbers({64, 64}, 1).requires_grad_();
  const auto block = [](const std::vector<at::Tensor>& inputs) {
    return std::vector{at::gelu(inputs[0]).mul(inputs[0])};
  };
  at::Tensor loss = block({block({x})[0]})[0].sum();
  loss.backward();
  const at::Tensor expected = x.grad().clone();
  x.mutable_grad().reset();
  Compression first({.level = Level::L0}), second({.level = Level::L1});
  {
    const auto step = first.step();
    loss = recompute(block, recompute(block, {x}))[0].sum();
  }
  const auto step = second.step();
  const at::Tensor other = at::gelu(x).sum();
  const auto before = second.totals();
  backward([&] { loss.backward(); });
  CHECK(at::equal(x.grad(), expected));
  CHECK(second.totals().tensors == before.tensors);
  CHECK(at::gelu(other * 1.0).requires_grad());
  CHECK(second.saved().back().id == "gelu#2:self");
}

TEST_CASE("a step may end on another thread, and its own then begins the next", "[threads]") {
  const at::Tensor x = numbers({64, 64}, 1).requires_grad_();
  Compression compression({.level = Level::L1});
  {
    std::optional<Compression::Step> step(compression.step());
    at::gelu(x).sum().backward();
    run_elsewhere([&] { step.reset(); });
  }
  at::gelu(x * 1.0);
  CHECK(compression.saved().size() == 1);  // as it was: no step is under way
  const ModuleScope scope("next");
  const auto step = compression.step();
  at::gelu(x * 1.0).sum().backward();
  CHECK(record(compression, "next/gelu#1:self").reason == Reason::Quantized);
}

TEST_CASE("a step of a thread that is gone ends in another step and leaves that alone", "[threads]") {
  const at::Tensor x = numbers({64, 64}, 1).requires_grad_();
  Compression gone({.level = Level::L1}), present({.level = Level::L1});
  for (int i = 0; i < 4; ++i) {  // later threads lie where earlier ones did
    std::optional<Compression::Step> first;
    run_elsewhere([&] { first.emplace(gone.step()); });
    run_elsewhere([&] {
      const auto step = present.step();
      at::gelu(x * 1.0);
      const auto context = StepContext::shared_of_thread();
      first.reset();
      CHECK(StepContext::shared_of_thread() == context);
      at::gelu(x * 2.0);
      CHECK(present.saved().back().id == "gelu#2:self");
    });
  }
}

TEST_CASE("a step within a step is refused, also on a thread that has adopted one", "[threads]") {
  Compression outer({.level = Level::L1}), inner({.level = Level::L1});
  const auto step = outer.step();
  const auto refused = [&] {
    return throws(Error::Usage, "already under way on this thread", [&] { const auto second = inner.step(); });
  };
  CHECK(refused());
  const auto context = StepContext::shared_of_thread();
  REQUIRE(context);
  run_elsewhere([&] {
    {
      const StepAdoption here(context);
      CHECK(refused());
    }
    const auto second = inner.step();
    CHECK(StepContext::shared_of_thread() != context);
  });
  CHECK(StepContext::shared_of_thread() == context);
}

TEST_CASE("two threads that work on one step at the same time are told", "[threads]") {
  const at::Tensor x = numbers({64, 64}, 1).requires_grad_();
  Compression compression({.level = Level::L1});
  const auto step = compression.step();
  const auto block = [](const std::vector<at::Tensor>& inputs) { return std::vector{at::gelu(inputs[0])}; };
  const at::Tensor loss = recompute(block, {x})[0].sum();
  bool told = false;
  bool is_first = true;
  compression.observe([&](const PackedView&) {  // this thread is saving a tensor
    if (!std::exchange(is_first, false)) return;
    run_elsewhere([&] {
      told =
          throws(Error::Usage, "two threads work on one compression step at the same time", [&] { loss.backward(); });
    });
  });
  at::gelu(x);
  CHECK(told);
  loss.backward();  // the step goes on
  CHECK(x.grad().defined());
}

TEST_CASE("threads have steps of their own at the same time", "[threads]") {
  const StepOutcome expected = train_blocks({.level = Level::L1}, run_here);
  std::vector<std::vector<SavedTensor>> found(3);
  std::vector<std::thread> threads;
  for (auto& saved : found) {
    threads.emplace_back([&saved] {
      BlocksNet net;
      const at::Tensor x = numbers({40, 2, 8, 8}, 300);
      Compression compression({.level = Level::L1, .seed = 5, .small_bytes = 256});
      for (const auto& module : net.modules()) compression.own(*module);
      compression.batch({x});
      const auto step = compression.step();
      BlocksNet::loss_of(net.forward(x, false)).backward();
      saved = compression.saved();
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& saved : found) {
    REQUIRE(saved.size() == expected.saved.size());
    for (std::size_t i = 0; i < saved.size(); ++i) CHECK(saved[i].id == expected.saved[i].id);
  }
}

namespace {

class Keeping final : public PackSink {
 public:
  std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) override {
    return std::make_shared<KeptTensor>(tensor, "tensor");
  }
};

}  // namespace

TEST_CASE("each guard puts back what it found", "[threads]") {
  StepContext& outside = StepContext::of_thread();
  const auto check_nested = [](StepContext& step) {
    SECTION("sinks") {
      PackSink* const before = step.sink;
      Keeping first, second;
      {
        const SinkScope outer(first);
        {
          const SinkScope inner(second);
          CHECK(step.sink == &second);
        }
        CHECK(step.sink == &first);
      }
      CHECK(step.sink == before);
    }
    SECTION("scopes") {
      const ModuleScope outer("a");
      {
        const ModuleScope inner("b");
        CHECK(step.scope == "b");
      }
      CHECK(step.scope == "a");
    }
    SECTION("trackers") {
      OperatorTracker* const before = step.operators;
      {
        OperatorTracker outer;
        outer.count("x");
        {
          OperatorTracker inner(outer.position().occurrences);
          CHECK(step.operators == &inner);
          CHECK(inner.count("x") == 2);
        }
        CHECK(step.operators == &outer);
        CHECK(outer.count("x") == 2);
        CHECK(step.followed_thread == this_thread());
      }
      CHECK(step.operators == before);
    }
    SECTION("substitutions") {
      const std::vector<ProbeForms> first, second;
      {
        const Substitution outer(first);
        {
          const Substitution inner(second);
          CHECK(step.substituted == &second);
        }
        CHECK(step.substituted == &first);
      }
      CHECK_FALSE(Substitution::active());
    }
    SECTION("turns") {
      const auto is_refused_elsewhere = [&] {
        bool refused = false;
        run_elsewhere([&] { refused = throws(Error::Usage, "two threads", [&] { const StepTurn turn(step); }); });
        return refused;
      };
      {
        const StepTurn outer(step);
        { const StepTurn inner(step); }
        CHECK(is_refused_elsewhere());
      }
      CHECK_FALSE(is_refused_elsewhere());
    }
    SECTION("adoptions") {
      StepContext* const before = &StepContext::of_thread();
      const auto first = std::make_shared<StepContext>(), second = std::make_shared<StepContext>();
      {
        const StepAdoption outer(first);
        {
          const StepAdoption inner(second);
          CHECK(&StepContext::of_thread() == second.get());
          const StepAdoption none(nullptr);
          CHECK(&StepContext::of_thread() == second.get());
        }
        CHECK(&StepContext::of_thread() == first.get());
      }
      CHECK(&StepContext::of_thread() == before);
    }
  };
  SECTION("outside of steps") { check_nested(outside); }
  SECTION("in a step") {
    Compression compression({.level = Level::L1});
    const auto step = compression.step();
    CHECK(&StepContext::of_thread() != &outside);
    check_nested(StepContext::of_thread());
  }
  CHECK(&StepContext::of_thread() == &outside);
  CHECK(outside.scope.empty());
}

}  // namespace terse::act
