#pragma once

#include <memory>
#include <string>

#include "terse/train/base/data_shape.hpp"
#include "terse/train/base/network.hpp"
#include "terse/train/base/spec.hpp"

namespace terse::train {

/// A network and how to get it again.
struct MadeNetwork {
  std::unique_ptr<Network> network = {};
  Spec spec = {};                   ///< with every key, defaults included
  std::string program_digest = {};  ///< export and script: hash of the file; else empty
  bool channels_last = false;       ///< it wants its images so: put_channels_last()
};

/// The network of a model SPEC: a built-in name, export:FILE.pt2 or script:FILE.pt, for data of a shape. Each takes the
/// key memory_format (contiguous, channels_last) beside its own; it is no part of the spec where it is contiguous.
/// @param trusted  the user allows a file to run code (script)
/// @throws Error::Usage for an unknown name or key, Error::NotTrusted, and what the loaders throw
MadeNetwork make_network(const Spec& spec, const DataShape& data, bool trusted);

}  // namespace terse::train
