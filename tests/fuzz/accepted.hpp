#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <span>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"

namespace terse::fuzz {

/// Whether `read` takes its input. It may refuse it as any file from outside is refused; an internal error, or an
/// exception that is no Error, is a find. Inputs may take little memory beside their own size.
inline bool accepted(const std::function<void()>& read) {
  core::set_memory_allowance(1u << 20);
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (error.code() == Error::Internal) std::abort();
    return false;
  }
}

inline std::unique_ptr<core::ByteSource> source_of(std::span<const std::byte> bytes) {
  return core::memory_source(bytes, "fuzz");
}

}  // namespace terse::fuzz
