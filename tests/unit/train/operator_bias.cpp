// operator_bias [DRAWS [SEED [OPERATOR]]]: what compression adds to the gradient of every operator that an exported
// program may name.
//
// Each is put into small random networks: trainable tensors, each a function of data times a weight; the operator; sums
// of its results with random weights and, where the operator's own tensors are rounded, with trainable ones too, which
// save the results. The gradient of every weight under compression is compared with the exact one:
//   - where nothing that the operator saved is rounded, it must be the same;
//   - otherwise, over DRAWS draws (64) of rounding at 1, 2, 4 and 8 bits, its mean must lie within 4 standard errors of
//     the exact one or no further from it than kLargestBias of its norm.
// An operator for which no call can be drawn must be listed below, with the reason.
//
// The mean's distance is estimated without bias, from products of different draws: E[(g_i - g)(g_j - g)] = |E g_i -
// g|^2. Prints what is wrong, then the largest bias of each operator that has one. Exit status 1 where something is
// wrong.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "operator_calls.hpp"
#include "terse/act/operators/operator_table.hpp"
#include "terse/act/packing/compression.hpp"

namespace {

using namespace terse;
using train::test::AllowedOperator;
using train::test::PlausibleCall;
using train::test::Trainable;

constexpr int kBits[] = {1, 2, 4, 8};
constexpr std::uint32_t kPrograms = 2, kTries = 400, kTriesWithoutGradient = 40;
constexpr double kErrors = 4;           // standard errors
constexpr double kMostNoise = 0.5;      // at 8 bits, beside the gradient's norm
constexpr double kSameGradient = 1e-5;  // where nothing is rounded
constexpr double kNegligible = 1e-4;    // a weight whose gradient cancels, beside the largest

// Why no call is drawn of an operator that refuses all with such a message, or of one of that name.
constexpr std::pair<std::string_view, std::string_view> kNotDrawn[] = {
    {"all symbols must have a namespace", "takes names of dimensions"},
    {"not implemented for 'Float'", "takes integers, which have no gradient"},
    {"is not implemented", "LibTorch has no derivative of it"},
    {"with arguments from the 'CPU' backend", "does not run on a CPU"},
    {"requires dtype Double", "in place on float64 alone"},
    {"Boolean value of Tensor", "takes one truth value"},
    {"cannot be converted to Scalar", "takes one number, and gives no tensor"},
    {"0-dim integral Tensor", "takes a whole number as a tensor"},
    {"high must be a scalar tensor", "draws whole numbers"},
    {"aten::istft", "of complex numbers, which are kept as they are"},
    {"aten::view_as_complex", "a view"},
    {"aten::view_as_real", "a view"},
};

/// The operator with its trainable arguments, and the weights of the sum of its results.
class Program {
 public:
  Program(const AllowedOperator& op, std::uint64_t seed, std::uint32_t number)
      : op_(op), call_(op, seed, number), seed_(seed), number_(number) {}

  /// The gradient of every weight, one after the other; empty where the operator has none.
  /// @throws what the operator refuses
  /// @param trained  results are also weighed by trainable weights
  std::vector<at::Tensor> gradients(bool trained, act::Compression* compression = nullptr, std::uint32_t draw = 0) {
    for (Trainable& one : call_.trainables) one.leaf.mutable_grad().reset();
    for (at::Tensor& weight : weights_) weight.mutable_grad().reset();
    at::manual_seed(seed_);
    torch::jit::Stack stack;
    for (const c10::IValue& value : call_.stack) stack.push_back(fresh(value));
    std::optional<act::Compression::Step> step;
    if (compression) step.emplace(compression->step(draw));
    train::exported::call_operator(op_.handle, op_.guards, op_.kernels, true, stack);
    at::Tensor loss;
    std::size_t result = 0;
    for (const c10::IValue& value : stack) {
      std::vector<at::Tensor> tensors;
      if (value.isTensor()) tensors = {value.toTensor()};
      if (value.isTensorList()) tensors = value.toTensorVector();
      for (at::Tensor& tensor : tensors) {
        if (!tensor.defined() || !tensor.requires_grad() || tensor.numel() == 0) continue;
        if (tensor.is_complex()) tensor = at::view_as_real(tensor);
        const auto [fixed, variable] = weights_of(result++, tensor);
        at::Tensor sum = (tensor * fixed).sum();
        if (trained) sum = sum + (tensor * variable).sum();
        loss = loss.defined() ? loss + sum : sum;
      }
    }
    if (!loss.defined()) return {};
    loss.backward();
    std::vector<at::Tensor> found;
    for (const Trainable& one : call_.trainables) {
      if (one.leaf.grad().defined()) found.push_back(one.gradient().reshape(-1));
    }
    if (found.empty() || !trained) return found;
    for (std::size_t i = 1; i < 2 * result; i += 2) found.push_back(weights_[i].grad().to(at::kDouble).reshape(-1));
    return found;
  }

