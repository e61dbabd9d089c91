#include "terse/relsim/ranking/pair_ranking.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "terse/core/error.hpp"

namespace terse::relsim {
std::string_view to_string(Orientation orientation) {
  switch (orientation) {
    case Orientation::Same:
      return "same";
    case Orientation::Inverse:
      return "inverse";
    case Orientation::Symmetric:
      return "symmetric";
  }
  throw Error(Error::Internal, "no such orientation");
}

void refuse_divergence(const formats::Similarity& similarity, std::int32_t a, std::int32_t b) {
  throw Error(Error::BadInput, "the divergence of '" + similarity.relations[static_cast<std::size_t>(a)] + "' and '" +
                                   similarity.relations[static_cast<std::size_t>(b)] + "' is no number above 0");
}

double combine_directions(double kl_ab, double kl_ba, std::string_view how) {
  if (how == "max") return std::max(kl_ab, kl_ba);
  if (how == "min") return std::min(kl_ab, kl_ba);
  if (how == "mean") return (kl_ab + kl_ba) / 2;
  throw Error(Error::BadInput, "unknown way to combine two directions: '" + std::string(how) + "'");
}

RelationPair compare_pair(const formats::Similarity& similarity, std::int32_t a, std::int32_t b) {
  const auto n = similarity.relations.size();
  const auto ab = static_cast<std::size_t>(a) * n + static_cast<std::size_t>(b);
  const auto ba = static_cast<std::size_t>(b) * n + static_cast<std::size_t>(a);
  RelationPair pair{.a = a, .b = b};
  const auto take = [&](const std::vector<double>& divergence, Orientation orientation) {
    pair.orientation = orientation;
    pair.kl_ab = divergence[ab];
    pair.kl_ba = divergence[ba];
    pair.divergence = combine_directions(pair.kl_ab, pair.kl_ba, similarity.combine);
  };
  if (a == b) {
    if (similarity.swapped.empty())
      throw Error(Error::BadInput, "relations are not compared with heads and tails swapped");
    take(similarity.swapped, Orientation::Symmetric);
  } else {
    take(similarity.divergence, Orientation::Same);
    if (!similarity.swapped.empty() &&
        combine_directions(similarity.swapped[ab], similarity.swapped[ba], similarity.combine) < pair.divergence) {
      take(similarity.swapped, Orientation::Inverse);
    }
  }
  if (!(pair.kl_ab >= 0) || !(pair.kl_ba >= 0)) refuse_divergence(similarity, a, b);
  pair.score = std::exp(-pair.divergence / similarity.temperature);
  return pair;
}

std::vector<RelationPair> rank_pairs(const formats::Similarity& similarity) {
  const auto n = static_cast<std::int32_t>(similarity.relations.size());
  std::vector<RelationPair> pairs;
  pairs.reserve(static_cast<std::size_t>(n) * (static_cast<std::size_t>(n) + 1) / 2);
  for (std::int32_t a = 0; a < n; ++a) {
    for (std::int32_t b = similarity.swapped.empty() ? a + 1 : a; b < n; ++b) {
      pairs.push_back(compare_pair(similarity, a, b));
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const RelationPair& x, const RelationPair& y) {
    return std::tie(x.divergence, x.a, x.b) < std::tie(y.divergence, y.a, y.b);
  });
  std::vector<std::int64_t> partners(static_cast<std::size_t>(n));
  for (auto& pair : pairs) {
    if (pair.a == pair.b) continue;
    pair.rank_ab = ++partners[static_cast<std::size_t>(pair.a)];
    pair.rank_ba = ++partners[static_cast<std::size_t>(pair.b)];
  }
  return pairs;
}

}  // namespace terse::relsim
