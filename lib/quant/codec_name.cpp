#include "terse/quant/codec.hpp"

namespace terse::quant {

std::string_view to_string(Codec codec) {
  constexpr std::string_view kNames[] = {"raw", "affine", "mask", "integer", "sign", "constant"};
  return kNames[static_cast<int>(codec)];
}

}  // namespace terse::quant
