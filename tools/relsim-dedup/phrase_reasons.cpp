#include "relsim-dedup/phrase_reasons.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace terse::tools {
namespace {

using Parts = decltype(std::declval<relsim::PhraseKinds>().parts({}, {}));

std::string in_words(const Parts& parts, double whole) {
  std::vector<std::pair<double, std::string>> shares;
  for (std::size_t i = 0; i < parts.size(); ++i) shares.emplace_back(100 * parts[i] / whole, relsim::PhraseKinds::kParts[i]);
  std::stable_sort(shares.begin(), shares.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
  std::string words;
  constexpr double kSpeaks = 5;  // percent below which a part is not worth a word
  for (const auto& [share, name] : shares) {
    if (share < kSpeaks) break;
    char text[32];
    std::snprintf(text, sizeof text, " %.0f %%", share);
    words += (words.empty() ? "" : ", ") + name + text;
  }
  return words;
}

}  // namespace

void give_reasons(formats::Clusters& clusters, const relsim::PhraseKinds& kinds) {
  std::vector<std::vector<std::int32_t>> nodes;
  for (std::size_t r = 0; r < clusters.relations.size(); ++r) nodes.push_back({static_cast<std::int32_t>(r)});
  for (auto& merge : clusters.merges) {
    // What is merged is in no other group any more.
    auto a = std::move(nodes[static_cast<std::size_t>(merge.a)]), b = std::move(nodes[static_cast<std::size_t>(merge.b)]);
    const auto parts = kinds.parts(a, b);
    double whole = 0;
    for (const double part : parts) whole += part;
    merge.confidence = std::clamp(1 - merge.height, 0.0, 1.0);
    merge.reason = whole > 0 ? in_words(parts, whole) : "";
    a.insert(a.end(), b.begin(), b.end());
    nodes.push_back(std::move(a));
  }
}

}  // namespace terse::tools
