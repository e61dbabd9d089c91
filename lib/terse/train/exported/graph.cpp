#include "terse/train/exported/graph.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "terse/core/error.hpp"
#include "terse/core/json-inl.hpp"

namespace terse::train::exported {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t kSchemaMajor = 8;

/// Not so the parts of a program that the interpreter has no use for and that are most of its text.
bool is_needed(const std::string& key) {
  return key != "stack_trace" && key != "torch_fn" && key != "from_node" && key != "module_call_graph" &&
         key != "guards_code";
}

/// The parsers below throw this; parse() puts the file's name in front.
[[noreturn]] void refuse(const std::string& what) { throw Error(Error::BadInput, what); }

/// A union of the schema is an object with one member, whose key says which alternative it is.
std::pair<const std::string&, const Json&> alternative(const Json& json) {
  if (!json.is_object() || json.size() != 1) refuse("a union with other than one member");
  return {json.begin().key(), json.begin().value()};
}

double number(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const auto& text = json.get_ref<const std::string&>();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  refuse("'" + text + "' where a number belongs");
}

std::int64_t integer(const Json& json) {
  if (!json.is_number_integer()) refuse("something else where an integer belongs");
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    refuse("an integer beyond 64 bits");
  }
  return json.get<std::int64_t>();
}

bool boolean(const Json& json) { return json.get<bool>(); }
std::string text(const Json& json) { return json.get<std::string>(); }
Element tensor_use(const Json& json) { return ValueName{text(json.at("name"))}; }

/// SymIntArgument, SymFloatArgument, SymBoolArgument: a name or a number.
Element symbolic(const Json& json) {
  const auto [kind, value] = alternative(json);
  if (kind == "as_name") return ValueName{text(value)};
  if (kind == "as_int") return integer(value);
  if (kind == "as_float") return number(value);
  if (kind == "as_bool") return boolean(value);
  refuse("a symbolic argument of kind " + kind);
}

/// OptionalTensorArgument.
Element optional_tensor(const Json& json) {
  const auto [kind, value] = alternative(json);
  if (kind == "as_none") return std::monostate{};
  if (kind == "as_tensor") return tensor_use(value);
  refuse("an optional tensor of kind " + kind);
}

struct ArgumentKind {
  std::string_view name;
  bool list;
  Argument::Meaning meaning;
  Element (*parse)(const Json&);
};

Element parse_none(const Json&) { return std::monostate{}; }
Element parse_integer(const Json& json) { return integer(json); }
Element parse_number(const Json& json) { return number(json); }
Element parse_boolean(const Json& json) { return boolean(json); }
Element parse_text(const Json& json) { return text(json); }
Element parse_device(const Json& json) { return text(json.at("type")); }

using enum Argument::Meaning;
constexpr ArgumentKind kKinds[] = {
    {"as_none", false, Plain, parse_none},
    {"as_tensor", false, Plain, tensor_use},
    {"as_tensors", true, Plain, tensor_use},
    {"as_optional_tensor", false, Plain, optional_tensor},
    {"as_optional_tensors", true, Plain, optional_tensor},
    {"as_int", false, Plain, parse_integer},
    {"as_ints", true, Plain, parse_integer},
    {"as_float", false, Plain, parse_number},
    {"as_floats", true, Plain, parse_number},
    {"as_bool", false, Plain, parse_boolean},
    {"as_bools", true, Plain, parse_boolean},
    {"as_string", false, Plain, parse_text},
    {"as_sym_int", false, Plain, symbolic},
    {"as_sym_ints", true, Plain, symbolic},
    {"as_sym_float", false, Plain, symbolic},
    {"as_sym_floats", true, Plain, symbolic},
    {"as_sym_bool", false, Plain, symbolic},
    {"as_sym_bools", true, Plain, symbolic},
    {"as_scalar_type", false, ScalarType, parse_integer},
    {"as_memory_format", false, MemoryFormat, parse_integer},
    {"as_layout", false, Layout, parse_integer},
    {"as_device", false, Device, parse_device},
};

