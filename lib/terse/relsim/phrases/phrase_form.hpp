#pragma once

#include <string>
#include <string_view>

namespace terse::relsim {

/// What an English phrase's grammar says of it, beside its words.
struct PhraseForm {
  bool negated = false;  ///< "is not in", "never met", "has no part in"; not "is not only in"
  /// Of a phrase that ends like "was founded by", what is done: "founded", or "found" where words are lemmas; what is
  /// its head then is what others say as a tail. Empty for all others, and for nouns: "is a novel by".
  std::string passive;
};

/// @param phrase  words apart by blanks; case does not matter
PhraseForm form_of(std::string_view phrase);

/// The phrase without negations and adverbs that say when, how surely or in what manner: "is chairman of" of "is
/// currently chairman of" and "is no longer chairman of". Words apart by blanks.
std::string without_adverbs(std::string_view phrase);

}  // namespace terse::relsim
