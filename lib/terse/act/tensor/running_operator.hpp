#pragma once

#include <string_view>

namespace terse::act {

/// Name of the operator that this thread is running under an OperatorTracker ("aten::relu"), or "".
std::string_view current_operator();

/// For the tracker: `name` is running from now on. It must stay in place until the next call.
void set_current_operator(std::string_view name);

}  // namespace terse::act
