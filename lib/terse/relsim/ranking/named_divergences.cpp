#include "terse/relsim/ranking/named_divergences.hpp"

#include <cmath>
#include <map>
#include <optional>

#include "terse/core/error.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::relsim {

NamedDivergences read_divergences(const std::string& path, const Vocabulary& relations, std::string_view combine) {
  const auto loaded = formats::read_similarity(core::open_source(path));
  const auto& similarity = loaded.content;
  NamedDivergences found;
  found.digest = loaded.digest;
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i) ids[similarity.relations[i]] = i;
  const auto count = static_cast<std::size_t>(relations.size());
  std::vector<std::optional<std::size_t>> at(count);
  for (std::size_t r = 0; r < count; ++r) {
    const auto known = ids.find(relations.name(static_cast<std::int32_t>(r)));
    if (known == ids.end()) {
      ++found.unknown;
    } else {
      at[r] = known->second;
    }
  }
  if (static_cast<std::size_t>(found.unknown) == count) {
    throw Error(Error::BadInput, path + ": knows none of the relations");
  }
  if (combine.empty()) combine = similarity.combine;
  found.divergences.assign(count * count, INFINITY);
  const auto n = similarity.relations.size();
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (!at[a] || !at[b]) continue;
      found.divergences[a * count + b] = combine_directions(similarity.divergence[*at[a] * n + *at[b]],
                                                            similarity.divergence[*at[b] * n + *at[a]], combine);
    }
  }
  return found;
}

}  // namespace terse::relsim