Argument parse_argument(const Json& json) {
  const auto [kind, value] = alternative(json);
  for (const ArgumentKind& known : kKinds) {
    if (known.name != kind) continue;
    Argument argument{known.meaning, known.list, {}, kind};
    if (known.list) {
      if (!value.is_array()) refuse("an argument of kind " + kind + " that is not a list");
      for (const Json& element : value) argument.elements.push_back(known.parse(element));
    } else {
      argument.elements.push_back(known.parse(value));
    }
    return argument;
  }
  return {Argument::Meaning::Unsupported, false, {}, kind};  // refused once it is known whose it is
}

Extent parse_extent(const Json& json) {
  const auto [kind, value] = alternative(json);
  if (kind == "as_int") return {integer(value), {}};
  if (kind != "as_expr") refuse("an extent of kind " + kind);
  // A lone symbol reads "Symbol('s77', positive=True, integer=True)"; anything longer is an expression.
  const std::string expression = text(value.at("expr_str"));
  constexpr std::string_view kOpening = "Symbol('";
  const std::size_t quote = expression.find('\'', kOpening.size());
  if (!expression.starts_with(kOpening) || quote == std::string::npos ||
      expression.find(')') != expression.size() - 1) {
    return {};
  }
  return {std::nullopt, expression.substr(kOpening.size(), quote - kOpening.size())};
}

TensorMeta parse_meta(const Json& json) {
  TensorMeta meta;
  meta.scalar_type = static_cast<int>(integer(json.at("dtype")));
  meta.requires_grad = boolean(json.at("requires_grad"));
  for (const Json& extent : json.at("sizes")) meta.sizes.push_back(parse_extent(extent));
  for (const Json& extent : json.at("strides")) meta.strides.push_back(parse_extent(extent));
  meta.storage_offset = parse_extent(json.at("storage_offset"));
  return meta;
}

/// "L__self__,,ResNet;L__self__layer1.0.conv1,layer1.0.conv1,Conv2d" ends with the innermost module: key, path, type.
std::string innermost_path(const Json& metadata) {
  const auto found = metadata.find("nn_module_stack");
  if (found == metadata.end()) return {};
  const std::string stack = text(*found);
  const std::size_t last = stack.rfind(';') + 1;  // npos + 1 is 0
  const std::size_t begin = stack.find(',', last);
  const std::size_t end = begin == std::string::npos ? begin : stack.find(',', begin + 1);
  if (end == std::string::npos || stack.compare(last, 1, "_") == 0) return {};  // "_empty_nn_module_stack…"
  return stack.substr(begin + 1, end - begin - 1);
}

Node parse_node(const Json& json) {
  Node node;
  node.target = text(json.at("target"));
  const auto name = json.find("name");
  if (name != json.end() && name->is_string()) node.name = text(*name);
  node.module_path = innermost_path(json.at("metadata"));
  for (const Json& input : json.at("inputs")) {
    node.inputs.push_back({text(input.at("name")), parse_argument(input.at("arg"))});
  }
  for (const Json& output : json.at("outputs")) node.outputs.push_back(parse_argument(output));
  return node;
}

std::string only_name(const Argument& argument) {
  if (argument.list || argument.elements.size() != 1) return {};
  const auto* use = std::get_if<ValueName>(&argument.elements.front());
  return use ? use->name : std::string();
}

/// ConstantValue has the alternatives of an argument that are plain.
InputSpec parse_input_spec(const Json& json) {
  const auto [kind, value] = alternative(json);
  InputSpec spec;
  if (kind == "user_input") {
    spec.literal = parse_argument(value.at("arg"));
    spec.value = only_name(spec.literal);
    if (spec.value.empty()) spec.kind = InputSpec::Kind::Literal;
  } else if (kind == "parameter") {
    spec = {InputSpec::Kind::Parameter, text(value.at("arg").at("name")), text(value.at("parameter_name")), true, {}};
  } else if (kind == "buffer") {
    spec = {InputSpec::Kind::Buffer,
            text(value.at("arg").at("name")),
            text(value.at("buffer_name")),
            boolean(value.at("persistent")),
            {}};
  } else if (kind == "tensor_constant") {
    spec = {
        InputSpec::Kind::Constant, text(value.at("arg").at("name")), text(value.at("tensor_constant_name")), false, {}};
  } else if (kind == "constant_input") {
    spec = {InputSpec::Kind::Literal, text(value.at("name")), {}, false, parse_argument(value.at("value"))};
  } else {
    refuse("an input of kind " + kind + " is not supported");
  }
  return spec;
}

