#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "terse/core/tsv_reader.hpp"
#include "terse/formats/kinds/clusters.hpp"

namespace terse::relsim {

/// What became of triples.
struct RewriteCounts {
  std::uint64_t facts = 0;     ///< read
  std::uint64_t renamed = 0;   ///< given another relation's name
  std::uint64_t turned = 0;    ///< of these, head and tail exchanged
  std::uint64_t repeated = 0;  ///< left out: the same fact had been written already
  std::uint64_t unknown = 0;   ///< relation not in `clusters`; written as they are
};

/// Copies triples to `head<TAB>relation<TAB>tail` lines, each relation replaced by its cluster's representative, head
/// and tail exchanged where it is the representative's inverse. Facts that have become equal, of one input or of
/// several, are written once, at their first place. Clusters and sink outlive this.
class TripleRewriter {
 public:
  TripleRewriter(const formats::Clusters& clusters, core::ByteSink& sink, bool keep_repeated = false);
  ~TripleRewriter();

  /// TSV is copied line by line, with its further fields.
  /// @throws Error::BadInput as `file:line: …` for fewer than three fields or an empty one
  void rewrite(core::TsvReader& reader);
  /// One input as read_input (triple_reader.hpp) takes it; what is no TSV is read whole, and tabs and line ends in its
  /// names are written as \t, \n and \r. @throws Error as read_input
  void rewrite(const std::string& input);
  const RewriteCounts& counts() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace terse::relsim
