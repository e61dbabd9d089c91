#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// One way to store a saved tensor, and what it takes: payload, metadata and padding.
struct Rung {
  int bits = 0;  ///< 1 to 8, or 32: kept as it is
  std::uint64_t bytes = 0;

  bool operator==(const Rung&) const = default;
};

/// A saved tensor whose bits can be chosen, and what is known of its weight in the gradient.
struct PolicyTensor {
  std::string id;           ///< stable over steps: "layer1.0/conv2d#1:input"
  int bits = 0;             ///< per element; 0: not chosen yet, the level decides
  double sensitivity = 0;   ///< mean over the draws: the gradient's variance is sensitivity * (2^bits - 1)^-2 where the
                            ///< loss's gradient at the network's output has norm 1
  double variance = 0;      ///< of one draw
  std::uint64_t draws = 0;  ///< 0: sensitivity unknown
  double gradient = 0;  ///< squared norm of the gradient that arrives where the tensor is used, for which sensitivity
                        ///< holds, in the same unit; 0: unknown
  double passed = 0;    ///< the part of sensitivity that reaches parameters through other operators only
  double passing = 0;   ///< squared norm of the gradient passed on to those, for which `passed` holds; 0: it scales
                        ///< with `gradient`
  double cost = 0;      ///< of a probe, in training steps; 0: unknown
  std::uint64_t probed = 0;      ///< step of the last probe
  std::uint64_t derived = 0;     ///< elements of saved tensors that are not stored but computed again from this one
  std::vector<Rung> rungs = {};  ///< by ascending bits

  bool operator==(const PolicyTensor&) const = default;
};

/// How many bits each saved tensor of a model gets, and the measurements that say so (policy.md).
struct Policy {
  std::string model, data;  ///< SPECs
  std::uint64_t batch = 0;
  std::string level;                  ///< "L2": the bits' average; "" where a budget decided
  std::uint64_t budget = 0;           ///< bytes of the process's resident size that the bits were chosen for, or 0
  std::vector<PolicyTensor> tensors;  ///< in order of saving

  bool operator==(const Policy&) const = default;
};

/// Writes a policy to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_policy(core::ByteSink& sink, Header header, const Policy& policy);

/// @throws Error::BadInput where the source is not a sound policy artifact
Loaded<Policy> read_policy(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

class Document;
/// Rungs and tensors as a document's rows and back: profiles and checkpoints hold such rows, too.
Value to_value(const Rung& rung);
Rung rung_from(const Document& row);
Value to_value(const PolicyTensor& tensor);
PolicyTensor policy_tensor_from(const Document& row);

}  // namespace terse::formats
