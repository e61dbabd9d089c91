#include "terse/act/operators/operator_context.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/rules.hpp"
#include "terse/act/tensor/module_scope.hpp"
#include "terse/act/tensor/running_operator.hpp"

namespace terse::act {

namespace {

struct Argument {
  const c10::TensorImpl* tensor;  // identity only: alive while the operator runs
  std::uint32_t version;          // at the operator's start
  std::int16_t index;             // in the schema
  std::int16_t element;           // in a list of tensors, or -1
};

struct Number {
  std::size_t index;  // in the schema
  double value;
};

struct Integers {
  std::size_t index;
  std::vector<std::int64_t> values;
};

struct Text {
  std::size_t index;
  std::string value;
};

struct Frame {
  std::string name;  // keeps its buffer when the frame is reused
  std::string overload;
  std::vector<Argument> arguments;
  std::vector<Number> numbers;
  std::vector<Integers> integers;  // of the operators of asks_for_integers()
  std::vector<Text> texts;         // of GELU
  std::uint32_t occurrence = 0;    // 0 until the operator saves something
  std::uint32_t results = 0;       // saved tensors that are no arguments, so far
};

/// Per thread. Frames are reused, so that following an operator costs no allocation once the stack is warm.
struct Context {
  std::vector<Frame> frames;
  std::size_t depth = 0;
  std::unordered_map<std::string, std::uint32_t> occurrences;  // by scope + '/' + operator, in this tracker's life
  bool tracked = false;
};

thread_local Context context;

std::uint32_t version_of(const c10::TensorImpl* tensor) {
  const auto& counter = tensor->version_counter();
  return counter.enabled() ? counter.current_version() : 0;
}

void add_argument(Frame& frame, const at::Tensor& tensor, std::size_t index, std::int64_t element) {
  if (!tensor.defined()) return;
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  frame.arguments.push_back(
      {impl, version_of(impl), static_cast<std::int16_t>(index), static_cast<std::int16_t>(element)});
}

bool asks_for_integers(std::string_view op) {
  return op.starts_with("aten::max_pool") || op == "aten::native_layer_norm";
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  if (context.depth == context.frames.size()) context.frames.emplace_back();
  Frame& frame = context.frames[context.depth++];
  frame.name = function.name();
  set_current_operator(frame.name);
  frame.overload = function.overload_name();
  frame.arguments.clear();
  frame.numbers.clear();
  frame.integers.clear();
  frame.texts.clear();
  frame.occurrence = 0;
  frame.results = 0;
  const auto inputs = function.inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].isTensor()) {
      add_argument(frame, inputs[i].toTensor(), i, -1);
    } else if (inputs[i].isTensorList()) {
      const auto list = inputs[i].toTensorVector();
      for (std::size_t k = 0; k < list.size(); ++k) add_argument(frame, list[k], i, static_cast<std::int64_t>(k));
    } else if (inputs[i].isDouble() || inputs[i].isInt()) {
      frame.numbers.push_back({i, inputs[i].toScalar().toDouble()});
    } else if (inputs[i].isBool()) {
      frame.numbers.push_back({i, inputs[i].toBool() ? 1.0 : 0.0});
    } else if (inputs[i].isString() && frame.name.starts_with("aten::gelu")) {
      frame.texts.push_back({i, inputs[i].toStringRef()});
    } else if (inputs[i].isIntList() && asks_for_integers(frame.name)) {
      frame.integers.push_back({i, inputs[i].toIntVector()});
    }
  }
  return nullptr;
}

void leave(const at::RecordFunction&, at::ObserverContext*) {
  if (context.depth > 0) --context.depth;  // a tracker that began inside an operator sees its end alone
  set_current_operator(context.depth > 0 ? std::string_view(context.frames[context.depth - 1].name)
                                         : std::string_view());
}

/// Argument names by operator: looked up once, since schemas are found under a lock.
const std::vector<std::string>& argument_names(const Frame& frame) {
  thread_local std::unordered_map<std::string, std::vector<std::string>> names;
  auto [entry, is_new] = names.try_emplace(frame.name + "." + frame.overload);
  if (is_new) {
    if (const auto handle = c10::Dispatcher::singleton().findSchema({frame.name, frame.overload})) {
      for (const auto& argument : handle->schema().arguments()) entry->second.push_back(argument.name());
    }
  }
  return entry->second;
}

