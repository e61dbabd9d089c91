#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/running_operator.hpp"
#include "terse/act/tensor/step_context.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Which operator and which of its arguments or results a tensor is that autograd is saving right now.
struct SavingPoint {
  std::string op;                ///< "aten::relu"; "custom" outside any operator
  std::string role;              ///< argument name of the operator's schema ("input", "weight"), or a result's
  std::string scope;             ///< path of the innermost ModuleScope, or ""
  std::uint32_t occurrence = 1;  ///< counts the runs of this operator in this scope that save anything, from 1
};

/// How often each operator has saved something, by scope + '/' + operator.
using Occurrences = std::unordered_map<std::string, std::uint32_t>;

/// What the ids of tensors saved from here on depend on.
struct TrackerPosition {
  std::string scope;
  Occurrences occurrences;
};

/// Follows the operators that this thread runs for its step, from construction to destruction, by LibTorch's record of
/// functions. An inner tracker takes over until it ends.
class OperatorTracker {
 public:
  /// Goes on counting from `occurrences`.
  explicit OperatorTracker(Occurrences occurrences = {});
  ~OperatorTracker();
  OperatorTracker(const OperatorTracker&) = delete;
  OperatorTracker& operator=(const OperatorTracker&) = delete;

  /// Called from a pack hook: describes `tensor` as the running operator sees it. Counts occurrences and results.
  SavingPoint describe(const at::Tensor& tensor);
  /// The innermost operator that runs; outside any, one that is "custom".
  const RunningOperator& running() const;

  /// Counts the calls with this name in the present scope, from 1: for what saves tensors and is no operator.
  std::uint32_t count(const std::string& name);
  TrackerPosition position() const;

 private:
  struct Frame {
    RunningOperator running;
    std::uint32_t occurrence = 0;  // 0 until the operator saves something
    std::uint32_t results = 0;     // saved tensors that are no arguments, so far
  };

  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function);
  static void leave(const at::RecordFunction& function, at::ObserverContext*);
  static std::string role_in(Frame& frame, const at::Tensor& tensor);

  // Reused, so that following an operator allocates nothing once they are warm. What a hook does runs operators, too,
  // while it looks at the one that saves: frames stay where they are.
  std::deque<Frame> frames_;
  std::size_t depth_ = 0;
  Frame outside_;  // a custom function's forward runs outside any operator
  Occurrences occurrences_;

  const std::uint64_t thread_ = this_thread();
  std::optional<at::CallbackHandle> callback_;  // null: the thread has one already
  Scoped<OperatorTracker*> tracker_of_step_;
  Scoped<std::uint64_t> thread_of_step_;
  Scoped<std::string_view> operator_of_step_;
};

}  // namespace terse::act
