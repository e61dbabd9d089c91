// Results that are computed again from what an operator saved of its operands.
#include "networks.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

struct Outcome {
  at::Tensor gradient;
  std::vector<SavedTensor> saved;
  std::uint64_t exact_bytes = 0, stored_bytes = 0;

  const SavedTensor& of(const std::string& id) const {
    const auto found = std::find_if(saved.begin(), saved.end(), [&](const auto& one) { return one.id == id; });
    REQUIRE(found != saved.end());
    return *found;
  }
};

using Loss = std::function<at::Tensor(const at::Tensor&)>;

at::Tensor gradient_of(const Loss& loss, const at::Tensor& x) {
  at::manual_seed(5);
  const at::Tensor leaf = x.detach().clone().requires_grad_();
  loss(leaf * 1.0).backward();
  return leaf.grad();
}

Outcome outcome_of(const Loss& loss, const at::Tensor& x, const CompressionOptions& options,
                   const std::vector<at::Tensor>& own = {}) {
  Compression compression(options);
  for (const at::Tensor& tensor : own) compression.own(tensor, Reason::Parameter);
  const auto step = compression.step();
  const at::Tensor gradient = gradient_of(loss, x);
  return {gradient, compression.saved(), compression.totals().exact_bytes, compression.totals().stored_bytes};
}

double distance(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

/// As projections give them: the heads lie within each row.
at::Tensor attended(const at::Tensor& heads, bool causal = false, const std::optional<at::Tensor>& mask = {}) {
  const at::Tensor x = heads.permute({0, 2, 1, 3}).contiguous().transpose(1, 2);
  return at::scaled_dot_product_attention(x, x * 2.0, x * 0.5, mask, 0, causal);
}

const std::string kAttention = "_scaled_dot_product_flash_attention_for_cpu#1:";

}  // namespace

TEST_CASE("results of smooth activations cost nothing beside their operand", "[derived]") {
  const at::Tensor x = numbers({64, 128}, 70) * 3;
  const at::Tensor weight = numbers({128, 32}, 71).requires_grad_();
  const auto check = [&](const std::function<at::Tensor(const at::Tensor&)>& f, const std::string& op) {
    const Loss loss = [&](const at::Tensor& t) { return f(t).mm(weight).sin().sum(); };
    const at::Tensor plain = gradient_of(loss, x);
    const Outcome derived = outcome_of(loss, x, rounding(8), {weight}),
                  stored = outcome_of(loss, x, rounding(8, false), {weight});
    CHECK(derived.of("mm#1:self").reason == Reason::Derived);
    CHECK(derived.of("mm#1:self").shared_with == op + "#1:self");
    CHECK(derived.of("mm#1:self").stored_bytes == 0);
    CHECK(stored.of("mm#1:self").reason == Reason::Quantized);
    CHECK(derived.exact_bytes == stored.exact_bytes);
    CHECK(derived.stored_bytes < stored.stored_bytes);
    CHECK(distance(derived.gradient, plain) < 1.5 * distance(stored.gradient, plain));
  };
  check([](const at::Tensor& t) { return at::gelu(t); }, "gelu");
  check([](const at::Tensor& t) { return at::gelu(t, "tanh"); }, "gelu");
  check([](const at::Tensor& t) { return at::silu(t); }, "silu");
  check([](const at::Tensor& t) { return at::hardswish(t); }, "hardswish");
  check([](const at::Tensor& t) { return at::mish(t); }, "mish");
}

TEST_CASE("what comes back is the operator's result of the rounded operand", "[derived]") {
  const at::Tensor x = numbers({64, 128}, 72) * 3;
  at::Tensor operand, result;
  {
    Compression compression(rounding(4));
    const auto step = compression.step();
    const at::Tensor leaf = x.clone().requires_grad_();
    const at::Tensor input = leaf * 1.0, y = at::gelu(input, "tanh");
    Witness::seen = [&](const at::Tensor& seen) { (operand.defined() ? result : operand) = seen.clone(); };
    const at::Tensor loss_of_input = Witness::apply(input), loss_of_result = Witness::apply(y);
    loss_of_input.backward({}, true);
    loss_of_result.backward();
    Witness::seen = {};
  }
  REQUIRE(operand.sizes() == x.sizes());
  CHECK_FALSE(at::equal(operand, x));
  CHECK(at::equal(result, at::gelu(operand, "tanh")));
}

