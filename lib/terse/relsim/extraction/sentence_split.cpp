#include "terse/relsim/extraction/sentence_split.hpp"

#include <algorithm>
#include <utility>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {

SentenceSplit read_sentence_split(const std::vector<std::string>& inputs, const std::string& valid, double share,
                                  std::uint64_t seed) {
  if (valid == "-" && std::ranges::find(inputs, "-") != inputs.end()) {
    throw Error(Error::Usage, "standard input is given twice: as an input and to --valid");
  }
  SentenceSet set;
  for (const auto& input : inputs) read_sentences(input, set);
  if (set.sentences.empty()) throw Error(Error::BadInput, core::source_name(inputs.front()) + ": no sentences");
  SentenceSplit split;
  if (valid.empty()) {
    core::RandomSequence random({seed, core::stream_of("relsim/held-out sentences"), 0});
    for (auto& sentence : set.sentences) {
      (random.uniform() < share ? split.held_out : split.train).push_back(std::move(sentence));
    }
  } else {
    split.train = std::move(set.sentences);
    const auto known = set.relations.size();
    set.sentences.clear();
    read_sentences(valid, set);
    for (auto& sentence : set.sentences) {
      if (sentence.relation < known) split.held_out.push_back(std::move(sentence));
    }
    split.skipped = set.sentences.size() - split.held_out.size();
    if (split.skipped > 0) {
      Vocabulary trained;
      for (std::int32_t r = 0; r < known; ++r) trained.intern(set.relations.name(r));
      set.relations = std::move(trained);
    }
  }
  if (split.train.empty())
    throw Error(Error::BadInput, core::source_name(inputs.front()) + ": no sentences are left to train on");
  split.relations = std::move(set.relations);
  return split;
}

}  // namespace terse::relsim
