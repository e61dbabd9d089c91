#pragma once

#include <set>
#include <string>
#include <vector>

#include "terse/train/base/recompute_choice.hpp"
#include "terse/train/exported/plan.hpp"

namespace terse::train::exported {

/// Consecutive steps of one module that run again in the backward pass.
struct Segment {
  std::string path;
  std::size_t begin = 0, end = 0;     ///< in Plan::steps
  std::vector<std::size_t> inputs;    ///< slots that it reads and that earlier steps, or the user, filled
  std::vector<std::size_t> outputs;   ///< slots that it fills and that are read later
  std::set<std::size_t> bound;        ///< slots of parameters, buffers and constants that it reads
  std::set<std::size_t> overwritten;  ///< inputs that it changes in place
};

/// The segments that a choice of modules makes of a plan, in order. Steps of a module that are apart make several. One
/// that changes in place what is read after it is left out: what it began with would be gone.
/// @param bound  slots of parameters, buffers and constants
/// @param kept   slots that are read after the last step
std::vector<Segment> find_segments(const Plan& plan, const RecomputeChoice& choice, const std::set<std::size_t>& bound,
                                   const std::set<std::size_t>& kept);

}  // namespace terse::train::exported
