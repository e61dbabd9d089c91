#include "terse/relsim/phrases/phrase_similarity.hpp"

#include <libstemmer.h>

#include <cmath>
#include <map>
#include <memory>

#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
/// Bytes of UTF-8 beyond ASCII count as letters.
bool is_word(char c) {
  return is_small(c) || is_capital(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

std::vector<std::string> words_of(const std::string& phrase) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : phrase) {
    if (!is_word(c) || (is_capital(c) && is_small(before))) words.emplace_back();
    if (is_word(c)) words.back() += is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  std::erase(words, "");
  return words;
}

}  // namespace

std::vector<std::string> stems_of(const std::string& phrase) {
  const std::unique_ptr<sb_stemmer, decltype(&sb_stemmer_delete)> stemmer(sb_stemmer_new("english", "UTF_8"),
                                                                          sb_stemmer_delete);
  if (!stemmer) throw Error(Error::OutOfMemory, "no memory for a stemmer");
  auto words = words_of(phrase);
  for (auto& word : words) {
    const auto* stem =
        sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    if (!stem) throw Error(Error::OutOfMemory, "no memory for the stem of '" + word + "'");
    word.assign(reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer.get())));
  }
  return words;
}

PhraseSimilarity::PhraseSimilarity(const std::vector<std::string>& phrases) {
  std::map<std::string, std::pair<std::size_t, double>> stems;  // id, number of phrases
  std::vector<std::map<std::size_t, double>> counts;
  for (const auto& phrase : phrases) {
    auto& own = counts.emplace_back();
    for (const auto& stem : stems_of(phrase)) {
      auto& [id, in_phrases] = stems.try_emplace(stem, stems.size(), 0.0).first->second;
      if (own[id]++ == 0) ++in_phrases;
    }
  }
  std::vector<double> rarity(stems.size());
  for (const auto& [stem, entry] : stems)
    rarity[entry.first] = std::log(1 + static_cast<double>(phrases.size()) / entry.second);
  for (const auto& own : counts) {
    auto& phrase = phrases_.emplace_back();
    double square = 0;
    for (const auto& [id, count] : own) {
      phrase.push_back({id, rarity[id]});
      square += rarity[id] * rarity[id];
    }
    for (auto& weight : phrase) weight.value /= std::sqrt(square);
  }
}

double PhraseSimilarity::operator()(std::size_t a, std::size_t b) const {
  const auto &x = phrases_[a], &y = phrases_[b];
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i].stem == y[j].stem)
      sum += x[i++].value * y[j++].value;
    else if (x[i].stem < y[j].stem)
      ++i;
    else
      ++j;
  }
  return sum;
}

}  // namespace terse::relsim
