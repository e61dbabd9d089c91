#pragma once

#include <optional>
#include <string>

#include "terse/core/error.hpp"

namespace terse::test {

/// The terse::Error that `call` throws, or nullopt.
template <class Call>
std::optional<Error> error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// Whether `call` throws an Error of `code` whose message holds `part`.
template <class Call>
bool throws(Error::Code code, const std::string& part, Call&& call) {
  const auto error = error_of(call);
  return error && error->code() == code && std::string(error->what()).find(part) != std::string::npos;
}

}  // namespace terse::test
