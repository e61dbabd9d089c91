#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace terse::relsim {

/// How much phrases share of their words: cosine of their stems, each weighted by its inverse document frequency among
/// the phrases. Names such as "place_of_birth", "/film/director" or "bornIn" are taken apart at what is no letter or
/// digit and where a capital follows a small letter. English stems by Snowball's Porter2 algorithm.
class PhraseSimilarity {
 public:
  explicit PhraseSimilarity(const std::vector<std::string>& phrases);

  /// 0 (no stem in common) to 1 (the same stems).
  double operator()(std::size_t a, std::size_t b) const;

 private:
  struct Weight {
    std::size_t stem;
    double value;
  };
  std::vector<std::vector<Weight>> phrases_;  // by stem, of unit length
};

/// The stems of one phrase, in order.
std::vector<std::string> stems_of(const std::string& phrase);

}  // namespace terse::relsim
