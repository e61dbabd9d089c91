#include "terse/train/loop/profiler.hpp"

#include <map>

#include "terse/act/memory/allocator.hpp"
#include "terse/train/loop/trainer.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

TrainOptions options_for(const std::string& model, const std::string& data) {
  TrainOptions options;
  options.model = parse_spec(model, "model");
  options.data = parse_spec(data, "data");
  options.batch = 8;
  options.compression.level = act::Level::L0;
  return options;
}

const formats::ProfiledTensor& find(const formats::Profile& profile, const std::string& part) {
  for (const auto& tensor : profile.tensors) {
    if (tensor.id.find(part) != std::string::npos) return tensor;
  }
  throw std::runtime_error("no tensor " + part);
}

TEST_CASE("a profile tells what a step keeps and allocates") {
  act::install_allocator();
  Trainer trainer(options_for("mlp:hidden=64x64", "random:512,classes=5,count=64"));
  const auto profile = train::profile(
      trainer, {.warm_up = 1, .timed_steps = 2, .method = act::SensitivityMethod::None, .sensitivity = {}});
  CHECK(profile.model == "mlp:classes=5,dropout=0,hidden=64x64");
  CHECK(profile.batch == 8);
  CHECK(profile.parameter_bytes == 4 * (512 * 64 + 64 + 64 * 64 + 64 + 64 * 5 + 5));
  CHECK(profile.optimizer_bytes == profile.parameter_bytes + 4);
  CHECK(profile.step_seconds > 0);
  CHECK(profile.peak_resident_bytes > 0);
  CHECK(find(profile, "relu").shape == std::vector<std::int64_t>{8, 64});
  CHECK(find(profile, "relu").zeros > 0);

  // The timeline releases only what it allocated, and replays to the measured peak.
  std::map<std::uint64_t, std::int64_t> live;
  std::int64_t now = static_cast<std::int64_t>(profile.live_bytes_before), peak = now;
  REQUIRE(!profile.timeline.empty());
  REQUIRE(profile.backward_start > 0);
  REQUIRE(profile.backward_start < profile.timeline.size());
  bool linked = false;
  for (const auto& event : profile.timeline) {
    live[event.block] += event.bytes;
    CHECK(live[event.block] >= 0);
    now += event.bytes;
    peak = std::max(peak, now);
    linked = linked || event.tensor >= 0;
    REQUIRE(event.tag < profile.tags.size());
  }
  CHECK(linked);
  CHECK(peak <= static_cast<std::int64_t>(profile.peak_allocated_bytes));
  CHECK(peak > static_cast<std::int64_t>(profile.peak_allocated_bytes) * 9 / 10);
}

TEST_CASE("the sensitivity of a linear layer's input is what the algebra says") {
  // For y = W x the weight gradient is dy x', so rounding x with variance v an element in b bits gives
  // E|g' - g|^2 = sum over samples of |dy_n|^2 times the summed variance of row n. Checked by order of magnitude and
  // scaling: the estimate must not depend on the bits that probe it, as S(b) takes them out.
  auto options = options_for("mlp:hidden=64x64", "random:512,classes=5,count=64");
  options.batch = 64;
  Trainer trainer(options);
  options.compression.level = act::Level::L1;
  trainer.compressed().set_compression(options.compression.steps());
  trainer.step();
  std::vector<std::string> ids;
  for (const auto& tensor : trainer.compression().saved()) {
    if (tensor.reason == act::Reason::Quantized) ids.push_back(tensor.id);
  }
  REQUIRE(!ids.empty());
  auto& run = trainer.compressed().run();
  const auto by_4 = act::exact_sensitivities(run, ids, {.bits = 4, .draws = 24});
  const auto by_8 = act::exact_sensitivities(run, ids, {.bits = 8, .draws = 24});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    INFO(ids[i]);
    CHECK(by_4[i].value > 0);
    const double error = std::hypot(by_4[i].error, by_8[i].error);
    // 4 sigma, and 10 % for scales of 16 bits, which cost 8 bits relatively more than 4.
    CHECK(std::abs(by_4[i].value - by_8[i].value) < 4 * error + 0.1 * by_4[i].value);
  }
}

TEST_CASE("sensitivities appear in a profile where asked for") {
  Trainer trainer(options_for("mlp:hidden=64x64", "random:512,classes=5,count=64"));
  const auto profile = train::profile(
      trainer, {.warm_up = 0, .timed_steps = 0, .method = act::SensitivityMethod::Exact, .sensitivity = {}});
  CHECK(profile.sensitivity_method == "exact");
  for (const auto& tensor : profile.tensors) CHECK(tensor.sensitivity.has_value() == (tensor.reason == "quantized"));
}

}  // namespace
}  // namespace terse::train
