#pragma once

#include <cstdint>

#include "terse/core/tsv_reader.hpp"
#include "terse/formats/clusters.hpp"

namespace terse::relsim {

/// What became of the lines of a triples file.
struct RewriteCounts {
  std::uint64_t facts = 0;     ///< read
  std::uint64_t renamed = 0;   ///< given another relation's name
  std::uint64_t turned = 0;    ///< of these, head and tail exchanged
  std::uint64_t repeated = 0;  ///< left out: the same fact had been written already
  std::uint64_t unknown = 0;   ///< relation not in `clusters`; written as they are
};

/// Copies triples (`head<TAB>relation<TAB>tail`, further fields kept), each relation replaced by its cluster's
/// representative, head and tail exchanged where it is the representative's inverse. Facts that have become equal are
/// written once, at their first place.
/// @throws Error::BadInput as `file:line: …` for fewer than three fields
RewriteCounts rewrite_triples(core::TsvReader& reader, const formats::Clusters& clusters, core::ByteSink& sink,
                              bool keep_repeated = false);

}  // namespace terse::relsim
