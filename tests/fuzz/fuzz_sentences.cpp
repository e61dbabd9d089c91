// Sentences as FewRel's and TACRED's JSON and as TSV: entities' tokens lie in the sentence.
#include <cstdint>

#include "accepted.hpp"
#include "terse/relsim/extraction/sentence_reader.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relsim::SentenceSet set;
  fuzz::accepted([&] { relsim::read_sentences(fuzz::source_of(core::as_bytes(data, size)), set); });
  for (const relsim::Sentence& sentence : set.sentences) {
    for (const relsim::Span& span : {sentence.head, sentence.tail}) {
      if (span.begin < 0 || span.end <= span.begin || span.end > static_cast<std::int32_t>(sentence.tokens.size())) {
        std::abort();
      }
    }
    if (sentence.relation < 0 || sentence.relation >= set.relations.size()) std::abort();
  }
  return 0;
}
