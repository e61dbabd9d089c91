#include "terse/act/stored/substitution.hpp"

namespace terse::act {

namespace {
thread_local const Substitution* substitution = nullptr;
}

Substitution::Substitution(const std::vector<ProbeForms>& forms) : forms_(forms) { substitution = this; }
Substitution::~Substitution() { substitution = nullptr; }

bool Substitution::active() { return substitution != nullptr; }

StoredTensor* Substitution::of(StoredTensor* stored) {
  if (!substitution) return stored;
  for (const ProbeForms& forms : substitution->forms_) {
    if (forms.stored.get() == stored) return forms.other.get();
  }
  return stored;
}

}  // namespace terse::act
