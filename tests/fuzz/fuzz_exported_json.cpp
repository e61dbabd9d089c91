// The JSON of exported programs and of their weights, as far as it is read without LibTorch.
#include <cstdint>

#include "accepted.hpp"
#include "terse/train/exported/graph.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::accepted([&] { train::exported::parse_payloads(text, "fuzz"); });
  fuzz::accepted([&] { train::exported::parse_graph(text, "fuzz"); });
  return 0;
}
