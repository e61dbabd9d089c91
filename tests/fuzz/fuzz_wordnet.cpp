// A file of WordNet's: its synsets and their pointers.
#include <cstdint>

#include "accepted.hpp"
#include "facts_check.hpp"
#include "terse/relsim/kb/wordnet_reader.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relsim::KnowledgeBase kb;
  std::vector<std::unique_ptr<core::ByteSource>> sources;
  sources.push_back(fuzz::source_of(core::as_bytes(data, size)));
  fuzz::accepted([&] { relsim::read_wordnet(std::move(sources), "fuzz", kb); });
  fuzz::check_facts(kb);
  return 0;
}
