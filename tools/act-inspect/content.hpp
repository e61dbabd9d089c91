#pragma once

#include <string>

#include "act-inspect/options.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::tools::act_inspect {

/// A tensor taken out of an artifact.
struct Content {
  formats::Tensor tensor;
  std::string form;  ///< of a dump's tensor: "affine, 4 bits" or "exact copy"; else empty
};

/// Tensor `id` of the artifact options.input: a dump's saved tensor by its id (and --step, --exact), any
/// other kind's by name, with or without its group ("parameter/conv1.weight" or "conv1.weight").
/// @throws Error::Usage where there is none, or its elements are not in the artifact
Content find_content(const std::string& id, const Options& options);

}  // namespace terse::tools::act_inspect
