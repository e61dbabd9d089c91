#pragma once

#include <string>
#include <string_view>

#include "terse/act/tensor/torch.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

/// Calls `body` and turns LibTorch's exceptions, which carry a backtrace and know no exit code, into terse::Error:
/// its allocator's into OutOfMemory, all others into `otherwise`.
template <class Body>
auto with_torch_errors(Error::Code otherwise, Body body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("allocate") != std::string::npos && what.find("memory") != std::string::npos;
    throw Error(memory ? Error::Code::OutOfMemory : otherwise, what.substr(0, what.find('\n')));
  }
}

}  // namespace terse::act
