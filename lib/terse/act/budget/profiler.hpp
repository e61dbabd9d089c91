#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "terse/act/packing/workload.hpp"
#include "terse/act/probing/sensitivity_probes.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"

namespace terse::act {

/// How a profile comes by sensitivities: by exact_sensitivities() or fast_sensitivities().
enum class SensitivityMethod { None, Fast, Exact };

SensitivityMethod sensitivity_method_from_string(std::string_view name);  ///< "none", …; @throws Error::Usage
std::string_view to_string(SensitivityMethod method);

struct ProfileOptions {
  std::uint64_t warm_up = 2;  ///< steps before anything is measured
  /// Steps whose median time is the step time. With 0, neither time nor resident sizes are recorded: they differ from
  /// run to run, and without them the same profile comes out each time.
  std::uint64_t timed_steps = 0;
  SensitivityMethod method = SensitivityMethod::None;
  SensitivityOptions sensitivity;
};

/// What a policy is made of: the tensors whose bits can be chosen, with their sensitivities where they were measured.
std::vector<formats::PolicyTensor> policy_tensors(const formats::Profile& profile);

/// Measures one training step of a run at level L0: its saved tensors and what each would become, its allocations in
/// order, its peaks. Needs install_allocator() for all that concerns allocations.
/// @param profile  filled in but for model, data and batch, and the bytes of parameters, buffers and optimizer
/// @param tick     called before each probe of a tensor with its index and the number of probes, where not empty
void profile_step(ProfiledRun& run, const ProfileOptions& options, formats::Profile& profile,
                  const std::function<void(std::size_t done, std::size_t total)>& tick = {});

}  // namespace terse::act