TEST_CASE("dropout of something stored is its noise", "[derived]") {
  const at::Tensor x = numbers({64, 128}, 73) * 3;
  const at::Tensor weight = numbers({128, 32}, 74).requires_grad_();
  SECTION("of a derived result") {
    const Loss loss = [&](const at::Tensor& t) { return at::dropout(at::gelu(t), 0.25, true).mm(weight).sin().sum(); };
    const Outcome outcome = outcome_of(loss, x, rounding(8), {weight});
    CHECK(outcome.of("mul#1:other").reason == Reason::Mask);
    CHECK(outcome.of("mm#1:self").reason == Reason::Derived);
    CHECK(outcome.of("mm#1:self").shared_with == "gelu#1:self");
    const Outcome stored = outcome_of(loss, x, rounding(8, false), {weight});
    CHECK(distance(outcome.gradient, gradient_of(loss, x)) < 1.5 * distance(stored.gradient, gradient_of(loss, x)));
  }
  SECTION("of a stored result") {
    const Loss loss = [&](const at::Tensor& t) {
      return at::dropout(at::softmax(t, 1), 0.25, true).mm(weight).mul(9.0).sin().sum();
    };
    const Outcome outcome = outcome_of(loss, x, rounding(8), {weight});
    CHECK(outcome.of("mm#1:self").reason == Reason::Derived);
    CHECK(outcome.of("mm#1:self").shared_with == "_softmax#1:result");
    CHECK(distance(outcome.gradient, gradient_of(loss, x)) < 0.05);
  }
  SECTION("of what nothing stores, or was changed since") {
    const Loss loss = [&](const at::Tensor& t) {
      const at::Tensor sum = t + 1.0;
      at::Tensor y = at::gelu(t);
      {
        const at::NoGradGuard no_grad;
        y.add_(1.0);
      }
      return at::dropout(sum, 0.25, true).mm(weight).sin().sum() + at::dropout(y, 0.25, true).mm(weight).sin().sum();
    };
    const Outcome outcome = outcome_of(loss, x, rounding(8), {weight});
    CHECK(outcome.of("mm#1:self").reason == Reason::Quantized);
    CHECK(outcome.of("mm#2:self").reason == Reason::Quantized);
  }
}

TEST_CASE("fused attention stores query, key and value alone", "[derived]") {
  const at::Tensor x = numbers({2, 3, 40, 16}, 75) * 2;
  const at::Tensor weight = numbers({48, 8}, 76).requires_grad_();
  const auto mask = GENERATE(0, 1, 2);  // none, causal, of padding
  const Loss loss = [&](const at::Tensor& t) {
    std::optional<at::Tensor> padding;
    if (mask == 2) padding = at::arange(40).lt(25).expand({2, 1, 40, 40});
    const at::Tensor heads = attended(t, mask == 1, padding);
    return heads.transpose(1, 2).reshape({80, 48}).mm(weight).sin().sum();
  };
  const at::Tensor plain = gradient_of(loss, x);
  const Outcome outcome = outcome_of(loss, x, rounding(8), {weight});
  CHECK(outcome.of(kAttention + "output").reason == Reason::Derived);
  CHECK(outcome.of(kAttention + "logsumexp").reason == Reason::Derived);
  CHECK(outcome.of("mm#1:self").stored_bytes == 0);
  CHECK(distance(outcome.gradient, plain) < 0.03);
  // Probabilities of the rounded operands: at few bits the exact logarithms would make them grow exponentially.
  CompressionOptions few = rounding(2);
  for (const char* role : {"query", "key", "value"}) few.bits_of[kAttention + role] = 2;
  const Outcome with = outcome_of(loss, x, few, {weight});
  few.derive = false;
  const Outcome without = outcome_of(loss, x, few, {weight});
  CHECK(distance(with.gradient, plain) < distance(without.gradient, plain));
}

