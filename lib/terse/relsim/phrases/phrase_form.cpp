#include "terse/relsim/phrases/phrase_form.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

namespace terse::relsim {
namespace {

using WordSet = std::set<std::string, std::less<>>;

WordSet set_of_words(const char* words) {
  std::istringstream in(words);
  WordSet result;
  for (std::string word; in >> word;) result.insert(word);
  return result;
}

std::string lower(std::string word) {
  for (auto& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

std::vector<std::string> lower_words(std::string_view phrase) {
  std::istringstream in{std::string(phrase)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(lower(word));
  return words;
}

bool ends_with_any(const std::string& word, std::initializer_list<const char*> endings) {
  return std::ranges::any_of(endings, [&](const char* ending) { return word.ends_with(ending); });
}

bool negates(const std::string& word) {
  static const WordSet kNegations = set_of_words("not never no neither nor cannot");
  return kNegations.contains(word) || ends_with_any(word, {"n't", "n\u2019t"});
}

bool is_adverb(const std::string& word) {
  static const WordSet kAdverbs = set_of_words(
      "now then still also just only even ever again already soon once later longer first often always yet here there "
      "today "
      "perhaps maybe almost quite rather very too indeed");
  static const WordSet kOthersInLy = set_of_words(
      "ally anomaly apply assembly bully butterfly comply family imply italy july monopoly multiply rally rely reply "
      "supply");
  constexpr std::size_t kShortest = 5;  // "fly", "only"
  return kAdverbs.contains(word) || (word.size() >= kShortest && word.ends_with("ly") && !kOthersInLy.contains(word));
}

bool is_negated(const std::vector<std::string>& words) {
  static const WordSet kOnly = set_of_words("only just merely simply");  // "not only" takes nothing back
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (negates(words[i]) && !(i + 1 < words.size() && kOnly.contains(words[i + 1]))) return true;
  }
  return false;
}

/// Whether a word can only be a participle, or is one more often than anything else.
bool is_participle(const std::string& word) {
  static const WordSet kIrregular = set_of_words(
      "beaten begun bitten born bought bound broken brought built burnt caught chosen done drawn driven eaten fed felt "
      "fought "
      "found given gone grown heard held hidden kept known led left lost made meant met overseen paid proven read "
      "ridden said "
      "seen sent shaken shot shown slain sold spoken spun stolen struck stuck sung sworn taken taught thought thrown "
      "told torn "
      "undertaken understood won worn written");
  return (word.size() > 3 && word.ends_with("ed")) || kIrregular.contains(word);
}

std::string passive_of(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.back() != "by") return {};
  const auto verb = words.size() - 2;
  if (is_participle(words[verb])) return words[verb];
  // Words may be lemmas: whatever stands between a form of "be" and "by" will do, unless it is a noun or a place.
  static const WordSet kBe = set_of_words("be is was were are been being am 's 're get gets got gotten getting");
  static const WordSet kNoVerb = set_of_words(
      "a an the one some any no his her its their our my your this that these those in on at of to for from with as "
      "about "
      "into over under after before between through during against near within without along around here there");
  for (auto i = verb; i > 0; --i) {
    if (kNoVerb.contains(words[i])) return {};
    if (kBe.contains(words[i - 1])) return kBe.contains(words[verb]) ? std::string() : words[verb];
  }
  return {};
}

}  // namespace

PhraseForm form_of(std::string_view phrase) {
  const auto words = lower_words(phrase);
  return {.negated = is_negated(words), .passive = passive_of(words)};
}

std::string without_adverbs(std::string_view phrase) {
  std::istringstream in{std::string(phrase)};
  std::string result;
  for (std::string word; in >> word;) {
    const auto small = lower(word);
    if (negates(small) || is_adverb(small)) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

}  // namespace terse::relsim
