#pragma once

#include <cstdint>
#include <string_view>

namespace terse::learn {

/// How the learning rate goes over a run, after the warm-up.
enum class ScheduleKind {
  Constant,
  Cosine,  ///< half a cosine down to 0 after the last step
  Linear,  ///< a straight line down to 0 after the last step
  Step,    ///< times `gamma` every `every` steps
};

std::string_view to_string(ScheduleKind kind);  ///< "constant", "cosine", "linear", "step"

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::Constant;
  double rate = 0;           ///< after the warm-up
  std::uint64_t total = 1;   ///< steps of the whole run, ≥ 1
  std::uint64_t warmup = 0;  ///< steps over which the rate rises linearly to its full value
  std::uint64_t every = 0;   ///< of Step; 0: a third of the run
  double gamma = 0.1;        ///< of Step
};

/// The learning rate of each step.
class Schedule {
 public:
  explicit Schedule(const ScheduleOptions& options);

  /// @param step  number of steps done before, from 0
  double rate(std::uint64_t step) const;
  /// With `every` filled in.
  const ScheduleOptions& options() const { return options_; }
  /// Whether the rates depend on the length of the run.
  bool needs_total() const;

 private:
  ScheduleOptions options_;
};

}  // namespace terse::learn