TEST_CASE("what follows from operands that are kept is computed from them, without loss", "[derived]") {
  const at::Tensor x = numbers({2, 3, 40, 16}, 77) * 2;
  CompressionOptions options = rounding(4);
  SECTION("fused attention") {
    const Loss loss = [](const at::Tensor& t) { return attended(t).sin().sum(); };
    for (const char* role : {"query", "key", "value"}) options.bits_of[kAttention + role] = 32;
    const Outcome outcome = outcome_of(loss, x, options);
    CHECK(outcome.of(kAttention + "output").reason == Reason::Derived);
    CHECK(outcome.of(kAttention + "logsumexp").reason == Reason::Small);
    CHECK(at::equal(outcome.gradient, gradient_of(loss, x)));
    options.bits_of.erase(kAttention + "key");
    CHECK_FALSE(at::equal(outcome_of(loss, x, options).gradient, outcome.gradient));
  }
  SECTION("layer norm, activation and dropout in a row") {
    const at::Tensor weight = numbers({16}, 78).requires_grad_(), bias = numbers({16}, 79).requires_grad_();
    const at::Tensor matrix = numbers({16, 16}, 80).requires_grad_();
    const Loss loss = [&](const at::Tensor& t) {
      const at::Tensor normalised = at::layer_norm(t, {16}, weight, bias);
      const at::Tensor hidden = at::dropout(at::gelu(at::matmul(normalised, matrix)), 0.25, true);
      return at::matmul(hidden, matrix).square().sum();
    };
    for (const char* id : {"native_layer_norm#1:input", "gelu#1:self", "pow#1:self"}) options.bits_of[id] = 32;
    const Outcome outcome = outcome_of(loss, x, options, {weight, bias, matrix});
    CHECK(outcome.of("mm#1:self").reason == Reason::Derived);
    CHECK(outcome.of("mm#2:self").reason == Reason::Derived);
    CHECK(at::equal(outcome.gradient, gradient_of(loss, x)));
  }
  SECTION("dropout of what is kept for another") {
    const at::Tensor matrix = numbers({16, 16}, 80).requires_grad_();
    const Loss loss = [&](const at::Tensor& t) {
      return at::matmul(at::dropout(at::softmax(t, 3), 0.25, true), matrix).exp().sum();
    };
    for (const char* id : {"_softmax#1:result", "exp#1:result"}) options.bits_of[id] = 32;
    const Outcome outcome = outcome_of(loss, x, options, {matrix});
    CHECK(outcome.of("mm#1:self").reason == Reason::Derived);
    CHECK(at::equal(outcome.gradient, gradient_of(loss, x)));
  }
}

TEST_CASE("one tensor as query, key and value", "[derived]") {
  const at::Tensor x = numbers({2, 3, 40, 16}, 78) * 2;
  const Loss loss = [](const at::Tensor& t) { return at::scaled_dot_product_attention(t, t, t).sin().sum(); };
  const Outcome outcome = outcome_of(loss, x, rounding(8));
  CHECK(outcome.of(kAttention + "output").reason == Reason::Derived);
  CHECK(distance(outcome.gradient, gradient_of(loss, x)) < 0.03);
}

TEST_CASE("derived results serve a graph that is used twice, and leave nothing behind", "[derived]") {
  const std::int64_t before = StoredTensor::alive();
  {
    Compression compression(rounding(8));
    const auto step = compression.step();
    const at::Tensor x = (numbers({2, 3, 40, 16}, 79) * 2).requires_grad_();
    const at::Tensor y = attended(x * 1.0);
    const at::Tensor loss = (y.sin() * at::gelu(y)).sum();
    const auto first = torch::autograd::grad({loss}, {x}, {}, true, true)[0];
    const auto again = torch::autograd::grad({loss}, {x}, {}, true)[0];
    CHECK(at::equal(first, again));
  }
  CHECK(StoredTensor::alive() == before);
}

}  // namespace terse::act
