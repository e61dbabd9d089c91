#include "terse/relsim/kb/vocabulary.hpp"

#include <limits>

#include "terse/core/error.hpp"

namespace terse::relsim {

Vocabulary::Vocabulary(const std::vector<std::string>& names) {
  ids_.reserve(names.size());
  for (const auto& name : names) {
    const auto before = size();
    if (intern(name) != before) throw Error(Error::BadInput, "the name '" + name + "' comes twice");
  }
}

std::int32_t Vocabulary::intern(std::string_view name) {
  if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
  if (names_.size() >= std::numeric_limits<std::int32_t>::max()) throw Error(Error::BadInput, "more than 2^31 names");
  const auto id = static_cast<std::int32_t>(names_.size());
  ids_.emplace(names_.emplace_back(name), id);
  return id;
}

std::optional<std::int32_t> Vocabulary::find(std::string_view name) const {
  const auto found = ids_.find(name);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace terse::relsim
