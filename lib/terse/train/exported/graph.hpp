#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "terse/core/dtype.hpp"

/// The content of a program saved by `torch.export.save`, as plain data: no LibTorch here.
/// Source: torch/_export/serde/schema.py, major version 8.
namespace terse::train::exported {

/// A use of a value that a node, an input or a constant defines.
struct ValueName {
  std::string name;
};

/// One argument or element of an argument; monostate is None.
using Element = std::variant<std::monostate, ValueName, std::int64_t, double, bool, std::string>;

/// An argument as it is written in the file, before an operator's schema gives it a type.
struct Argument {
  enum class Meaning { Plain, ScalarType, MemoryFormat, Layout, Device, Unsupported };
  Meaning meaning = Meaning::Plain;
  bool list = false;
  std::vector<Element> elements;  ///< one, unless `list`
  std::string kind;               ///< the file's word for it, such as "as_sym_ints"
};

struct NamedArgument {
  std::string name;
  Argument value;
};

/// One call of an operator.
struct Node {
  std::string name;
  std::string target;       ///< "torch.ops.aten.conv2d.default", "_operator.mul"
  std::string module_path;  ///< innermost module, such as "layer1.0.conv1"; empty for the root
  std::vector<NamedArgument> inputs;
  std::vector<Argument> outputs;  ///< one a result of the operator; a list where the result is a list
};

/// An extent: a number, or a symbol such as "s77" (empty where it is an expression of several).
struct Extent {
  std::optional<std::int64_t> number;
  std::string symbol;
};

struct TensorMeta {
  int scalar_type = 0;  ///< the export schema's numbering; see element_type()
  bool requires_grad = false;
  std::vector<Extent> sizes, strides;
  Extent storage_offset;
};

/// What is bound to a graph input before a run.
struct InputSpec {
  enum class Kind { User, Parameter, Buffer, Constant, Literal };
  Kind kind = Kind::User;
  std::string value;       ///< the graph's name for it
  std::string qualified;   ///< PyTorch's name of a parameter, buffer or constant
  bool persistent = true;  ///< a buffer that belongs to the state dict
  Argument literal;        ///< for Literal, and for a User input that is not a tensor
};

/// What becomes of a graph output.
struct OutputSpec {
  enum class Kind { User, BufferMutation };
  Kind kind = Kind::User;
  Argument value;
  std::string qualified;  ///< the buffer that takes the value
};

struct Range {
  std::optional<std::int64_t> least, most;
};

struct Graph {
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::vector<Node> nodes;
  std::map<std::string, TensorMeta> user_tensors;  ///< of the user inputs, by value name
  std::map<std::string, Range> ranges;             ///< of the symbols
};

/// Parses `models/NAME.json`.
/// @param where  the file and record for messages
/// @throws Error::BadInput naming what is malformed or of an unknown version
Graph parse_graph(std::string_view json, const std::string& where);

/// Where a parameter, buffer or constant lies in the archive.
struct Payload {
  std::string qualified;  ///< "layer1.0.conv1.weight"
  std::string record;     ///< "weight_3"
  bool pickled = false;
  std::optional<TensorMeta> meta;
};

/// Parses `data/weights/…_config.json` or `data/constants/…_config.json`.
std::vector<Payload> parse_payloads(std::string_view json, const std::string& where);

/// The element type behind the export schema's number (7 is float32); nullopt for those that we do not have.
std::optional<core::DType> element_type(std::int64_t scalar_type);

}  // namespace terse::train::exported
