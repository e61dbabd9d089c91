#include "terse/act/stored/derived_tensor.hpp"

#include <algorithm>
#include <utility>

#include "terse/act/stored/substitution.hpp"

namespace terse::act {

Form Form::of(const at::Tensor& tensor) { return {tensor.scalar_type(), tensor.sizes().vec(), tensor.strides().vec()}; }

at::Tensor Form::view(const c10::Storage& storage) const { return view_of(storage, type, sizes, strides); }

Derivation::Derivation(std::vector<std::shared_ptr<StoredTensor>> parts, Compute compute, bool holds)
    : parts_(std::move(parts)), compute_(std::move(compute)), holds_(holds) {}

std::vector<at::Tensor> Derivation::compute() const {
  std::vector<at::Tensor> parts;
  for (const auto& part : parts_) parts.push_back(part ? Substitution::of(part.get())->restore() : at::Tensor());
  return compute_(parts);
}

c10::Storage Derivation::result(std::size_t k, const Form& form, bool own) {
  const at::NoGradGuard no_grad;
  const auto laid_out = [&](const at::Tensor& result) {
    if (result.strides() == form.strides && result.scalar_type() == form.type && result.storage_offset() == 0) {
      return result.storage();
    }
    return at::empty_strided(form.sizes, form.strides, form.type).copy_(result).storage();
  };
  // Another form of a part is of no use to anyone else.
  if (Substitution::active()) return laid_out(compute().at(k));
  const std::lock_guard lock(mutex_);
  if (k >= results_.size()) results_.resize(k + 1);
  if (auto living = results_[k].living.lock()) {
    if (own) results_[k].held.reset();
    return c10::Storage(std::move(living));
  }
  at::Tensor result = std::exchange(results_[k].held, {});
  if (!result.defined()) {
    auto computed = compute();
    result = std::exchange(computed.at(k), {});
    if (holds_) {
      results_.resize(computed.size());
      for (std::size_t i = 0; i < computed.size(); ++i) results_[i].held = std::move(computed[i]);
    }
  }
  c10::Storage storage = laid_out(result);
  results_[k].living = storage.getWeakStorageImpl();
  if (holds_ && !own) results_[k].held = form.view(storage);
  return storage;
}

bool Derivation::draws_on(const StoredTensor& other) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part && part->draws_on(other); });
}

bool Derivation::is_exact() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return !part || part->is_exact(); });
}

void Derivation::note_use() const {
  for (const auto& part : parts_) {
    if (part) part->note_use();
  }
}

DerivedTensor::DerivedTensor(std::shared_ptr<Derivation> derivation, std::size_t result, Form whole, Form seen,
                             bool own)
    : derivation_(std::move(derivation)),
      result_(result),
      whole_(std::move(whole)),
      seen_(std::move(seen)),
      own_(own) {}

at::Tensor DerivedTensor::restore() { return seen_.view(derivation_->result(result_, whole_, own_)); }

bool DerivedTensor::draws_on(const StoredTensor& other) const { return this == &other || derivation_->draws_on(other); }

}  // namespace terse::act
