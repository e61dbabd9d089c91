#include "terse/act/budget/profiler.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "terse/act/memory/allocator.hpp"
#include "terse/act/tensor/survey_of.hpp"
#include "terse/core/error.hpp"
#include "terse/core/median.hpp"
#include "terse/core/memory.hpp"

namespace terse::act {

namespace {

constexpr std::string_view kMethods[] = {"none", "fast", "exact"};

/// The saved tensors of a compressed step: what they hold and what compression makes of them.
std::vector<formats::ProfiledTensor> survey_step(ProfiledRun& run) {
  std::vector<formats::ProfiledTensor> tensors;
  auto options = run.compression();
  options.level = Level::L1;
  const auto observer = [&](const PackedView& view) {
    const auto& info = view.info;
    const auto survey = survey_of(view);
    formats::ProfiledTensor tensor;
    tensor.id = info.id;
    tensor.op = info.op;
    tensor.role = info.role;
    tensor.dtype = info.dtype;
    tensor.shape = info.shape;
    tensor.exact_bytes = info.exact_bytes;
    tensor.reason = to_string(info.reason);
    tensor.shared_with = info.shared_with;
    tensor.minimum = survey.minimum;
    tensor.maximum = survey.maximum;
    tensor.zeros = survey.zeros;
    tensor.non_finite = survey.non_finite;
    tensor.distinct = survey.distinct;
    tensor.rungs = rungs_of(info);
    tensors.push_back(std::move(tensor));
  };
  run.step(options, observer, {});
  return tensors;
}

/// Resident size that is not the allocator's: code, libraries, the heap of small things.
std::uint64_t fixed_resident_bytes() {
  const auto figures = allocator_figures();
  const auto resident = core::resident_bytes(), managed = figures.live_bytes + figures.cached_bytes;
  return resident > managed ? resident - managed : 0;
}

/// Runs a step with the allocation log on and fills the profile's timeline.
void record_timeline(ProfiledRun& run, formats::Profile& profile) {
  std::map<std::uint64_t, std::int32_t> tensor_of_block;
  std::size_t saved = 0;
  profile.live_bytes_before = allocator_figures().live_bytes;
  const auto observer = [&](const PackedView& view) {
    if (saved >= profile.tensors.size() || profile.tensors[saved].id != view.info.id) {
      throw Error(Error::Usage, "the model saves other tensors from one step to the next ('" + view.info.id + "')");
    }
    if (view.exact.has_storage()) {
      const auto block = allocation_block(view.exact.storage().data());
      if (block != 0) tensor_of_block.emplace(block, static_cast<std::int32_t>(saved));
    }
    ++saved;
  };
  reset_allocator_peak();
  start_allocation_log();
  run.step(run.compression(), observer, [&] { profile.backward_start = allocation_log_length(); });
  const auto log = stop_allocation_log();
  profile.peak_allocated_bytes = allocator_figures().peak_bytes;

  std::map<std::string, std::uint32_t> tag_of;
  for (const auto& allocation : log) {
    const auto [tag, added] = tag_of.emplace(allocation.operator_name, static_cast<std::uint32_t>(tag_of.size()));
    if (added) profile.tags.push_back(allocation.operator_name);
    const auto tensor = tensor_of_block.find(allocation.block);
    profile.timeline.push_back(
        {allocation.block, allocation.bytes, tensor == tensor_of_block.end() ? -1 : tensor->second, tag->second});
  }
}

using Tick = std::function<void(std::size_t, std::size_t)>;

void measure_sensitivities(ProfiledRun& run, formats::Profile& profile, const ProfileOptions& options,
                           const Tick& tick) {
  profile.sensitivity_draws = options.sensitivity.draws;
  profile.output_gradient = squared_output_gradient(run);
  std::map<std::string, formats::ProfiledTensor*> probed;
  std::vector<std::string> ids;
  for (auto& tensor : profile.tensors) {
    if (tensor.reason != to_string(Reason::Quantized)) continue;  // stored exactly: costs no variance
    ids.push_back(tensor.id);
    probed[tensor.id] = &tensor;
  }
  if (options.method == SensitivityMethod::Exact) {
    const auto measured = exact_sensitivities(run, ids, options.sensitivity, [&](std::size_t i) {
      if (tick) tick(i, ids.size());
    });
    for (std::size_t i = 0; i < ids.size(); ++i) {
      probed[ids[i]]->sensitivity = measured[i].value;
      probed[ids[i]]->sensitivity_error = measured[i].error;
    }
    return;
  }
  const auto table = fast_sensitivities(run, options.sensitivity.draws, tick);
  const auto variance = measure_variance(run, table, options.sensitivity.draws);
  profile.quantization_variance_predicted = variance.predicted;
  profile.quantization_variance_measured = variance.measured;
  profile.gradient_variance = variance.gradient;
  for (const auto& tensor : table.tensors()) {
    const auto found = probed.find(tensor.id);
    if (found == probed.end() || tensor.draws == 0) continue;
    found->second->sensitivity = tensor.sensitivity;
    found->second->sensitivity_error = sensitivity_of(tensor).error();
    found->second->sensitivity_passed = tensor.passed;
  }
}

}  // namespace

SensitivityMethod sensitivity_method_from_string(std::string_view name) {
  for (int i = 0; i < 3; ++i) {
    if (kMethods[i] == name) return static_cast<SensitivityMethod>(i);
  }
  throw Error(Error::Usage, "unknown sensitivity method '" + std::string(name) + "' (none, fast, exact)");
}

std::string_view to_string(SensitivityMethod method) { return kMethods[static_cast<int>(method)]; }

void profile_step(ProfiledRun& run, const ProfileOptions& options, formats::Profile& profile,
                  const std::function<void(std::size_t, std::size_t)>& tick) {
  for (std::uint64_t i = 0; i < options.warm_up; ++i) run.step(run.compression(), {}, {});
  std::vector<double> seconds;
  for (std::uint64_t i = 0; i < options.timed_steps; ++i) seconds.push_back(run.step(run.compression(), {}, {}));
  profile.step_seconds = core::median(std::move(seconds));
  if (options.timed_steps > 0) profile.fixed_resident_bytes = fixed_resident_bytes();
  profile.tensors = survey_step(run);
  if (allocator_figures().peak_bytes > 0) record_timeline(run, profile);
  if (options.timed_steps > 0) profile.peak_resident_bytes = core::peak_resident_bytes();
  profile.sensitivity_method = to_string(options.method);
  if (options.method != SensitivityMethod::None) measure_sensitivities(run, profile, options, tick);
}

std::vector<formats::PolicyTensor> policy_tensors(const formats::Profile& profile) {
  std::vector<formats::PolicyTensor> tensors;
  std::map<std::string, std::size_t> index;
  for (const auto& tensor : profile.tensors) {
    if (tensor.rungs.empty()) continue;
    formats::PolicyTensor of{.id = tensor.id, .rungs = tensor.rungs};
    if (tensor.sensitivity) {
      const auto draws = std::min(profile.sensitivity_draws, Sensitivity::kMemory);
      const double unit = profile.output_gradient.value_or(1);
      const double error = tensor.sensitivity_error.value_or(0) / unit;
      of.sensitivity = *tensor.sensitivity / unit;
      of.passed = tensor.sensitivity_passed.value_or(0) / unit;
      of.draws = of.probed = profile.sensitivity_draws;
      of.variance = draws > 1 && std::isfinite(error) ? error * error * static_cast<double>(draws - 1) : 0;
    }
    index.emplace(of.id, tensors.size());
    tensors.push_back(std::move(of));
  }
  for (const auto& tensor : profile.tensors) {
    const auto source = index.find(tensor.shared_with);
    if (source == index.end() || tensor.reason != to_string(Reason::Derived)) continue;
    tensors[source->second].derived += tensor.exact_bytes / core::size_of(tensor.dtype);
  }
  return tensors;
}

}  // namespace terse::act
