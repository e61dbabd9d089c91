#include "terse/act/operators/rules.hpp"

#include "terse_catch.hpp"

namespace terse::act {

namespace {
Need need_of(std::string_view op, std::string_view role) { return rule_of(op, role).need; }
}  // namespace

TEST_CASE("the table answers for operators, their in-place forms and unknown ones", "[rules]") {
  CHECK(need_of("aten::relu", "result") == Need::Positive);
  CHECK(need_of("aten::relu_", "result") == Need::Positive);
  CHECK(need_of("aten::max_pool2d_with_indices", "self") == Need::Shape);
  CHECK(need_of("aten::max_pool2d_with_indices", "indices") == Need::Window);
  CHECK(need_of("aten::div", "other") == Need::Exact);
  CHECK(need_of("aten::div", "self") == Need::Values);
  CHECK(need_of("aten::pow", "exponent") == Need::Exact);
  CHECK(need_of("aten::convolution", "input") == Need::Values);
  CHECK(need_of("custom", "result") == Need::Values);
  CHECK(rule_of("aten::hardtanh_", "result").upper == "max_val");
  CHECK_FALSE(rule_of("aten::relu", "result").why.empty());
}

TEST_CASE("saved results are named in the order of saving", "[rules]") {
  CHECK(result_role("aten::native_layer_norm", 1) == "rstd");
  CHECK(result_role("aten::max_pool2d_with_indices", 0) == "indices");
  CHECK(result_role("aten::relu_", 0) == "result");
  CHECK(result_role("aten::relu_", 2) == "result2");
}

}  // namespace terse::act
