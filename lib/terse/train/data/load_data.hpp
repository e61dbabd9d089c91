#pragma once

#include <cstdint>

#include "terse/train/data/data.hpp"

namespace terse::train {

/// Reads the data that a SPEC names, by the reader of that name (readers.hpp).
/// @throws Error::Usage    for an unknown name or key
/// @throws Error::NoInput  where a file is missing
/// @throws Error::BadInput naming the file and the record or line that is wrong
Data load_data(const Spec& spec, std::uint64_t seed);

}  // namespace terse::train
