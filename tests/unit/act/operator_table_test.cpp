#include "terse/act/operators/operator_table.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "networks.hpp"
#include "terse/act/operators/operator_tracker.hpp"
#include "terse/act/packing/hook.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {

namespace {

Need need_of(std::string_view op, std::string_view role) { return rule_of(op, role).need; }

/// Argument names by operator ("aten::relu"), of all its overloads.
std::map<std::string, std::set<std::string>> schemas() {
  std::map<std::string, std::set<std::string>> arguments;
  for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto handle = c10::Dispatcher::singleton().findSchema(name);
    if (!handle) continue;
    auto& names = arguments[name.name];
    for (const auto& argument : handle->schema().arguments()) names.insert(argument.name());
  }
  return arguments;
}

bool contains(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_number(std::string_view text) { return std::isdigit(static_cast<unsigned char>(text.back())); }

}  // namespace

TEST_CASE("every name in the table of operators is one of LibTorch's", "[operators]") {
  const auto known = schemas();
  std::set<std::string_view> seen;
  for (const Operator& entry : operator_table()) {
    INFO(entry.name);
    CHECK(seen.insert(entry.name).second);
    const bool is_ours = entry.name.starts_with("terse::");
    const auto schema = known.find("aten::" + std::string(entry.name));
    CHECK((schema != known.end()) != is_ours);
    const auto is_argument = [&](std::string_view name) {
      return schema != known.end() && schema->second.contains(std::string(name));
    };
    const auto is_role = [&](std::string_view role) {
      return is_argument(role) || contains(entry.results, role) || (role == "result" && entry.results.empty());
    };
    std::set<std::string_view> roles;
    for (const Rule& rule : entry.rules) {
      INFO(rule.role);
      CHECK((rule.role == "*" || is_role(rule.role)));
      CHECK_FALSE(roles.contains("*"));  // what follows would never apply
      CHECK(roles.insert(rule.role).second);
      CHECK_FALSE(rule.why.empty());
      for (const std::string_view bound : {rule.lower, rule.upper}) {
        CHECK((bound.empty() || is_number(bound) || is_argument(bound)));
      }
      const bool has_bounds = !rule.lower.empty() || !rule.upper.empty();
      CHECK(has_bounds == (rule.need == Need::Inside || rule.need == Need::Within));
    }
    for (const std::string_view argument : entry.arguments) {
      INFO(argument);
      CHECK(is_argument(argument));
    }
    if (!entry.recipe) continue;
    CHECK(entry.recipe->prepare);
    CHECK(entry.recipe->needed <= entry.recipe->parts.size());
    for (const std::string_view part : entry.recipe->parts) {
      INFO(part);
      CHECK(is_role(part));
    }
    for (const std::string_view result : entry.recipe->results) {
      INFO(result);
      CHECK(contains(entry.results, result));
    }
  }
}

TEST_CASE("the table answers for operators, their in-place forms and unknown ones", "[operators]") {
  CHECK(need_of("aten::relu", "result") == Need::Positive);
  CHECK(need_of("aten::relu_", "result") == Need::Positive);
  CHECK(need_of("aten::max_pool2d_with_indices", "self") == Need::Shape);
  CHECK(need_of("aten::max_pool2d_with_indices", "indices") == Need::Window);
  CHECK(need_of("aten::div", "other") == Need::Exact);
  CHECK(need_of("aten::div", "self") == Need::Values);
  CHECK(need_of("aten::pow", "self") == Need::Power);
  CHECK(need_of("aten::pow", "exponent") == Need::Exact);
  CHECK(need_of("aten::convolution", "input") == Need::Values);
  CHECK(need_of("custom", "result") == Need::Values);
  CHECK(rule_of("aten::hardtanh_", "result").upper == "max_val");
  CHECK_FALSE(rule_of("aten::relu", "result").why.empty());
  CHECK(recipe_of("aten::mul"));
  CHECK_FALSE(recipe_of("aten::mul_"));
  CHECK_FALSE(recipe_of("aten::relu"));
}

TEST_CASE("saved results are named in the order of saving", "[operators]") {
  CHECK(result_role("aten::native_layer_norm", 1) == "rstd");
  CHECK(result_role("aten::max_pool2d_with_indices", 0) == "indices");
  CHECK(result_role("aten::relu_", 0) == "result");
  CHECK(result_role("aten::relu_", 2) == "result2");
}

namespace {

/// Asks the running operator a question whenever a tensor is saved.
class Asking final : public PackSink {
 public:
  explicit Asking(std::function<void(const RunningOperator&)> ask) : ask_(std::move(ask)) {}
  std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) override {
    ask_(tracker_.running());
    return std::make_shared<KeptTensor>(tensor, "tensor");
  }

 private:
  OperatorTracker tracker_;
  std::function<void(const RunningOperator&)> ask_;
};

}  // namespace

TEST_CASE("a running operator knows arguments of every kind", "[operators]") {
  const at::Tensor x = test::numbers({2, 3, 8, 8}, 1).requires_grad_(), weight = test::numbers({4, 3, 3, 3}, 2);
  std::size_t asked = 0;
  const auto ask = [&](const std::function<void(const RunningOperator&)>& question, const auto& call) {
    Asking sink([&](const RunningOperator& running) {
      ++asked;
      question(running);
    });
    const SinkScope scope(sink);
    call();
  };
  ask(
      [&](const RunningOperator& running) {
        CHECK(running.name() == "aten::convolution");
        CHECK(running.integers("stride") == std::vector<std::int64_t>{2, 1});
        CHECK(running.number("transposed") == 0);
        CHECK(running.number("groups") == 1);
        CHECK_FALSE(running.number("stride"));
        CHECK(running.sizes("weight") == at::IntArrayRef({4, 3, 3, 3}));
        CHECK(running.tensor("input").is_same(x));
        CHECK_FALSE(running.tensor("bias").defined());
      },
      [&] {
        at::conv2d(x, weight, {}, {2, 1}, {1, 1});
      });
  ask([](const RunningOperator& running) { CHECK(running.text("approximate") == "tanh"); },
      [&] { at::gelu(x, "tanh"); });
  CHECK(asked >= 2);
  CHECK(terse::test::throws(Error::Internal, "aten::gelu has no argument 'aproximate'", [&] {
    ask([](const RunningOperator& running) { running.text("aproximate"); }, [&] { at::gelu(x, "tanh"); });
  }));
}

}  // namespace terse::act
