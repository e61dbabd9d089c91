#include "terse/act/stored/substitution.hpp"

namespace terse::act {

Substitution::Substitution(const std::vector<ProbeForms>& forms)
    : turn_(StepContext::of_thread()), forms_(StepContext::of_thread().substituted, &forms) {}

bool Substitution::active() { return StepContext::of_thread().substituted != nullptr; }

StoredTensor* Substitution::of(StoredTensor* stored) {
  const auto* substituted = StepContext::of_thread().substituted;
  if (!substituted) return stored;
  for (const ProbeForms& forms : *substituted) {
    if (forms.stored.get() == stored) return forms.other.get();
  }
  return stored;
}

}  // namespace terse::act
