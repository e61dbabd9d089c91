#include "terse/train/profiler.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "terse/act/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/memory.hpp"
#include "terse/train/metrics.hpp"
#include "terse/train/survey_of.hpp"

namespace terse::train {

namespace {

constexpr std::string_view kMethods[] = {"none", "fast", "exact"};

std::uint64_t bytes_of(const NamedTensors& tensors) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

/// The saved tensors of a compressed step: what they hold and what compression makes of them.
std::vector<formats::ProfiledTensor> survey_step(Trainer& trainer) {
  std::vector<formats::ProfiledTensor> tensors;
  auto options = trainer.options().compression;
  options.level = act::Level::L1;
  trainer.set_compression(options);
  trainer.compression().observe([&](const act::PackedView& view) {
    const auto& info = view.info;
    const auto survey = survey_of(view);
    formats::ProfiledTensor tensor;
    tensor.id = info.id;
    tensor.op = info.op;
    tensor.role = info.role;
    tensor.dtype = info.dtype;
    tensor.shape = info.shape;
    tensor.exact_bytes = info.exact_bytes;
    tensor.reason = act::to_string(info.reason);
    tensor.shared_with = info.shared_with;
    tensor.minimum = survey.minimum;
    tensor.maximum = survey.maximum;
    tensor.zeros = survey.zeros;
    tensor.non_finite = survey.non_finite;
    tensor.distinct = survey.distinct;
    tensor.rungs = act::rungs_of(info);
    tensors.push_back(std::move(tensor));
  });
  trainer.step();
  trainer.set_compression(trainer.options().compression);
  return tensors;
}

/// Resident size that is not the allocator's: code, libraries, the heap of small things.
std::uint64_t fixed_resident_bytes() {
  const auto figures = act::allocator_figures();
  const auto resident = core::resident_bytes(), managed = figures.live_bytes + figures.cached_bytes;
  return resident > managed ? resident - managed : 0;
}

/// Runs a step with the allocation log on and fills the profile's timeline.
StepFigures record_timeline(Trainer& trainer, formats::Profile& profile) {
  std::map<std::uint64_t, std::int32_t> tensor_of_block;
  std::size_t saved = 0;
  profile.live_bytes_before = act::allocator_figures().live_bytes;
  trainer.compression().observe([&](const act::PackedView& view) {
    if (saved >= profile.tensors.size() || profile.tensors[saved].id != view.info.id) {
      throw Error(Error::Usage, "the model saves other tensors from one step to the next ('" + view.info.id + "')");
    }
    if (view.exact.has_storage()) {
      const auto block = act::allocation_block(view.exact.storage().data());
      if (block != 0) tensor_of_block.emplace(block, static_cast<std::int32_t>(saved));
    }
    ++saved;
  });
  act::start_allocation_log();
  const auto figures = trainer.step([&] { profile.backward_start = act::allocation_log_length(); });
  const auto log = act::stop_allocation_log();
  trainer.compression().observe({});

  std::map<std::string, std::uint32_t> tag_of;
  for (const auto& allocation : log) {
    const auto [tag, added] = tag_of.emplace(allocation.operator_name, static_cast<std::uint32_t>(tag_of.size()));
    if (added) profile.tags.push_back(allocation.operator_name);
    const auto tensor = tensor_of_block.find(allocation.block);
    profile.timeline.push_back({allocation.block, allocation.bytes,
                                tensor == tensor_of_block.end() ? -1 : tensor->second, tag->second});
  }
  return figures;
}

using Tick = std::function<void(std::size_t, std::size_t)>;

void measure_sensitivities(Trainer& trainer, formats::Profile& profile, const ProfileOptions& options,
                           const Tick& tick) {
  profile.sensitivity_draws = options.sensitivity.draws;
  profile.output_gradient = squared_output_gradient(trainer);
  std::map<std::string, formats::ProfiledTensor*> probed;
  std::vector<std::string> ids;
  for (auto& tensor : profile.tensors) {
    if (tensor.reason != act::to_string(act::Reason::Quantized)) continue;  // stored exactly: costs no variance
    ids.push_back(tensor.id);
    probed[tensor.id] = &tensor;
  }
  if (options.method == SensitivityMethod::Exact) {
    const auto measured = exact_sensitivities(trainer, ids, options.sensitivity, [&](std::size_t i) {
      if (tick) tick(i, ids.size());
    });
    for (std::size_t i = 0; i < ids.size(); ++i) {
      probed[ids[i]]->sensitivity = measured[i].value;
      probed[ids[i]]->sensitivity_error = measured[i].error;
    }
    return;
  }
  const auto table = fast_sensitivities(trainer, options.sensitivity.draws, tick);
  const auto variance = measure_variance(trainer, table, options.sensitivity.draws);
  profile.quantization_variance_predicted = variance.predicted;
  profile.quantization_variance_measured = variance.measured;
  profile.gradient_variance = variance.gradient;
  for (const auto& tensor : table.tensors()) {
    const auto found = probed.find(tensor.id);
    if (found == probed.end() || tensor.draws == 0) continue;
    found->second->sensitivity = tensor.sensitivity;
    found->second->sensitivity_error = act::Sensitivity{tensor.sensitivity, tensor.variance, tensor.draws}.error();
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

formats::Profile profile(Trainer& trainer, const ProfileOptions& options,
                         const std::function<void(std::size_t, std::size_t)>& tick) {
  formats::Profile profile;
  profile.model = to_string(trainer.made().spec);
  profile.data = to_string(trainer.data().spec);
  profile.batch = static_cast<std::uint64_t>(trainer.options().batch);
  profile.parameter_bytes = profile.gradient_bytes = bytes_of(trainer.network().parameters());
  profile.buffer_bytes = bytes_of(trainer.network().buffers());
  profile.optimizer_bytes = bytes_of(trainer.optimizer().state());
  for (std::uint64_t i = 0; i < options.warm_up; ++i) trainer.step();
  RunSummary timed;
  for (std::uint64_t i = 0; i < options.timed_steps; ++i) timed.add(trainer.step());
  profile.step_seconds = timed.median_step_seconds();
  if (options.timed_steps > 0) profile.fixed_resident_bytes = fixed_resident_bytes();
  profile.tensors = survey_step(trainer);
  if (act::allocator_figures().peak_bytes > 0) {
    profile.peak_allocated_bytes = record_timeline(trainer, profile).peak_allocated_bytes;
  }
  if (options.timed_steps > 0) profile.peak_resident_bytes = core::peak_resident_bytes();
  profile.sensitivity_method = to_string(options.method);
  if (options.method != SensitivityMethod::None) measure_sensitivities(trainer, profile, options, tick);
  return profile;
}

std::vector<formats::PolicyTensor> policy_tensors(const formats::Profile& profile) {
  std::vector<formats::PolicyTensor> tensors;
  std::map<std::string, std::size_t> index;
  for (const auto& tensor : profile.tensors) {
    if (tensor.rungs.empty()) continue;
    formats::PolicyTensor of{.id = tensor.id, .rungs = tensor.rungs};
    if (tensor.sensitivity) {
      const auto draws = std::min(profile.sensitivity_draws, act::Sensitivity::kMemory);
      const double unit = profile.output_gradient.value_or(1);
      const double error = tensor.sensitivity_error.value_or(0) / unit;
      of.sensitivity = *tensor.sensitivity / unit;
      of.draws = of.probed = profile.sensitivity_draws;
      of.variance = draws > 1 && std::isfinite(error) ? error * error * static_cast<double>(draws - 1) : 0;
    }
    index.emplace(of.id, tensors.size());
    tensors.push_back(std::move(of));
  }
  for (const auto& tensor : profile.tensors) {
    const auto source = index.find(tensor.shared_with);
    if (source == index.end() || tensor.reason != act::to_string(act::Reason::Derived)) continue;
    tensors[source->second].derived += tensor.exact_bytes / core::size_of(tensor.dtype);
  }
  return tensors;
}

}  // namespace terse::train