/// Index of an argument of the operator that is running, or nullopt.
std::optional<std::size_t> index_of(std::string_view argument) {
  if (context.depth == 0) return std::nullopt;
  const auto& names = argument_names(context.frames[context.depth - 1]);
  const auto found = std::find(names.begin(), names.end(), argument);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::string role_in(Frame& frame, const at::Tensor& tensor) {
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  for (const Argument& argument : frame.arguments) {
    if (argument.tensor != impl) continue;
    // Written by the operator itself (relu_): now its result.
    if (version_of(impl) != argument.version) return result_role(frame.name, frame.results++);
    const auto& names = argument_names(frame);
    const auto index = static_cast<std::size_t>(argument.index);
    std::string role = index < names.size() ? names[index] : "argument" + std::to_string(index);
    return argument.element < 0 ? role : role + "[" + std::to_string(argument.element) + "]";
  }
  // An in-place operator that needs its old input saves a clone of it; its result is the argument itself.
  if (frame.name.ends_with('_')) return "self";
  return result_role(frame.name, frame.results++);
}

}  // namespace

OperatorTracker::OperatorTracker() {
  context.depth = 0;
  set_current_operator({});
  context.occurrences.clear();
  context.tracked = true;
  callback_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(enter, leave).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

OperatorTracker::~OperatorTracker() {
  at::removeCallback(callback_);
  context.tracked = false;
  context.depth = 0;
  set_current_operator({});
}

SavingPoint OperatorTracker::describe(const at::Tensor& tensor) {
  static thread_local Frame outside;  // a custom function's forward runs outside any operator
  Frame* frame = context.depth > 0 ? &context.frames[context.depth - 1] : &outside;
  if (frame == &outside) {
    outside.name = "custom";
    outside.occurrence = 0;
    outside.results = 0;
  }
  SavingPoint point{frame->name, role_in(*frame, tensor), current_scope(), 1};
  if (frame->occurrence == 0) frame->occurrence = ++context.occurrences[current_scope() + '/' + frame->name];
  point.occurrence = frame->occurrence;
  return point;
}

std::optional<double> OperatorTracker::number(std::string_view argument) const {
  if (const auto index = index_of(argument)) {
    for (const Number& number : context.frames[context.depth - 1].numbers) {
      if (number.index == *index) return number.value;
    }
  }
  return std::nullopt;
}

std::vector<std::int64_t> OperatorTracker::integers(std::string_view argument) const {
  if (const auto index = index_of(argument)) {
    for (const Integers& integers : context.frames[context.depth - 1].integers) {
      if (integers.index == *index) return integers.values;
    }
  }
  return {};
}

std::optional<at::IntArrayRef> OperatorTracker::sizes(std::string_view argument) const {
  if (const auto index = index_of(argument)) {
    for (const Argument& tensor : context.frames[context.depth - 1].arguments) {
      if (static_cast<std::size_t>(tensor.index) == *index) return tensor.tensor->sizes();
    }
  }
  return std::nullopt;
}

at::Tensor OperatorTracker::tensor(std::string_view argument) const {
  if (const auto index = index_of(argument)) {
    for (const Argument& found : context.frames[context.depth - 1].arguments) {
      if (static_cast<std::size_t>(found.index) != *index || version_of(found.tensor) != found.version) continue;
      // The operator's caller holds it while the operator runs.
      auto* impl = const_cast<c10::TensorImpl*>(found.tensor);
      return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl));
    }
  }
  return {};
}

std::string OperatorTracker::text(std::string_view argument) const {
  if (const auto index = index_of(argument)) {
    for (const Text& text : context.frames[context.depth - 1].texts) {
      if (text.index == *index) return text.value;
    }
  }
  return {};
}

std::uint32_t OperatorTracker::count(const std::string& name) {
  return ++context.occurrences[current_scope() + '/' + name];
}

TrackerPosition TrackerPosition::of_thread() { return {current_scope(), context.occurrences}; }

TrackerRewind::TrackerRewind(const TrackerPosition& position)
    : outer_{std::move(current_scope()), std::move(context.occurrences)} {
  current_scope() = position.scope;
  context.occurrences = position.occurrences;
}

TrackerRewind::~TrackerRewind() {
  current_scope() = std::move(outer_.scope);
  context.occurrences = std::move(outer_.occurrences);
}

}  // namespace terse::act
