#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace terse::relsim {

/// Names with dense ids 0, 1, 2 … in order of first appearance. Each name is stored once.
class Vocabulary {
 public:
  Vocabulary() = default;
  /// @throws Error::BadInput where a name comes twice
  explicit Vocabulary(const std::vector<std::string>& names);
  Vocabulary(Vocabulary&&) noexcept = default;
  Vocabulary& operator=(Vocabulary&&) noexcept = default;

  /// The id of `name`, made where it is new. @throws Error::BadInput beyond 2^31 - 1 names
  std::int32_t intern(std::string_view name);
  std::optional<std::int32_t> find(std::string_view name) const;
  const std::string& name(std::int32_t id) const { return names_[static_cast<std::size_t>(id)]; }
  std::int32_t size() const { return static_cast<std::int32_t>(names_.size()); }
  std::vector<std::string> names() const { return {names_.begin(), names_.end()}; }

 private:
  std::deque<std::string> names_;  // a deque: the keys below point into it
  std::unordered_map<std::string_view, std::int32_t> ids_;
};

}  // namespace terse::relsim
