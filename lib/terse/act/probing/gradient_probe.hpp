#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "terse/act/stored/stored_tensor.hpp"
#include "terse/act/stored/substitution.hpp"

namespace terse::act {

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

/// Whether what this thread's step carries through the graph are a probe's differences, not gradients.
bool in_difference_pass();

}  // namespace terse::act