  void own(act::Compression& compression) const {
    for (const at::Tensor& weight : weights_) compression.own(weight, act::Reason::Buffer);
  }

  std::uint32_t number() const { return number_; }

 private:
  static c10::IValue fresh(const c10::IValue& value) {
    if (value.isTensor() && value.toTensor().defined()) return value.toTensor().clone();
    if (!value.isTensorList()) return value;
    std::vector<at::Tensor> tensors;
    for (const at::Tensor& one : value.toTensorVector()) tensors.push_back(one.clone());
    return tensors;
  }

  std::pair<at::Tensor, at::Tensor> weights_of(std::size_t result, const at::Tensor& tensor) {
    while (weights_.size() <= 2 * result) {
      core::RandomSequence random({seed_, core::stream_of("weights"), static_cast<std::uint32_t>(weights_.size())});
      const auto draw = [&](std::vector<std::int64_t> sizes) {
        at::Tensor made = at::empty(sizes, tensor.scalar_type());
        for (std::int64_t i = 0; i < made.numel(); ++i) made.view(-1)[i] = random.normal();
        return made;
      };
      weights_.push_back(draw(tensor.sizes().vec()));
      weights_.push_back(
          draw(tensor.dim() == 0 ? std::vector<std::int64_t>{} : std::vector{tensor.size(-1)}).requires_grad_());
    }
    return {weights_[2 * result], weights_[2 * result + 1]};
  }

  const AllowedOperator& op_;
  PlausibleCall call_;
  std::uint64_t seed_;
  std::uint32_t number_;
  std::vector<at::Tensor> weights_;  // of each result: fixed ones, trainable ones
};

bool are_usable(const std::vector<at::Tensor>& gradients) {
  double norm = 0;
  for (const at::Tensor& one : gradients) norm += one.norm().item<double>();
  return std::isfinite(norm) && norm > 1e-8;
}

/// What rounding adds to one weight's gradient, as shares of its norm.
struct Added {
  double bias = 0;   // 0 where it is not told from none
  double least = 0;  // of the bias, 4 standard errors below
  double noise = 0;  // of one draw
};

Added measure(const std::vector<at::Tensor>& draws, const at::Tensor& exact) {
  const at::Tensor off = at::stack(draws) - exact;
  const at::Tensor products = off.mm(off.t());
  const double n = static_cast<double>(draws.size()), pairs = n * (n - 1), norm = exact.norm().item<double>();
  const double own = products.diagonal().sum().item<double>();
  const double mean = (products.sum().item<double>() - own) / pairs;
  const double squares = (products.square().sum() - products.diagonal().square().sum()).item<double>() / pairs;
  // |mean|^2 n / variance is about chi-squared over its degrees of freedom: the directions in which draws differ.
  const double variance = own / n, freedom = std::max(1.0, variance * variance / std::max(squares, 1e-300));
  const double spread = 2 / (9 * freedom);  // Wilson and Hilferty 1931
  const double error = (std::pow(1 - spread + kErrors * std::sqrt(spread), 3) - 1) * variance / n;
  Added added;
  added.noise = std::sqrt(variance) / norm;
  if (mean > error) added.bias = std::sqrt(mean) / norm;
  added.least = std::sqrt(std::max(0.0, mean - error)) / norm;
  return added;
}

struct Report {
  std::uint64_t programs = 0, rounded = 0, wrong = 0, without_gradient = 0, not_drawn = 0;
  std::map<std::string, std::map<int, double>> biases;  // by operator and bits

