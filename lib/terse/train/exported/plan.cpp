#include "terse/train/exported/plan.hpp"

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/train/exported/operators.hpp"

namespace terse::train::exported {

namespace {

/// Says of which node an error is.
template <class Work>
void naming(const Node& node, const std::string& where, Work work) {
  try {
    work();
  } catch (const Error& error) {
    throw Error(error.code(), where + ": node " + node.name + " (" + node.target + "): " + error.what());
  }
}

/// Whether the node gives that argument a value other than None; also for no argument at all.
bool is_given(const Node& node, std::string_view argument) {
  return argument.empty() || std::any_of(node.inputs.begin(), node.inputs.end(), [&](const NamedArgument& input) {
           return input.name == argument && input.value.kind != "as_none";
         });
}

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph) {
    for (const InputSpec& input : graph.inputs) {
      if (input.value.empty()) continue;  // a user input that is None or a number, and that nothing uses
      kinds_[define(input.value)] = input.kind;
    }
  }

  void add(const Node& node) {
    Step step;
    step.node = node.name;
    step.target = node.target;
    step.module_path = node.module_path;
    step.symbol = find_symbol_function(node.target);
    if (step.symbol) {
      for (const NamedArgument& input : node.inputs) step.arguments.emplace_back(input.value, lookup());
    } else {
      resolve(node, step);
    }
    for (const Argument& output : node.outputs) step.results.push_back(make_result(output));
    if (step.op) track_aliases(step);
    plan_.steps.push_back(std::move(step));
  }

  Plan finish() {
    // Walk backwards: the first step met that mentions a slot is its last use. Inputs stay bound.
    std::set<std::size_t> live;
    for (const auto& [slot, kind] : kinds_) live.insert(slot);
    for (const OutputSpec& output : graph_.outputs) {
      for (const Element& element : output.value.elements) {
        if (const auto* use = std::get_if<ValueName>(&element)) live.insert(slot_of(use->name));
      }
    }
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {  // NOLINT(modernize-loop-convert)
      const auto mention = [&](std::size_t slot) {
        if (live.insert(slot).second) step->release.push_back(slot);
      };
      for (const Binding& argument : step->arguments) {
        for (const std::size_t slot : argument.slots()) mention(slot);
      }
      for (const Result& result : step->results) {
        for (const auto& slot : result.slots) {
          if (slot) mention(*slot);
        }
      }
    }
    return std::move(plan_);
  }

 private:
  std::size_t define(const std::string& name) {
    const std::size_t slot = plan_.slot_names.size();
    if (!plan_.slot_of.emplace(name, slot).second)
      throw Error(Error::BadInput, "value '" + name + "' is defined twice");
    plan_.slot_names.push_back(name);
    root_.push_back(slot);
    return slot;
  }

  std::size_t slot_of(const std::string& name) const {
    const auto found = plan_.slot_of.find(name);
    if (found == plan_.slot_of.end()) throw Error(Error::BadInput, "value '" + name + "' is used but not defined");
    return found->second;
  }
  SlotOf lookup() const {
    return [this](const std::string& name) { return slot_of(name); };
  }

  void resolve(const Node& node, Step& step) {
    if (node.target.starts_with("torch.ops.higher_order.")) {
      throw Error(Error::BadInput, "higher-order operators are not supported");
    }
    const auto op = parse_target(node.target);
    if (!op || !is_allowed(*op)) throw Error(Error::BadInput, "the operator is not on the allow-list");
    step.op = c10::Dispatcher::singleton().findSchema({op->name, op->overload});
    if (!step.op) throw Error(Error::BadInput, "the operator is unknown to this LibTorch");
    step.kernels = find_kernels(op->name, op->overload);
    const c10::FunctionSchema& schema = step.op->schema();
    step.guards = Guards(schema);
    const EvaluationSwitch* change = evaluation_switch(op->name);
    for (std::size_t i = 0; i < schema.arguments().size(); ++i) {
      const c10::Argument& argument = schema.arguments()[i];
      if (argument.is_out()) throw Error(Error::BadInput, "overloads with output arguments are not supported");
      const auto given = std::find_if(node.inputs.begin(), node.inputs.end(),
                                      [&](const NamedArgument& one) { return one.name == argument.name(); });
      step.arguments.emplace_back(argument, given == node.inputs.end() ? nullptr : &given->value, lookup());
      if (change && change->argument == argument.name() && is_given(node, change->needs)) {
        step.evaluation_argument = i;
        const bool real = argument.type()->kind() == c10::TypeKind::FloatType;
        step.evaluation_value = real ? c10::IValue(0.0) : c10::IValue(false);
      }
    }
    for (const NamedArgument& input : node.inputs) {
      if (!schema.argumentIndexWithName(input.name)) {
        throw Error(Error::BadInput, "the operator has no argument '" + input.name + "'");
      }
    }
    if (node.outputs.size() != schema.returns().size()) {
      throw Error(Error::BadInput, "the operator has " + std::to_string(schema.returns().size()) + " results, not " +
                                       std::to_string(node.outputs.size()));
    }
  }

  Result make_result(const Argument& output) {
    Result result{output.list, {}};
    for (const Element& element : output.elements) {
      const auto* use = std::get_if<ValueName>(&element);
      if (!use && !std::holds_alternative<std::monostate>(element))
        throw Error(Error::BadInput, "a result that is no name");
      result.slots.push_back(use ? std::optional(define(use->name)) : std::nullopt);
    }
    return result;
  }

  /// Follows views to the value they look at, by the alias annotations of the schema ("Tensor(a!) self"), and sees
  /// to it that inputs and parameters are not written.
  void track_aliases(const Step& step) {
    const c10::FunctionSchema& schema = step.op->schema();
    for (std::size_t i = 0; i < step.arguments.size(); ++i) {
      const c10::AliasInfo* alias = schema.arguments()[i].alias_info();
      if (!alias) continue;
      for (const std::size_t slot : step.arguments[i].slots()) {
        if (alias->isWrite()) note_write(root_[slot]);
        for (std::size_t r = 0; r < step.results.size(); ++r) {
          const c10::AliasInfo* result = schema.returns()[r].alias_info();
          if (!result || result->beforeSets() != alias->beforeSets()) continue;
          for (const auto& to : step.results[r].slots) {
            if (to) root_[*to] = root_[slot];
          }
        }
      }
    }
  }

  void note_write(std::size_t slot) {
    const auto kind = kinds_.find(slot);
    if (kind == kinds_.end()) return;
    switch (kind->second) {
      case InputSpec::Kind::User:
      case InputSpec::Kind::Parameter:
        throw Error(Error::BadInput, "changes " +
                                         std::string(kind->second == InputSpec::Kind::User ? "input" : "parameter") +
                                         " '" + plan_.slot_names[slot] + "' in place");
      case InputSpec::Kind::Buffer:
      case InputSpec::Kind::Constant:
        plan_.written.insert(slot);
        break;
      case InputSpec::Kind::Literal:
        break;
    }
  }

  const Graph& graph_;
  Plan plan_;
  std::map<std::size_t, InputSpec::Kind> kinds_;
  std::vector<std::size_t> root_;  // by slot: the value that a view looks at, itself for the rest
};

}  // namespace

Plan make_plan(const Graph& graph, const std::string& where) {
  try {
    Planner planner(graph);
    for (const Node& node : graph.nodes) naming(node, where, [&] { planner.add(node); });
    return planner.finish();
  } catch (const Error& error) {
    const bool named = std::string_view(error.what()).starts_with(where);
    throw Error(error.code(), named ? error.what() : where + ": " + error.what());
  }
}

}  // namespace terse::train::exported
