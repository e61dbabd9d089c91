// What a program may contain, and how it is planned.
#include <ATen/core/dispatch/Dispatcher.h>

#include <set>

#include "exported_fixture.hpp"
#include "terse/core/error.hpp"
#include "terse/train/exported/operators.hpp"
#include "terse/train/exported/plan.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using namespace terse::test;
using namespace terse::train::exported;
using Json = nlohmann::json;

namespace {

/// The message that a changed program is refused with; "accepted" if it is not.
std::string refusal(const Json& program) {
  try {
    make_plan(parse_graph(program.dump(), "net.pt2: model"), "net.pt2: model");
  } catch (const Error& error) {
    CHECK(error.code() == Error::BadInput);
    CHECK_THAT(error.what(), StartsWith("net.pt2: model"));
    return error.what();
  }
  return "accepted";
}

Json& nodes(Json& program) { return program["graph_module"]["graph"]["nodes"]; }

Json& node_of(Json& program, const std::string& target) {
  for (Json& node : nodes(program)) {
    if (node["target"] == target) return node;
  }
  FAIL("no node " << target);
  return program;
}

}  // namespace

TEST_CASE("the allow-list names operators that exist") {
  auto& dispatcher = c10::Dispatcher::singleton();
  std::set<std::string> known;
  for (const auto& op : dispatcher.getAllOpNames()) {
    known.insert(op.name);
    known.insert(op.name + "." + op.overload_name);
  }
  for (const std::string_view name : allowed_operators()) {
    INFO(name);
    CHECK(known.contains("aten::" + std::string(name)));
  }
}

TEST_CASE("the allow-list lets in no files, handles, storage tricks or foreign operators") {
  for (const char* target :
       {"torch.ops.aten.from_file.default", "torch.ops.aten.save.default", "torch.ops.aten.set_.source_Storage",
        "torch.ops.aten.resize_.default", "torch.ops.aten._reshape_alias.default", "torch.ops.aten.data_ptr.default",
        "torch.ops.aten.relu__.default", "torch.ops.aten.record_stream.default", "torch.ops.aten.lstm.data",
        "torch.ops.prim.device.default", "torch.ops.mylib.add.Tensor", "torch.ops.aten.as_tensor.default"}) {
    INFO(target);
    const auto op = parse_target(target);
    REQUIRE(op);
    CHECK_FALSE(is_allowed(*op));
  }
  for (const char* target : {"os.system", "torch.ops.aten", "builtins.eval", "torch.ops.higher_order"}) {
    CHECK_FALSE(parse_target(target));
  }
  CHECK(is_allowed(*parse_target("torch.ops.aten.to.dtype_layout")));
  CHECK(is_allowed(*parse_target("torch.ops.aten.relu_.default")));
  CHECK(is_allowed(*parse_target("torch.ops.aten.__and__.Tensor")));
}

TEST_CASE("what is not supported is refused by name at load") {
  const Json program = program_json("convnet");
  CHECK(refusal(program) == "accepted");

  auto changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["target"] = "torch.ops.aten.from_file.default";
  CHECK_THAT(refusal(changed),
             ContainsSubstring("node linear (torch.ops.aten.from_file.default): the operator is not on"));

  changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["target"] = "torch.ops.higher_order.cond";
  CHECK_THAT(refusal(changed), ContainsSubstring("torch.ops.higher_order.cond): higher-order operators"));

  changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["target"] = "torch.ops.aten.linear.no_such_overload";
  CHECK_THAT(refusal(changed), ContainsSubstring("unknown to this LibTorch"));

  for (const char* overload : {"add.out", "mean.out", "topk.values", "max.dim_max"}) {
    changed = program;
    node_of(changed, "torch.ops.aten.linear.default")["target"] = "torch.ops.aten." + std::string(overload);
    CHECK(refusal(changed) != "accepted");
  }
  changed = program;
  Json& linear = node_of(changed, "torch.ops.aten.linear.default");
  linear["target"] = "torch.ops.aten.sigmoid.out";
  linear["inputs"] = {{{"name", "self"}, {"arg", linear["inputs"][0]["arg"]}},
                      {{"name", "out"}, {"arg", {{"as_tensor", {{"name", "p_head_weight"}}}}}}};
  CHECK_THAT(refusal(changed), ContainsSubstring("overloads with output arguments are not supported"));

  changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["inputs"][0]["name"] = "inputs";
  CHECK_THAT(refusal(changed), ContainsSubstring("argument 'input': is missing"));

  changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["inputs"][0]["arg"] = {{"as_tensor", {{"name", "nowhere"}}}};
  CHECK_THAT(refusal(changed), ContainsSubstring("value 'nowhere' is used but not defined"));

  changed = program;
  node_of(changed, "torch.ops.aten.linear.default")["inputs"][0]["arg"] = {{"as_graph", {{"name", "g"}}}};
  CHECK_THAT(refusal(changed), ContainsSubstring("kind as_graph is not supported"));

  changed = program;
  node_of(changed, "torch.ops.aten.dropout.default")["inputs"][1]["arg"] = {{"as_string", "half"}};
  CHECK_THAT(refusal(changed), ContainsSubstring("argument 'p': a value of type String does not fit"));

  changed = program;
  changed["schema_version"]["major"] = 9;
  CHECK_THAT(refusal(changed), ContainsSubstring("schema version 9; only 8 is read"));

  changed = program;
  nodes(changed).push_back(nodes(changed)[0]);
  CHECK_THAT(refusal(changed), ContainsSubstring("defined twice"));

  changed = program;
  changed["graph_module"]["signature"]["output_specs"].push_back(
      {{"user_input_mutation", {{"arg", {{"name", "linear"}}}, {"user_input_name", "x"}}}});
  CHECK_THAT(refusal(changed), ContainsSubstring("changes its input 'x'"));
}

