#include "common/version.hpp"

#include <nlohmann/json.hpp>

#include "terse/quant/lanes/simd_target.hpp"

namespace terse::tools {

std::string_view version() { return TERSE_VERSION; }

std::string version_text(const Tool& tool, bool json) {
  const std::string simd(quant::simd_target());
  if (json) {
    nlohmann::ordered_json facts{{"program", tool.name},
                                 {"version", TERSE_VERSION},
                                 {"build", TERSE_BUILD_TYPE},
                                 {"compiler", TERSE_COMPILER},
                                 {"simd", simd}};
    if (!tool.libtorch.empty()) facts["libtorch"] = tool.libtorch;
    return facts.dump() + "\n";
  }
  std::string text = std::string(tool.name) + " (Terse) " + TERSE_VERSION + "\n";
  text += "build     " TERSE_BUILD_TYPE "\n";
  text += "compiler  " TERSE_COMPILER "\n";
  text += "SIMD      " + simd + "\n";
  if (!tool.libtorch.empty()) text += "LibTorch  " + std::string(tool.libtorch) + "\n";
  return text;
}

}  // namespace terse::tools
