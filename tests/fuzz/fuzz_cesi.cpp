// CESI's Open IE triples, plain and compressed.
#include <cstdint>

#include "accepted.hpp"
#include "facts_check.hpp"
#include "terse/relsim/kb/cesi_reader.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relsim::KnowledgeBase kb;
  fuzz::accepted([&] { relsim::read_cesi(fuzz::source_of(core::as_bytes(data, size)), kb); });
  fuzz::check_facts(kb);
  return 0;
}