TEST_CASE("writing to an input or a parameter in place is refused, through views too") {
  const auto in_place = [](const std::string& name) {
    return Json{{"target", "torch.ops.aten.relu_.default"},
                {"name", "written"},
                {"metadata", Json::object()},
                {"inputs", {{{"name", "self"}, {"arg", {{"as_tensor", {{"name", name}}}}}}}},
                {"outputs", {{{"as_tensor", {{"name", "written"}}}}}}};
  };
  const Json view = {{"target", "torch.ops.aten.flatten.using_ints"},
                     {"name", "looked_at"},
                     {"metadata", Json::object()},
                     {"inputs", {{{"name", "self"}, {"arg", {{"as_tensor", {{"name", "x"}}}}}}}},
                     {"outputs", {{{"as_tensor", {{"name", "looked_at"}}}}}}};
  auto program = program_json("convnet");
  nodes(program).insert(nodes(program).begin(), in_place("x"));
  CHECK_THAT(refusal(program), ContainsSubstring("changes input 'x' in place"));

  program = program_json("convnet");
  nodes(program).insert(nodes(program).begin(), in_place("p_head_weight"));
  CHECK_THAT(refusal(program), ContainsSubstring("changes parameter 'p_head_weight' in place"));

  program = program_json("convnet");
  nodes(program).insert(nodes(program).begin(), {view, in_place("looked_at")});
  CHECK_THAT(refusal(program), ContainsSubstring("changes input 'x' in place"));

  program = program_json("convnet");
  nodes(program).insert(nodes(program).begin(), in_place("b_features_1_running_mean"));
  CHECK(refusal(program) == "accepted");
}

TEST_CASE("every value is released once, after its last use") {
  for (const char* name : {"convnet", "attention", "tied_text", "convnet_decomposed"}) {
    INFO(name);
    const Graph graph = parse_graph(program_json(name).dump(), name);
    const Plan plan = make_plan(graph, name);
    std::set<std::size_t> kept;
    for (const InputSpec& input : graph.inputs) {
      if (!input.value.empty()) kept.insert(plan.slot_of.at(input.value));
    }
    for (const OutputSpec& output : graph.outputs) {
      for (const Element& element : output.value.elements) {
        if (const auto* use = std::get_if<ValueName>(&element)) kept.insert(plan.slot_of.at(use->name));
      }
    }
    std::set<std::size_t> released;
    for (const Step& step : plan.steps) {
      for (const Binding& argument : step.arguments) {
        for (const std::size_t slot : argument.slots()) CHECK_FALSE(released.contains(slot));
      }
      for (const std::size_t slot : step.release) {
        CHECK(released.insert(slot).second);
        CHECK_FALSE(kept.contains(slot));
      }
    }
    CHECK(released.size() + kept.size() == plan.slot_names.size());
  }
}

TEST_CASE("module paths come from the module stack") {
  const Plan plan = make_plan(parse_graph(program_json("convnet").dump(), "net"), "net");
  std::set<std::string> paths;
  for (const Step& step : plan.steps) paths.insert(step.module_path);
  for (const char* path : {"features.0", "features.1", "features.2", "features.3", "dropout", "head"}) {
    INFO(path);
    CHECK(paths.contains(path));
  }
}
