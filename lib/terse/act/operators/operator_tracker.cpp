#include "terse/act/operators/operator_tracker.hpp"

#include <algorithm>

#include "terse/act/operators/operator_table.hpp"

namespace terse::act {

namespace {

/// The tracker that follows this thread, or null.
OperatorTracker* tracker_of_thread() {
  const StepContext& step = StepContext::of_thread();
  return step.followed_thread == this_thread() ? step.operators : nullptr;
}

}  // namespace

std::unique_ptr<at::ObserverContext> OperatorTracker::enter(const at::RecordFunction& function) {
  OperatorTracker* tracker = tracker_of_thread();
  if (!tracker) return nullptr;
  if (tracker->depth_ == tracker->frames_.size()) tracker->frames_.emplace_back();
  Frame& frame = tracker->frames_[tracker->depth_++];
  frame.running.begin(function);
  frame.occurrence = 0;
  frame.results = 0;
  StepContext::of_thread().running_operator = frame.running.name();
  return nullptr;
}

void OperatorTracker::leave(const at::RecordFunction&, at::ObserverContext*) {
  OperatorTracker* tracker = tracker_of_thread();
  if (!tracker) return;
  if (tracker->depth_ > 0) --tracker->depth_;  // one that began inside an operator sees its end alone
  StepContext::of_thread().running_operator =
      tracker->depth_ > 0 ? std::string_view(tracker->frames_[tracker->depth_ - 1].running.name()) : std::string_view();
}

OperatorTracker::OperatorTracker(Occurrences occurrences)
    : occurrences_(std::move(occurrences)),
      tracker_of_step_(StepContext::of_thread().operators, this),
      thread_of_step_(StepContext::of_thread().followed_thread, thread_),
      operator_of_step_(StepContext::of_thread().running_operator, {}) {
  outside_.running.begin_custom();
  // LibTorch also hands a thread's callbacks on to the threads of its backward pass.
  const auto& present = at::get_record_function_tls_().sorted_tls_callbacks_;
  const bool is_recorded =
      std::any_of(present.begin(), present.end(), [](const auto& entry) { return entry.callback_.start() == &enter; });
  if (is_recorded) return;
  callback_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&enter, &leave).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

OperatorTracker::~OperatorTracker() {
  // Ended elsewhere, it leaves its thread a callback that does nothing, for the next tracker there.
  if (callback_ && thread_ == this_thread()) at::removeCallback(*callback_);
}

std::string OperatorTracker::role_in(Frame& frame, const at::Tensor& tensor) {
  const std::string& name = frame.running.name();
  if (auto place = frame.running.place_of(tensor)) {
    return place->is_written ? result_role(name, frame.results++) : std::move(place->argument);
  }
  // An in-place operator that needs its old input saves a clone of it; its result is the argument itself.
  if (name.ends_with('_')) return "self";
  return result_role(name, frame.results++);
}

SavingPoint OperatorTracker::describe(const at::Tensor& tensor) {
  Frame& frame = depth_ > 0 ? frames_[depth_ - 1] : outside_;
  if (depth_ == 0) frame.occurrence = frame.results = 0;
  const std::string& name = frame.running.name();
  const std::string& scope = StepContext::of_thread().scope;
  SavingPoint point{name, role_in(frame, tensor), scope, 1};
  if (frame.occurrence == 0) frame.occurrence = count(name);
  point.occurrence = frame.occurrence;
  return point;
}

const RunningOperator& OperatorTracker::running() const {
  return (depth_ > 0 ? frames_[depth_ - 1] : outside_).running;
}

std::uint32_t OperatorTracker::count(const std::string& name) {
  return ++occurrences_[StepContext::of_thread().scope + '/' + name];
}

TrackerPosition OperatorTracker::position() const { return {StepContext::of_thread().scope, occurrences_}; }

}  // namespace terse::act
