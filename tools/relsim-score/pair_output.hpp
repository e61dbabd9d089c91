#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/options.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace CLI {
class App;
}

namespace terse::tools::relsim_score {

/// What to show of a similarity, beside the artifact.
struct PairOutput {
  std::optional<std::size_t> top;
  std::string pairs;  ///< a TSV file of the pairs to print; empty: all
  std::string plot;   ///< an SVG file; empty: none
};

/// @param artifact  where the similarity artifact goes
void define_pair_output(CLI::App& command, SharedOptions& shared, PairOutput& output, std::string& artifact);

/// Whether a table is asked for, or is all that there is to do.
bool wants_table(const SharedOptions& shared, const PairOutput& output, const std::string& artifact);

/// Prints the table where `print`, and writes the plot where one is asked for.
void show_pairs(const SharedOptions& shared, const PairOutput& output, const formats::Similarity& similarity,
                bool print);

}  // namespace terse::tools::relsim_score
