#include "terse/act/tensor/step_context.hpp"

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

// Keeps the context alive for a thread that did not see its step end.
thread_local std::shared_ptr<StepContext> adopted;

}  // namespace

StepContext& StepContext::outside() {
  static thread_local StepContext own;
  return own;
}

StepContext& StepContext::of_thread() { return adopted ? *adopted : outside(); }

std::shared_ptr<StepContext> StepContext::shared_of_thread() { return adopted; }

std::uint64_t this_thread() {
  static std::atomic<std::uint64_t> threads = 0;
  static thread_local const std::uint64_t number = ++threads;
  return number;
}

std::string_view current_operator() {
  const StepContext& step = StepContext::of_thread();
  return step.followed_thread == this_thread() ? step.running_operator : std::string_view();
}

StepAdoption::StepAdoption(std::shared_ptr<StepContext> step)
    : step_(std::move(step)), outer_(adopted), thread_(this_thread()) {
  if (step_) adopted = step_;
}

StepAdoption::~StepAdoption() {
  if (step_ && thread_ == this_thread() && adopted == step_) adopted = std::move(outer_);
}

StepTurn::StepTurn(StepContext& step) : step_(step) {
  std::uint64_t before = 0;
  is_outermost_ = step_.turn.compare_exchange_strong(before, this_thread());
  if (!is_outermost_ && before != this_thread()) {
    throw Error(Error::Usage, "two threads work on one compression step at the same time");
  }
}

StepTurn::~StepTurn() {
  if (is_outermost_) step_.turn = 0;
}

}  // namespace terse::act
