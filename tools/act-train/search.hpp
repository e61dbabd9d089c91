#pragma once

#include <cstdint>
#include <string>

namespace terse::tools::act_train {

struct Options;

/// What --search raises until the run no longer fits.
enum class SearchKind { Batch, Depth, Width, Input };

/// The model and data SPEC and the batch size with which a run has the size `value` of `kind`.
struct SizedRun {
  std::string model, data;
  std::uint64_t batch = 0;  ///< 0: as the command line says
};

/// @param model  SPEC of a built-in model with keys for its depth and width
/// @throws Error::Usage where the model or the data have nothing to be raised
SizedRun sized_run(SearchKind kind, const std::string& model, const std::string& data, std::uint64_t value);

/// Sizes that `kind` takes for this model are multiples of this: a width keeps its heads whole.
std::uint64_t search_step(SearchKind kind, const std::string& model);

/// Finds the largest size whose run stays under --limit, by running this program under that limit on its data
/// (RLIMIT_DATA) and comparing its peak resident size with it. Writes one line: size, peak resident bytes, step
/// seconds.
/// @throws Error::OutOfMemory where not even the smallest fits
int run_search(const Options& options);

}  // namespace terse::tools::act_train
