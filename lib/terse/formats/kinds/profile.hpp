#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"
#include "terse/formats/kinds/policy.hpp"

namespace terse::formats {

/// One tensor that a training step saves for its backward pass.
struct ProfiledTensor {
  std::string id;    ///< stable over steps: "layer1.0/relu_#1:result"
  std::string op;    ///< operator that saves it: "aten::relu"
  std::string role;  ///< "input", "result", …
  core::DType dtype = core::DType::Float32;
  std::vector<std::int64_t> shape;
  std::uint64_t exact_bytes = 0;    ///< what keeping it holds alive; 0 for shared, parameter, buffer, batch
  std::string reason;               ///< how compression would treat it: "quantized", "mask", "shared", …
  std::string shared_with;          ///< id of the tensor with the same bytes, where reason is "shared"
  double minimum = 0, maximum = 0;  ///< of the finite elements
  std::uint64_t zeros = 0;
  std::uint64_t non_finite = 0;
  std::uint32_t distinct = 0;                ///< 0, 1, 2 distinct values; 3 means more
  std::optional<double> sensitivity;         ///< c_l of GACT's variance model, Var = sum of c_l * S(b_l); see Profile
  std::optional<double> sensitivity_error;   ///< its standard error over the draws
  std::optional<double> sensitivity_passed;  ///< the part of it that PolicyTensor::passed is; nil where not told apart
  std::vector<Rung> rungs;                   ///< what it takes at the bits that it can be stored in; empty: no choice

  bool operator==(const ProfiledTensor&) const = default;
};

/// An allocation or a release of the step, in order. The timeline replays a step's memory.
struct AllocationEvent {
  std::uint64_t block = 0;   ///< names the block from its allocation to its release; unique within the timeline
  std::int64_t bytes = 0;    ///< > 0 allocates, < 0 releases the same number
  std::int32_t tensor = -1;  ///< index into Profile::tensors of the saved tensor that lives in the block, or -1
  std::uint32_t tag = 0;     ///< index into Profile::tags: operator or phase that allocated

  bool operator==(const AllocationEvent&) const = default;
};

/// What one training step of a model keeps and allocates (profile.md).
struct Profile {
  std::string model, data;  ///< SPECs
  std::uint64_t batch = 0;
  std::vector<ProfiledTensor> tensors;    ///< in order of saving
  std::string sensitivity_method;         ///< "none", "fast", "exact"
  std::uint64_t sensitivity_draws = 0;    ///< draws per tensor
  std::vector<AllocationEvent> timeline;  ///< of one step after warm-up; may be empty
  std::vector<std::string> tags;
  std::uint64_t backward_start = 0;        ///< index into timeline of the first event of the backward pass
  std::uint64_t fixed_resident_bytes = 0;  ///< resident before the step, but not the allocator's: code, libraries
  std::uint64_t parameter_bytes = 0, buffer_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0;
  std::uint64_t live_bytes_before = 0;  ///< allocator's live bytes when the timeline starts
  std::uint64_t peak_allocated_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  double step_seconds = 0;                ///< median; 0 where timing was not asked for
  std::optional<double> output_gradient;  ///< squared norm of the loss's gradient at the output, for which the
                                          ///< sensitivities hold
  // Where sensitivities were measured by "fast":
  std::optional<double> quantization_variance_predicted;  ///< of the gradient, by the sensitivities, at level L1
  std::optional<double> quantization_variance_measured;   ///< the same from pairs of gradients of one batch
  std::optional<double> gradient_variance;  ///< of the mini-batch gradient: what quantization must stay below
};

/// Writes a profile to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_profile(core::ByteSink& sink, Header header, const Profile& profile);

/// @throws Error::BadInput where the source is not a sound profile artifact
Loaded<Profile> read_profile(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
