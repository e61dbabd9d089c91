#include "terse/relsim/extraction/extractor_answers.hpp"

#include <algorithm>
#include <numeric>

#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {

namespace {
constexpr std::int64_t kScoringBatch = 64;
}

std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                  std::span<const Sentence> sentences) {
  const auto relations = extractor.shape().relations;
  std::vector<float> logits(sentences.size() * static_cast<std::size_t>(relations));
  // Sentences of one length go together, so that few tokens are padding; each batch is one thread's.
  std::vector<std::uint32_t> order(sentences.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return sentences[a].tokens.size() < sentences[b].tokens.size(); });
  const auto batches = (order.size() + kScoringBatch - 1) / kScoringBatch;
  parallel_compute(batches, 1, [&](std::size_t first, std::size_t last) {
    for (auto b = first; b < last; ++b) {
      const auto chosen = std::span(order).subspan(
          b * kScoringBatch, std::min<std::size_t>(order.size() - b * kScoringBatch, kScoringBatch));
      const auto rows = extractor.forward(make_batch(vocabulary, sentences, chosen), {}).contiguous();
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        std::copy_n(rows.data_ptr<float>() + static_cast<std::int64_t>(i) * relations, relations,
                    logits.begin() + static_cast<std::int64_t>(chosen[i]) * relations);
      }
    }
  });
  return logits;
}

std::vector<std::int32_t> answers_of(std::span<const float> logits, std::size_t relations) {
  std::vector<std::int32_t> answers;
  for (std::size_t at = 0; at < logits.size(); at += relations) {
    const auto row = logits.subspan(at, relations);
    answers.push_back(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return answers;
}

}  // namespace terse::relsim