OutputSpec parse_output_spec(const Json& json) {
  const auto [kind, value] = alternative(json);
  if (kind == "user_output") return {OutputSpec::Kind::User, parse_argument(value.at("arg")), {}};
  if (kind == "buffer_mutation") {
    return {OutputSpec::Kind::BufferMutation,
            {Argument::Meaning::Plain, false, {tensor_use(value.at("arg"))}, "as_tensor"},
            text(value.at("buffer_name"))};
  }
  if (kind == "user_input_mutation")
    refuse("the program changes its input '" + text(value.at("user_input_name")) + "'");
  if (kind == "parameter_mutation") {
    refuse("the program changes its parameter '" + text(value.at("parameter_name")) + "'");
  }
  refuse("an output of kind " + kind + " is not supported");
}

Range parse_range(const Json& json) {
  const auto bound = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    return integer(*found);
  };
  return {bound("min_val"), bound("max_val")};
}

void check_version(const Json& program) {
  const Json& version = program.at("schema_version");
  const std::int64_t major = integer(version.at("major"));
  if (major != kSchemaMajor) {
    refuse("schema version " + std::to_string(major) + "; only " + std::to_string(kSchemaMajor) +
           " is read (PyTorch 2.8 and later write it)");
  }
}

Graph to_graph(const Json& program) {
  check_version(program);
  Graph graph;
  const Json& module = program.at("graph_module");
  for (const Json& spec : module.at("signature").at("input_specs")) graph.inputs.push_back(parse_input_spec(spec));
  for (const Json& spec : module.at("signature").at("output_specs")) graph.outputs.push_back(parse_output_spec(spec));
  const Json& body = module.at("graph");
  for (const Json& node : body.at("nodes")) graph.nodes.push_back(parse_node(node));
  for (const InputSpec& input : graph.inputs) {
    if (input.kind != InputSpec::Kind::User) continue;
    const auto meta = body.at("tensor_values").find(input.value);
    if (meta != body.at("tensor_values").end()) graph.user_tensors[input.value] = parse_meta(*meta);
  }
  for (const auto& [symbol, range] : program.at("range_constraints").items()) graph.ranges[symbol] = parse_range(range);
  return graph;
}

std::vector<Payload> to_payloads(const Json& json) {
  std::vector<Payload> payloads;
  for (const auto& [qualified, item] : json.at("config").items()) {
    Payload payload{qualified, text(item.at("path_name")), boolean(item.at("use_pickle")), std::nullopt};
    const Json& meta = item.at("tensor_meta");
    if (!meta.is_null()) payload.meta = parse_meta(meta);
    payloads.push_back(std::move(payload));
  }
  return payloads;
}

template <class Convert>
auto parse(std::string_view json, const std::string& where, Convert convert, const core::JsonRules& rules) {
  try {
    return convert(core::parse_json(json, "", rules));
  } catch (const Json::parse_error&) {
    throw Error(Error::Code::BadInput, where + ": not valid JSON");
  } catch (const Json::exception& error) {
    throw Error(Error::Code::BadInput, where + ": not as the export schema has it " + error.what());
  } catch (const Error& error) {
    throw Error(error.code(), where + ": " + error.what());
  }
}

}  // namespace

Graph parse_graph(std::string_view json, const std::string& where) {
  return parse(json, where, to_graph, {.keeps = is_needed});
}

std::vector<Payload> parse_payloads(std::string_view json, const std::string& where) {
  return parse(json, where, to_payloads, {});
}

std::optional<core::DType> element_type(std::int64_t scalar_type) {
  using enum core::DType;
  switch (scalar_type) {
    case 1:
      return UInt8;
    case 2:
      return Int8;
    case 3:
      return Int16;
    case 4:
      return Int32;
    case 5:
      return Int64;
    case 6:
      return Float16;
    case 7:
      return Float32;
    case 8:
      return Float64;
    case 12:
      return Bool;
    case 13:
      return BFloat16;
    default:
      return std::nullopt;
  }
}

}  // namespace terse::train::exported