  void complain(const AllowedOperator& op, const Program& program, const std::string& what) {
    ++wrong;
    std::printf("%s, program %" PRIu32 ": %s\n", op.text.c_str(), program.number(), what.c_str());
  }
};

bool rounds(const act::Compression& compression) {
  return std::any_of(compression.saved().begin(), compression.saved().end(),
                     [](const act::SavedTensor& one) { return one.reason == act::Reason::Quantized; });
}

std::vector<int> bits_of(const act::Compression& compression) {
  std::vector<int> bits;
  for (const act::SavedTensor& one : compression.saved()) {
    bits.push_back(one.reason == act::Reason::Quantized ? one.layout.bits : 0);
  }
  return bits;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

/// One run under compression where nothing that the operator saves is rounded. @return whether that is so
bool check_kept(const AllowedOperator& op, Program& program, Report& report) {
  const auto exact = program.gradients(false);
  act::Compression compression({.bits = kBits[0], .small_bytes = 1});
  program.own(compression);
  const auto found = program.gradients(false, &compression);
  if (rounds(compression)) return false;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double off = (found[i] - exact[i]).norm().item<double>() / exact[i].norm().item<double>();
    if (!(off <= kSameGradient) && exact[i].norm().item<double>() > 1e-6) {
      report.complain(op, program, "nothing is rounded, and the gradient is off by " + percent(off));
    }
  }
  return true;
}

void check_rounded(const AllowedOperator& op, Program& program, std::uint32_t draws, Report& report) {
  const auto exact = program.gradients(true);
  double largest = 0;
  for (const at::Tensor& one : exact) largest = std::max(largest, one.norm().item<double>());
  std::vector<int> stored_before;
  for (const int bits : kBits) {
    act::Compression compression({.bits = bits, .small_bytes = 1});
    program.own(compression);
    std::vector<std::vector<at::Tensor>> of_weight(exact.size());
    const std::string at = "at " + std::to_string(bits) + " bits ";
    program.gradients(true, &compression);
    auto stored = bits_of(compression);
    if (stored == stored_before) continue;  // a rule asks for more than either
    stored_before = std::move(stored);
    for (std::uint32_t draw = 0; draw < draws; ++draw) {
      const auto found = program.gradients(true, &compression, draw);
      if (!are_usable(found)) return report.complain(op, program, at + "the gradient is not finite");
      for (std::size_t i = 0; i < exact.size(); ++i) of_weight[i].push_back(found[i]);
    }
    for (std::size_t i = 0; i < exact.size(); ++i) {
      if (exact[i].norm().item<double>() < kNegligible * largest) continue;
      const Added added = measure(of_weight[i], exact[i]);
      const std::string of = at + "weight " + std::to_string(i + 1) + " of " + std::to_string(exact.size());
      if (added.least > act::kLargestBias) report.complain(op, program, of + " has a bias of " + percent(added.bias));
      if (bits == 8 && added.noise > kMostNoise) {
        report.complain(op, program, of + " has noise of " + percent(added.noise));
      }
      auto& known = report.biases[op.text][bits];
      known = std::max(known, added.bias);
    }
  }
}

std::string message_of(const std::exception& error) {
  // What LibTorch says, without the trace, which takes long to put together.
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  std::string text = of_torch ? of_torch->what_without_backtrace() : error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.substr(0, 200);
}

void check(const AllowedOperator& op, std::uint64_t seed, std::uint32_t draws, Report& report) {
  std::uint32_t programs = 0, ran = 0;
  std::string refusal = "no call was drawn";
  for (std::uint32_t number = 0; number < kTries && programs < kPrograms; ++number) {
    std::optional<Program> program;
    try {
      program.emplace(op, seed, number);
      const auto exact = program->gradients(true);
      ++ran;
      if (exact.empty() || !are_usable(exact)) {
        if (ran > kTriesWithoutGradient && programs == 0) break;
        continue;
      }
    } catch (const std::exception& error) {
      refusal = message_of(error);
      continue;
    }
    ++programs;
    ++report.programs;
    try {
      if (check_kept(op, *program, report)) continue;
      ++report.rounded;
      check_rounded(op, *program, draws, report);
    } catch (const std::exception& error) {
      report.complain(op, *program, "fails under compression: " + message_of(error));
    }
  }
  if (programs > 0) return;
  if (ran > 0) {
    ++report.without_gradient;
    return;
  }
  ++report.not_drawn;
  const bool known = std::any_of(std::begin(kNotDrawn), std::end(kNotDrawn), [&](const auto& one) {
    return refusal.find(one.first) != std::string::npos || op.text == one.first;
  });
  if (known) return;
  ++report.wrong;
  std::printf("%s: no call could be drawn: %s\n", op.text.c_str(), refusal.c_str());
}

bool takes_tensors(const AllowedOperator& op) {
  const auto& arguments = op.handle.schema().arguments();
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const c10::Argument& one) { return one.type()->str().find("Tensor") != std::string::npos; });
}

}  // namespace

int main(int argc, char** argv) {
  const auto draws = static_cast<std::uint32_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64);
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const std::string only = argc > 3 ? argv[3] : "";
  at::set_num_threads(1);
  struct Silence final : c10::WarningHandler {
    void process(const c10::Warning&) override {}
  } silence;
  c10::WarningUtils::set_warning_handler(&silence);
  Report report;
  std::uint64_t operators = 0;
  for (const AllowedOperator& op : train::test::allowed_operators()) {
    if (!takes_tensors(op) || (!only.empty() && op.text != only && op.name() != only)) continue;
    ++operators;
    check(op, seed, draws, report);
    std::fflush(stdout);
  }
  for (const auto& [op, biases] : report.biases) {
    std::string line;
    for (const auto& [bits, bias] : biases) {
      if (bias > 0) line += "  " + std::to_string(bits) + " bits " + percent(bias);
    }
    if (!line.empty()) std::printf("%-48s%s\n", op.c_str(), line.c_str());
  }
  std::printf(
      "%" PRIu64 " operators, %" PRIu64 " programs of seed %" PRIu64 ", %" PRIu64 " with rounded tensors, %" PRIu32
      " draws; %" PRIu64 " operators have no gradient, %" PRIu64 " are not drawn; %" PRIu64 " wrong\n",
      operators, report.programs, seed, report.rounded, draws, report.without_gradient, report.not_drawn, report.wrong);
  return report.wrong == 0 ? 0 : 1;
}
