#pragma once

#include <string>
#include <string_view>

namespace terse::relsim {

/// Calls visit(characters) for a name's characters, three to five in a row, between marks of its ends; case and digits
/// do not matter.
template <class Visit>
void each_gram(std::string_view name, Visit visit) {
  std::string text = "^";
  for (const char c : name)
    text += c >= '0' && c <= '9' ? '#' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text += '$';
  for (std::size_t length = 3; length <= 5; ++length) {
    for (std::size_t i = 0; i + length <= text.size(); ++i) visit(std::string_view(text).substr(i, length));
  }
}

}  // namespace terse::relsim
