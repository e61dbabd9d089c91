#include "terse/relsim/extraction/sentence_features.hpp"

#include <algorithm>
#include <map>

namespace terse::relsim {
namespace {

std::int64_t number_of(const Vocabulary& vocabulary, const std::string& name) {
  const auto id = vocabulary.find(name);
  return id ? *id + 2 : 1;
}

/// The part of a sentence that a batch holds: at most `length` tokens with both entities as near the middle as can be.
Span window_of(const Sentence& s, std::int64_t length) {
  const auto tokens = static_cast<std::int64_t>(s.tokens.size());
  if (tokens <= length) return {0, static_cast<std::int32_t>(tokens)};
  const auto first = std::min(s.head.begin, s.tail.begin), last = std::max(s.head.end, s.tail.end);
  const auto middle = (static_cast<std::int64_t>(first) + last) / 2;
  const auto begin = std::clamp<std::int64_t>(middle - length / 2, 0, tokens - length);
  return {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(begin + length)};
}

/// 1 … 2·kFarthest + 1: how far token i is from a span, 0 within it.
std::int64_t distance_number(std::int32_t i, const Span& span) {
  const std::int64_t distance = i < span.begin ? i - span.begin : i >= span.end ? i - span.end + 1 : 0;
  return std::clamp(distance, -kFarthest, kFarthest) + kFarthest + 1;
}

}  // namespace

FeatureVocabulary FeatureVocabulary::of(std::span<const Sentence> sentences, std::int64_t least, std::int64_t length) {
  std::map<std::string, std::int64_t> counts;
  FeatureVocabulary vocabulary;
  vocabulary.length = length;
  for (const auto& s : sentences) {
    for (const auto& token : s.tokens) ++counts[token];
    for (const auto& tag : s.tags) vocabulary.tags.intern(tag);
    for (const auto& entity : s.entities) vocabulary.entities.intern(entity);
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [word, count] : counts) {
    if (count >= least) order.emplace_back(-count, word);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [count, word] : order) vocabulary.words.intern(word);
  return vocabulary;
}

SentenceBatch make_batch(const FeatureVocabulary& vocabulary, std::span<const Sentence> set,
                         std::span<const std::uint32_t> chosen) {
  const auto n = static_cast<std::int64_t>(chosen.size());
  std::vector<Span> windows;
  std::int64_t longest = 1;
  for (const auto i : chosen) {
    windows.push_back(window_of(set[i], vocabulary.length));
    longest = std::max<std::int64_t>(longest, windows.back().end - windows.back().begin);
  }
  const auto zeros = [&] { return at::zeros({n, longest}, at::kLong); };
  SentenceBatch batch;
  batch.words = zeros();
  batch.head_distance = zeros();
  batch.tail_distance = zeros();
  if (vocabulary.tags.size() > 0) batch.tags = zeros();
  if (vocabulary.entities.size() > 0) batch.entities = zeros();
  batch.mask = at::zeros({n, longest});
  batch.lengths = at::zeros({n}, at::kLong);
  batch.relations = at::zeros({n}, at::kLong);
  for (std::int64_t row = 0; row < n; ++row) {
    const auto& s = set[chosen[static_cast<std::size_t>(row)]];
    const auto& window = windows[static_cast<std::size_t>(row)];
    batch.lengths.data_ptr<std::int64_t>()[row] = window.end - window.begin;
    batch.relations.data_ptr<std::int64_t>()[row] = s.relation;
    for (auto i = window.begin; i < window.end; ++i) {
      const auto at = row * longest + (i - window.begin);
      const auto token = static_cast<std::size_t>(i);
      batch.words.data_ptr<std::int64_t>()[at] = number_of(vocabulary.words, s.tokens[token]);
      batch.head_distance.data_ptr<std::int64_t>()[at] = distance_number(i, s.head);
      batch.tail_distance.data_ptr<std::int64_t>()[at] = distance_number(i, s.tail);
      batch.mask.data_ptr<float>()[at] = 1;
      if (batch.tags.defined()) {
        batch.tags.data_ptr<std::int64_t>()[at] = s.tags.empty() ? 1 : number_of(vocabulary.tags, s.tags[token]);
      }
      if (batch.entities.defined()) {
        batch.entities.data_ptr<std::int64_t>()[at] =
            s.entities.empty() ? 1 : number_of(vocabulary.entities, s.entities[token]);
      }
    }
  }
  return batch;
}

}  // namespace terse::relsim
