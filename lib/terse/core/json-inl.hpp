#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/core/size.hpp"

// JSON from outside, for sources that have nlohmann's library anyway. Its own parsers nest without limit, and the one
// with a callback looks through all siblings at the end of each object: n members take n² steps.
namespace terse::core {

/// How a document is parsed, and what is refused.
struct JsonRules {
  /// Most memory that the document may take, in bytes, as estimated while it is built. Lists of lists of nothing take
  /// 30 times their text.
  std::uint64_t memory = 4 * memory_allowance();
  std::size_t depth = 128;  ///< of objects and lists within each other
  /// Whether a member of that name is wanted; those that are not are checked and left out. Empty: all are.
  bool (*keeps)(const std::string& key) = nullptr;
  bool unique_keys = false;  ///< refuse an object with two members of one name; else the last counts
  /// Where not 0: values that lie as many levels deep (1: members of the whole) go to `take` one by one and are then
  /// forgotten, so that a large document never lies in memory as a whole.
  std::size_t taken_at = 0;
  /// @param keys    of the containers that the value lies in, from the outermost on; empty ones in a list
  /// @param parent  what the value is a member of
  std::function<void(const std::vector<std::string>& keys, const nlohmann::json& parent, nlohmann::json&& value)> take =
      nullptr;
};

/// nlohmann's events, made into a document under rules.
class JsonBuilder {
 public:
  using Json = nlohmann::json;

  JsonBuilder(const JsonRules& rules, std::string where) : rules_(rules), where_(std::move(where)) {}

  Json result() { return std::move(root_); }

  bool null() { return put(Json()); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(Json::number_integer_t value) { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value); }
  bool number_float(Json::number_float_t value, const std::string&) { return put(value); }
  bool string(std::string& value) {
    if (skipped_ == 0 && !skips_next_) used_ += value.size();
    return put(std::move(value));
  }
  bool binary(Json::binary_t&) { return true; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (skipped_ > 0) return true;
    if (rules_.keeps != nullptr && !rules_.keeps(name)) {
      skips_next_ = true;
      return true;
    }
    used_ += kBytesOfMember + name.size();
    if (rules_.unique_keys && open_.back()->contains(name)) refuse("names '" + name + "' twice");
    keys_.back() = std::move(name);
    return true;
  }

  template <class Exception>
  bool parse_error(std::size_t, const std::string&, const Exception& error) {
    throw error;
  }

 private:
  // A list's buffer grows by doubling: three times the 16 bytes of a value while it moves. A value's own object, list
  // or text comes with the allocator's word; a member with a node of a tree.
  static constexpr std::uint64_t kBytesOfValue = 3 * sizeof(Json) + 40, kBytesOfMember = 80;

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Error::BadInput, (where_.empty() ? "" : where_ + ": ") + what);
  }

  Json* place(Json part) {
    used_ += kBytesOfValue;
    if (used_ > rules_.memory) {
      throw Error(Error::OutOfMemory, (where_.empty() ? "" : where_ + ": ") + "JSON that needs more memory than " +
                                          format_size(rules_.memory) + "; --max-memory allows more");
    }
    if (open_.empty()) return &(root_ = std::move(part));
    Json& parent = *open_.back();
    if (parent.is_object()) return &(parent[keys_.back()] = std::move(part));
    parent.push_back(std::move(part));
    return &parent.back();
  }

  bool put(Json part) {
    if (skips()) return true;
    hand_over(place(std::move(part)));
    return true;
  }

  bool open(Json container) {
    if (depth_ >= rules_.depth) refuse("nested deeper than " + std::to_string(rules_.depth));
    ++depth_;
    if (skipped_ > 0 || skips_next_) {
      skips_next_ = false;
      ++skipped_;
      return true;
    }
    open_.push_back(place(std::move(container)));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    --depth_;
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    Json* const closed = open_.back();
    open_.pop_back();
    keys_.pop_back();
    hand_over(closed);
    return true;
  }

  /// Whether the value that comes is one that is left out.
  bool skips() {
    if (skipped_ > 0) return true;
    return std::exchange(skips_next_, false);
  }

  void hand_over(Json* value) {
    if (rules_.taken_at == 0 || open_.size() != rules_.taken_at) return;
    Json& parent = *open_.back();
    rules_.take(keys_, parent, std::move(*value));
    used_ = 0;
    if (parent.is_object()) {
      parent.erase(keys_.back());
    } else {
      parent.erase(parent.size() - 1);
    }
  }

  const JsonRules& rules_;
  std::string where_;
  Json root_;
  // Pointers stay valid: a container grows only while it is itself on top.
  std::vector<Json*> open_;
  std::vector<std::string> keys_;  // of the member that each open container is at
  std::size_t depth_ = 0, skipped_ = 0;
  std::uint64_t used_ = 0;
  bool skips_next_ = false;
};

/// Parses a document in time linear in its length.
/// @param where  begins messages about rules, with a colon; may be empty
/// @throws Error::BadInput where a rule is broken, Error::OutOfMemory beyond the rules' memory;
/// nlohmann::json::exception where the text is not JSON
inline nlohmann::json parse_json(std::string_view text, const std::string& where, const JsonRules& rules = {}) {
  JsonBuilder builder(rules, where);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.result();
}

}  // namespace terse::core
