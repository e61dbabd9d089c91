#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "terse/act/stored_tensor.hpp"

namespace terse::act {

/// Two stored forms of one tensor that differ in their rounding alone.
struct ProbeForms {
  std::shared_ptr<StoredTensor> stored;  ///< what the graph holds
  std::shared_ptr<StoredTensor> other;   ///< rounded by other random numbers
};

/// Bits of a probe's other form.
inline constexpr int kProbeBits = 4;

/// A saved tensor whose effect on the gradient is to be measured.
struct Probe {
  std::string id;
  std::vector<ProbeForms> forms;     ///< of the tensor itself, then of views of it
  double noise = 0;                  ///< sum of both forms' S (sensitivity.hpp)
  std::vector<std::uint64_t> nodes;  ///< sequence numbers of the graph's nodes that hold any of them
};

/// What a probe found.
struct ProbeResult {
  std::string id;
  double sensitivity = 0;  ///< one draw of c: squared distance of the two gradients, divided by the noise
  double passed = 0;       ///< the part of it that came to parameters by way of the nodes' inputs, not from the nodes
  double reach = 0;        ///< share of the graph's nodes that it evaluated once more
};

/// Measures in the backward pass of a loss, for each probe, how far the gradient moves when its tensor is restored in
/// the other form. Where a node that holds the tensor has been evaluated, it is evaluated once more with the other
/// form; the difference of what it sends on is carried to the parameters by a nested backward pass from there. So a
/// probe costs a backward pass of the part below the node, and the node alone where its difference reaches parameters
/// directly (a convolution's input). Nothing of the pass itself changes, no forward runs, and no gradient is kept.
///
/// The difference at a node is taken where the rest of the pass is as it is: to first order in the rounding, the model
/// of GACT (ICML 2022) section 4. What several nodes do with one tensor is added up as if it reached different
/// parameters.
class GradientProbe {
 public:
  /// @param parameters  whose gradient is meant; those without requires_grad are passed over
  /// @param done        called with each probe's result during the backward pass
  GradientProbe(const std::vector<at::Tensor>& parameters, std::function<void(const ProbeResult&)> done);
  ~GradientProbe();

  /// Puts the probes in place in the graph of `loss`, for one backward pass that is yet to come. They do not outlive
  /// this object: a pass that runs later runs without them. A probe none of whose nodes is in the graph has no result.
  void attach(const at::Tensor& loss, std::vector<Probe> probes);

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

/// While it lives, this thread's unpack hooks restore the other forms in place of the stored ones.
class Substitution {
 public:
  explicit Substitution(const std::vector<ProbeForms>& forms);
  ~Substitution();
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;

  /// What to restore on this thread in place of `stored`: mostly itself.
  static StoredTensor* of(StoredTensor* stored);
  static bool active();  ///< on this thread

 private:
  const std::vector<ProbeForms>& forms_;
};

/// Whether what this thread carries through the graph are a probe's differences, not gradients.
bool in_difference_pass();

}  // namespace terse::act
