#pragma once

#include "act-inspect/options.hpp"

namespace terse::tools::act_inspect {

// What act-inspect can do with an artifact. Each function opens options.input, writes to -o and returns the exit
// status.
// @throws Error::BadInput where the artifact is damaged, Error::Usage where it has no such tensor

/// What it is, where it comes from, how large, and what a reader of its kind wants to know first.
int summarize(const Options& options);

/// One line per tensor; its columns depend on the kind.
int list_tensors(const Options& options);

/// One line per record of the container.
int list_records(const Options& options);

/// The distribution of a tensor's elements.
int show_histogram(const Options& options);

/// A tensor's elements, as text or as a NumPy file.
int decode_tensor(const Options& options);

/// Checks every byte and what the kind promises; writes nothing where all is sound.
int verify(const Options& options);

/// One line per difference to options.diff. @return 1 where there is one
int show_difference(const Options& options);

/// A model's parameters and buffers as a .safetensors file.
int write_state(const Options& options);

}  // namespace terse::tools::act_inspect
