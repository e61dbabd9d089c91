#include "terse/act/operators/operator_table.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

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
        CHECK((bound.empty() || is_number(bound) || is_argument(bound.substr(bound.front() == '-' ? 1 : 0))));
      }
      CHECK((!rule.widest_step || rule.need == Need::Values || rule.need == Need::Negative));
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

namespace {

/// A tensor that an operator of LibTorch saves: a row of tests/data/autograd/saved_tensors.tsv.
struct SavedByLibTorch {
  std::string op, key, name, role;
};

std::vector<SavedByLibTorch> saved_by_libtorch() {
  const char* data = std::getenv("TERSE_DATA");
  std::ifstream file(std::string(data ? data : "tests/data") + "/autograd/saved_tensors.tsv");
  std::vector<SavedByLibTorch> rows;
  std::string line, node_before;
  std::getline(file, line);  // the names of the columns
  for (std::uint32_t results = 0; std::getline(file, line);) {
    std::istringstream cells(line);
    std::string op, node, key, from, tensor;
    cells >> op >> node >> key >> from >> tensor;
    if (const std::string now = op + node + key; now != node_before) {
      node_before = now;
      results = 0;
    }
    op = "aten::" + op.substr(0, op.find('.'));
    const std::string role = from == "result" ? result_role(op, results++) : tensor;
    rows.push_back({op, key, tensor, role});
  }
  return rows;
}

// Tensors that no rule has to speak of, since packing loses nothing of them whatever they are for.
const std::set<std::string_view> kWhole = {
    // integers: places, counts, labels, lengths, permutations, states of generators
    "index", "indices", "offsets", "offs", "pivots", "exponent", "cum_seq_q", "cum_seq_k", "lengths", "philox_seed",
    "philox_offset", "rng_state", "batch_sizes", "sorter",
    // truth values
    "mask", "condition", "is_target"};

/// Why a tensor that has no rule is right to be kept exact; empty: there is no reason.
std::string_view reason_to_keep(const SavedByLibTorch& saved) {
  if (kWhole.contains(saved.role) || kWhole.contains(saved.name))
    return "integers and truth values are packed without loss";
  if (saved.key == "AutogradNestedTensor") return "nested tensors have no memory that could be encoded";
  if (saved.op.find("_backward") != std::string::npos) {
    return "second derivatives: a training step saves none";
  }
  if (saved.op.starts_with("aten::_test_")) return "LibTorch's own tests";
  return {};
}

}  // namespace

TEST_CASE("every tensor that LibTorch's operators save has a rule, or a reason to be kept", "[operators]") {
  const auto rows = saved_by_libtorch();
  REQUIRE(rows.size() > 800);
  for (const SavedByLibTorch& saved : rows) {
    if (find_rule(saved.op, saved.role)) continue;
    INFO(saved.op << ":" << saved.role << " has no rule: what is its backward pass to do with it?");
    CHECK_FALSE(reason_to_keep(saved).empty());
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
  CHECK(need_of("custom", "result") == Need::Exact);
  CHECK_FALSE(find_rule("custom", "result"));
  CHECK_FALSE(find_rule("aten::convolution_of_tomorrow", "input"));
  CHECK(find_rule("aten::_foreach_div", "self[1]")->need == Need::Exact);
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
