#include "terse/act/tensor/saved_tensor.hpp"

#include <array>

namespace terse::act {

std::string_view to_string(Reason reason) {
  static constexpr std::array<std::string_view, kReasonCount> kNames = {
      "quantized",  "mask",   "integer", "constant", "shared",   "parameter", "buffer",     "batch",  "small",
      "non-finite", "device", "exact",   "shape",    "critical", "derived",   "recomputed", "no-rule"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace terse::act
