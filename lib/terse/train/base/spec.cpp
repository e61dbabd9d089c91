#include "terse/train/base/spec.hpp"

#include <algorithm>
#include <charconv>

#include "terse/core/error.hpp"

namespace terse::train {

namespace {

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

Error bad_value(const Spec& spec, const std::string& key, const std::string& value, const std::string& expected) {
  return {Error::Usage, spec.what + " " + spec.name + ": " + key + "=" + value + " (expected " + expected + ")"};
}

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

Spec parse_spec(std::string_view text, std::string_view what) {
  Spec spec{.what = std::string(what)};
  const auto fail = [&](const std::string& why) {
    return Error(Error::Usage, spec.what + " '" + std::string(text) + "': " + why);
  };
  const auto colon = text.find(':');
  spec.name = text.substr(0, colon);
  if (spec.name.empty()) throw fail("no name");
  if (colon == std::string_view::npos) return spec;
  std::string_view rest = text.substr(colon + 1);
  for (bool first = true; !rest.empty() || first; first = false) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto item = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) {
      if (!first || item.empty()) throw fail("'" + std::string(item) + "' is not key=value");
      spec.argument = item;
    } else if (equals == 0 || !spec.values.emplace(item.substr(0, equals), item.substr(equals + 1)).second) {
      throw fail("empty or repeated key in '" + std::string(item) + "'");
    }
  }
  return spec;
}

std::string to_string(const Spec& spec) {
  std::string text = spec.name;
  char separator = ':';
  if (!spec.argument.empty()) {
    text += separator + spec.argument;
    separator = ',';
  }
  for (const auto& [key, value] : spec.values) {
    text += separator + key + "=" + value;
    separator = ',';
  }
  return text;
}

const std::string* SpecReader::find(const std::string& key) {
  known_.push_back(key);
  const auto found = spec_.values.find(key);
  return found == spec_.values.end() ? nullptr : &found->second;
}

std::int64_t SpecReader::integer(const std::string& key, std::int64_t otherwise, std::int64_t minimum) {
  const auto* value = find(key);
  resolved_[key] = value ? *value : std::to_string(otherwise);
  if (!value) return otherwise;
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (status != std::errc{} || end != value->data() + value->size() || number < minimum) {
    throw bad_value(spec_, key, *value, "an integer of at least " + std::to_string(minimum));
  }
  return number;
}

std::vector<std::int64_t> SpecReader::integers(const std::string& key, const std::vector<std::int64_t>& otherwise) {
  const auto* value = find(key);
  auto& resolved = resolved_[key];
  if (!value) {
    for (const auto number : otherwise) resolved += (resolved.empty() ? "" : "x") + std::to_string(number);
    return otherwise;
  }
  resolved = *value;
  std::vector<std::int64_t> numbers;
  const char* const end = value->data() + value->size();
  for (const char* at = value->data(); numbers.empty() || at < end;) {
    std::int64_t number = 0;
    const auto [next, status] = std::from_chars(at, end, number);
    if (status != std::errc{} || number < 1 || (next != end && (*next != 'x' || next + 1 == end))) {
      throw bad_value(spec_, key, *value, "positive integers as 2x2x6");
    }
    numbers.push_back(number);
    at = next == end ? end : next + 1;
  }
  return numbers;
}

double SpecReader::number(const std::string& key, double otherwise, double minimum, double maximum) {
  const auto* value = find(key);
  resolved_[key] = value ? *value : shortest(otherwise);
  if (!value) return otherwise;
  double number = 0;
  const auto [end, status] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (status != std::errc{} || end != value->data() + value->size() || !(number >= minimum && number <= maximum)) {
    throw bad_value(spec_, key, *value, "a number from " + shortest(minimum) + " to " + shortest(maximum));
  }
  return number;
}

std::string SpecReader::text(const std::string& key, const std::string& otherwise) {
  const auto* value = find(key);
  return resolved_[key] = value ? *value : otherwise;
}

std::string SpecReader::choice(const std::string& key, const std::string& otherwise,
                               const std::vector<std::string>& choices) {
  const auto value = text(key, otherwise);
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    throw bad_value(spec_, key, value, join(choices));
  }
  return value;
}

const std::string& SpecReader::argument(const std::string& meaning) const {
  if (spec_.argument.empty()) {
    throw Error(Error::Usage, spec_.what + " " + spec_.name + ": " + spec_.name + ":" + meaning + " is missing");
  }
  return spec_.argument;
}

void SpecReader::finish(bool takes_argument) const {
  if (!takes_argument && !spec_.argument.empty()) {
    throw Error(Error::Usage, spec_.what + " " + spec_.name + ": '" + spec_.argument + "' is not key=value");
  }
  for (const auto& [key, value] : spec_.values) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      throw Error(Error::Usage, spec_.what + " " + spec_.name + ": unknown key '" + key + "' (" +
                                    (known_.empty() ? "it takes none" : join(known_)) + ")");
    }
  }
}

Spec SpecReader::resolved() const {
  Spec spec = spec_;
  spec.values = resolved_;
  return spec;
}

void throw_unknown_name(const Spec& spec, const std::vector<std::string>& known) {
  throw Error(Error::Usage, "unknown " + spec.what + " '" + spec.name + "' (" + join(known) + ")");
}

}  // namespace terse::train
