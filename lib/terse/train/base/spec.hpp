#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace terse::train {

/// A `NAME[:argument][,key=value…]` from the command line: "resnet18:classes=10", "idx:DIR", "text:FILE,dev=FILE".
struct Spec {
  std::string what = {};  ///< "model", "data", "schedule": for messages
  std::string name = {};
  std::string argument =
      {};  ///< the first item after the colon where it is no key=value: a path or a shape; else empty
  std::map<std::string, std::string> values = {};

  bool operator==(const Spec&) const = default;
};

/// @throws Error::Usage on an empty name, an item without "=" after the first, an empty or repeated key
Spec parse_spec(std::string_view text, std::string_view what);

/// The one text of a spec: argument first, then the keys in sorted order.
std::string to_string(const Spec& spec);

/// Takes a spec's keys one by one, so that those nobody asked for can be named.
class SpecReader {
 public:
  explicit SpecReader(const Spec& spec) : spec_(spec) {}

  // The value of a key, or `otherwise` where it is missing. @throws Error::Usage naming the key and what it takes
  std::int64_t integer(const std::string& key, std::int64_t otherwise, std::int64_t minimum = 1);
  std::vector<std::int64_t> integers(const std::string& key, const std::vector<std::int64_t>& otherwise);  // "2x2x6"
  double number(const std::string& key, double otherwise, double minimum, double maximum);
  std::string text(const std::string& key, const std::string& otherwise);
  std::string choice(const std::string& key, const std::string& otherwise, const std::vector<std::string>& choices);
  /// The argument. @throws Error::Usage where it is empty, saying that `meaning` is missing
  const std::string& argument(const std::string& meaning) const;

  /// @throws Error::Usage listing the known keys where the spec has another one, or an argument that no one takes
  void finish(bool takes_argument = false) const;

  /// The spec with the value of every key that was asked for, defaults included.
  Spec resolved() const;

 private:
  const std::string* find(const std::string& key);
  const Spec& spec_;
  std::vector<std::string> known_;
  std::map<std::string, std::string> resolved_;
};

/// The error for a name that is none of `known`: `unknown model 'resnet19' (mlp, resnet18, …)`.
[[noreturn]] void throw_unknown_name(const Spec& spec, const std::vector<std::string>& known);

}  // namespace terse::train
