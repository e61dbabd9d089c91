#include "relsim-train/similarity_input.hpp"

#include <cmath>
#include <map>
#include <optional>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::tools {

std::vector<double> read_divergences(const std::string& path, const relsim::Vocabulary& relations, std::string& parent,
                                     std::string_view combine) {
  const auto loaded = formats::read_similarity(core::open_source(path));
  const auto& similarity = loaded.content;
  parent = loaded.digest;
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i) ids[similarity.relations[i]] = i;
  const auto count = static_cast<std::size_t>(relations.size());
  std::vector<std::optional<std::size_t>> at(count);
  std::size_t unknown = 0;
  for (std::size_t r = 0; r < count; ++r) {
    const auto found = ids.find(relations.name(static_cast<std::int32_t>(r)));
    if (found == ids.end()) {
      ++unknown;
    } else {
      at[r] = found->second;
    }
  }
  if (unknown == count) throw Error(Error::BadInput, path + ": knows none of the relations");
  if (unknown > 0) {
    say_warning(path + ": does not know " + std::to_string(unknown) + " of " + plural(count, "relation", "relations") +
                ": taken to be far from all others");
  }
  if (combine.empty()) combine = similarity.combine;
  std::vector<double> divergences(count * count, INFINITY);
  const auto n = similarity.relations.size();
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (!at[a] || !at[b]) continue;
      divergences[a * count + b] = relsim::combine_directions(similarity.divergence[*at[a] * n + *at[b]],
                                                              similarity.divergence[*at[b] * n + *at[a]], combine);
    }
  }
  return divergences;
}

}  // namespace terse::tools
