#include "terse/act/tensor/step_context.hpp"

#include <mutex>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

thread_local StepContext* adopted = nullptr;

/// Keeps a context for good: a thread that did not see its step end still points to it.
void keep_for_good(std::shared_ptr<StepContext> step) {
  static std::mutex mutex;
  static auto* kept = new std::vector<std::shared_ptr<StepContext>>;  // outlives every thread
  const std::lock_guard lock(mutex);
  kept->push_back(std::move(step));
}

}  // namespace

StepContext& StepContext::outside() {
  static thread_local StepContext own;
  return own;
}

StepContext& StepContext::of_thread() { return adopted ? *adopted : outside(); }

std::shared_ptr<StepContext> StepContext::shared_of_thread() { return adopted ? adopted->shared_from_this() : nullptr; }

const void* this_thread() {
  static thread_local char mark = 0;
  return &mark;
}

std::string_view current_operator() {
  const StepContext& step = StepContext::of_thread();
  return step.followed_thread == this_thread() ? step.running_operator : std::string_view();
}

StepAdoption::StepAdoption(std::shared_ptr<StepContext> step)
    : step_(std::move(step)), outer_(adopted), thread_(this_thread()) {
  if (step_) adopted = step_.get();
}

StepAdoption::~StepAdoption() {
  if (thread_ == this_thread()) {
    adopted = outer_;
  } else if (step_) {
    keep_for_good(std::move(step_));
  }
}

StepTurn::StepTurn(StepContext& step) : step_(step) {
  const void* before = nullptr;
  is_outermost_ = step_.turn.compare_exchange_strong(before, this_thread());
  if (!is_outermost_ && before != this_thread()) {
    throw Error(Error::Usage, "two threads work on one compression step at the same time");
  }
}

StepTurn::~StepTurn() {
  if (is_outermost_) step_.turn = nullptr;
}

}  // namespace terse::act
