#include "terse/relsim/ranking/divergences.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

constexpr std::string_view kPrecisions[] = {"auto", "bfloat16", "single", "double"};

}  // namespace

std::string_view to_string(Precision precision) { return kPrecisions[static_cast<std::size_t>(precision)]; }

Precision precision_called(std::string_view name) {
  const auto* found = std::ranges::find(kPrecisions, name);
  if (found == std::end(kPrecisions)) throw Error(Error::Usage, "no such precision: '" + std::string(name) + "'");
  return static_cast<Precision>(found - std::begin(kPrecisions));
}

}  // namespace terse::relsim
