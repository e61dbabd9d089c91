// OpenKE's three files, one after the other, with a form feed between them.
#include <cstdint>

#include "accepted.hpp"
#include "facts_check.hpp"
#include "terse/relsim/kb/openke_reader.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::byte> parts[3];
  auto rest = core::as_bytes(data, size);
  for (auto& part : parts) {
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != std::byte{'\f'}) ++length;
    part = rest.first(length);
    rest = rest.subspan(std::min(length + 1, rest.size()));
  }
  relsim::KnowledgeBase kb;
  fuzz::accepted([&] {
    relsim::read_openke({fuzz::source_of(parts[0]), fuzz::source_of(parts[1]), fuzz::source_of(parts[2])}, kb);
  });
  fuzz::check_facts(kb);
  return 0;
}
