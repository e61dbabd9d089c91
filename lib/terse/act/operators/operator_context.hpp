#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Which operator and which of its arguments or results a tensor is that autograd is saving right now.
struct SavingPoint {
  std::string op;     ///< "aten::relu"; "custom" outside any operator
  std::string role;   ///< argument name of the operator's schema ("input", "weight"), or "result", "result1" …
  std::string scope;  ///< path of the innermost ModuleScope, or ""
  std::uint32_t occurrence = 1;  ///< the how-manieth run of this operator in this scope that saves anything, from 1
};

/// Follows the operators that this thread runs, from its construction to its destruction: a thread-local
/// RecordFunction callback keeps a stack of names and argument identities. One at a time a thread.
class OperatorTracker {
 public:
  OperatorTracker();
  ~OperatorTracker();
  OperatorTracker(const OperatorTracker&) = delete;
  OperatorTracker& operator=(const OperatorTracker&) = delete;

  /// Called from a pack hook: describes `tensor` as the running operator sees it. Counts occurrences and results.
  SavingPoint describe(const at::Tensor& tensor);

  /// Arguments of the running operator by their name in the schema. @return nullopt or empty where there is no such
  /// argument of that kind, or it is None
  std::optional<double> number(std::string_view argument) const;          ///< or a truth value
  std::vector<std::int64_t> integers(std::string_view argument) const;    ///< of pooling and layer norm
  std::optional<at::IntArrayRef> sizes(std::string_view argument) const;  ///< of a tensor
  at::Tensor tensor(std::string_view argument) const;  ///< undefined where there is none, or it has been written to
  std::string text(std::string_view argument) const;   ///< of GELU

  /// The how-manieth call with this name in the present scope, from 1: for what saves tensors and is no operator.
  std::uint32_t count(const std::string& name);

 private:
  at::CallbackHandle callback_;
};

/// What the ids of tensors saved from here on depend on: the scope, and how often each operator has saved something.
struct TrackerPosition {
  std::string scope;
  std::unordered_map<std::string, std::uint32_t> occurrences;  // by scope + '/' + operator

  static TrackerPosition of_thread();
};

/// While it lives, this thread's operators are named and counted as from another position on.
class TrackerRewind {
 public:
  explicit TrackerRewind(const TrackerPosition& position);
  ~TrackerRewind();
  TrackerRewind(const TrackerRewind&) = delete;
  TrackerRewind& operator=(const TrackerRewind&) = delete;

 private:
  TrackerPosition outer_;
};

}  // namespace terse::act
