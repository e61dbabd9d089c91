#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace terse::act {

class OperatorTracker;
class PackSink;
struct ProbeForms;

/// Sets a variable for as long as it lives; then the variable holds again what it held before.
template <class T>
class Scoped {
 public:
  Scoped(T& variable, std::type_identity_t<T> value)
      : variable_(variable), outer_(std::exchange(variable, std::move(value))) {}
  ~Scoped() { variable_ = std::move(outer_); }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  T& variable_;
  T outer_;
};

/// What hooks, operators and probes need to know of the compression step that they work for. It belongs to the step,
/// not to a thread: what the graph holds carries it, and the thread that runs a hook adopts it (StepAdoption). So the
/// backward pass may run on another thread than the forward pass; it must not run beside it (StepTurn). Outside of
/// steps, each thread has a context of its own.
///
/// Guards of the rooms above set the fields; each puts back what it found.
struct StepContext : std::enable_shared_from_this<StepContext> {
  PackSink* sink = nullptr;  ///< receives what is saved for backward; null: LibTorch keeps it
  bool in_block = false;     ///< a recomputed block runs
  bool rounds = false;       ///< what is saved may be rounded, or is to be as if
  std::string scope;         ///< path of the innermost ModuleScope, or ""

  OperatorTracker* operators = nullptr;  ///< follows the operators; null: nobody does
  std::uint64_t followed_thread = 0;     ///< this_thread() of the one whose operators it follows
  std::string_view running_operator;     ///< there: "aten::relu", or ""

  const std::vector<ProbeForms>* substituted = nullptr;  ///< restored in place of others (Substitution)
  bool in_difference_pass = false;  ///< what travels through the graph are a probe's differences, not gradients

  std::atomic<std::uint64_t> turn = 0;  ///< for StepTurn: the thread that has it

  /// What this thread adopted last, or else its own.
  static StepContext& of_thread();
  /// The same to be kept, or null where it is the thread's own.
  static std::shared_ptr<StepContext> shared_of_thread();
  /// This thread's own.
  static StepContext& outside();
};

/// A number of this thread from 1 on, which no other thread of the process ever has.
std::uint64_t this_thread();

/// Name of the operator that this thread runs and a tracker follows, or "".
std::string_view current_operator();

/// While it lives, `step` is this thread's context; then the one before is again. Null changes nothing.
class StepAdoption {
 public:
  explicit StepAdoption(std::shared_ptr<StepContext> step);
  /// On another thread it changes no thread's context: the one that adopted the step goes on with it.
  ~StepAdoption();
  StepAdoption(const StepAdoption&) = delete;
  StepAdoption& operator=(const StepAdoption&) = delete;

 private:
  std::shared_ptr<StepContext> step_;
  std::shared_ptr<StepContext> outer_;
  std::uint64_t thread_;
};

/// A thread's turn to write a step's books or to change what its hooks do. Nests.
class StepTurn {
 public:
  /// @throws Error::Usage while another thread has it
  explicit StepTurn(StepContext& step);
  ~StepTurn();
  StepTurn(const StepTurn&) = delete;
  StepTurn& operator=(const StepTurn&) = delete;

 private:
  StepContext& step_;
  bool is_outermost_;
};

}  // namespace terse::act
