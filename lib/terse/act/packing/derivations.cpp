#include "terse/act/packing/derivations.hpp"

#include <algorithm>

#include "terse/act/tensor/geometry.hpp"
#include "terse/act/tensor/graph.hpp"

namespace terse::act {

namespace {

/// Whether `tensor` is seen through the whole memory of `base`.
bool covers(const at::Tensor& tensor, const at::Tensor& base) {
  const Geometry seen = Geometry::of(tensor), whole = Geometry::of(base);
  return !whole.has_gaps && whole.encoded_count == base.numel() && !seen.has_gaps &&
         seen.encoded_count == base.numel() && tensor.storage_offset() == base.storage_offset();
}

at::Tensor base_of(const at::Tensor& tensor) {
  return at::Tensor(tensor.is_view() ? tensor._base() : static_cast<const at::TensorBase&>(tensor));
}

}  // namespace

Derivations::Noted Derivations::prepare(const Recipe& recipe, const RunningOperator& running,
                                        const SharedTensors& shared) const {
  Noted noted{&recipe, recipe.prepare(running), {}, std::vector<Part>(recipe.parts.size())};
  if (recipe.prepare_exact) noted.compute_exact = recipe.prepare_exact(running);
  if (!recipe.factor) return noted;
  const at::Tensor argument = running.tensor(recipe.parts[1]);
  if (!argument.defined() || !argument.has_storage()) return noted;
  Part& part = noted.parts[1];
  if (const auto* entry = shared.find(argument, {Need::Values})) {
    // Where it is kept, its memory must not change before the backward pass: whoever saved it asks that already.
    part = {true, entry->stored};
    noted.source = entry->id;
  } else if (auto result = locate(argument); result && result->form.sizes == argument.sizes()) {
    const auto inner = noted_.find(result->node);
    part = {true, {}, std::move(result)};
    noted.source = inner->second.source;
  }
  return noted;
}

void Derivations::note(const SavedTensor& info, const at::Tensor& tensor, const std::shared_ptr<StoredTensor>& stored,
                       const RunningOperator& running, const SharedTensors& shared) {
  const Recipe* recipe = recipe_of(info.op);
  if (!recipe) return;
  const NodeId node = saving_node();
  auto entry = noted_.find(node);
  if (entry == noted_.end()) entry = noted_.emplace(node, prepare(*recipe, running, shared)).first;
  Noted& noted = entry->second;
  complete(noted, info, stored);
  for (std::size_t i = 0; i < recipe->parts.size(); ++i) {
    // One tensor may be several operands: it has the role of the first.
    const bool is_this = recipe->parts[i] == info.role || running.tensor(recipe->parts[i]).is_same(tensor);
    if (!is_this) continue;
    noted.parts[i] = {true, stored};
    noted.rounded |= !stored->is_exact();
    if (i == 0 && recipe->factor && !stored->is_exact()) noted.compute = {};
    if (i == 0 && recipe->of_rows && info.reason == Reason::Quantized) {
      if (const auto normalised = std::dynamic_pointer_cast<NormalisedTensor>(stored)) {
        noted.normalised = normalised;
        noted.parts[i].stored = normalised->rows();
        noted.compute = recipe->of_rows;
      }
    }
    if (i == (recipe->factor ? 1 : 0)) noted.source = info.shared_with.empty() ? info.id : info.shared_with;
  }
}

void Derivations::complete(Noted& noted, const SavedTensor& info, const std::shared_ptr<StoredTensor>& stored) {
  const auto normalised = noted.normalised.lock();
  if (!normalised) return;
  if (info.role == "mean") normalised->with_mean(stored);
  if (info.role == "rstd") normalised->with_rstd(stored);
}

std::optional<Derivations::Result> Derivations::locate(const at::Tensor& tensor) const {
  if (noted_.empty()) return std::nullopt;
  const at::Tensor base = base_of(tensor);
  const auto& node = base.grad_fn();
  if (!node || base._version() != 0 || base.scalar_type() != tensor.scalar_type()) return std::nullopt;
  const auto found = noted_.find(id_of(*node));
  if (found == noted_.end() || node->name() != found->second.recipe->node || !covers(tensor, base)) return std::nullopt;
  return Result{found->first, static_cast<std::size_t>(base.output_nr()), Form::of(base)};
}

std::shared_ptr<Derivation> Derivations::derivation(const NodeId& node) const {
  Noted& noted = noted_.at(node);
  if (auto made = noted.made.lock()) return made;
  if (!noted.compute) return nullptr;
  bool exact = true;
  std::vector<std::shared_ptr<StoredTensor>> parts;
  for (std::size_t i = 0; i < noted.parts.size(); ++i) {
    const Part& part = noted.parts[i];
    std::shared_ptr<StoredTensor> stored;
    if (part.result) {
      if (auto inner = derivation(part.result->node)) {
        const Form& form = part.result->form;
        stored = std::make_shared<DerivedTensor>(std::move(inner), part.result->index, form, form, false);
      }
    } else {
      stored = part.stored.lock();
    }
    const bool needed = part.present || i < noted.recipe->needed || noted.recipe->factor;
    if (!stored && needed) return nullptr;
    exact &= !stored || stored->is_exact();
    parts.push_back(std::move(stored));
  }
  const auto& compute = exact && noted.compute_exact ? noted.compute_exact : noted.compute;
  auto made = std::make_shared<Derivation>(std::move(parts), compute, noted.recipe->holds);
  noted.made = made;
  return made;
}

std::optional<Derivations::Found> Derivations::find(const at::Tensor& tensor) const {
  const auto result = locate(tensor);
  if (!result) return std::nullopt;
  auto made = derivation(result->node);
  if (!made) return std::nullopt;
  return Found{std::make_shared<DerivedTensor>(std::move(made), result->index, result->form, Form::of(tensor), false),
               noted_.at(result->node).source};
}

std::optional<Derivations::Found> Derivations::find_own(const SavedTensor& info, const at::Tensor& tensor,
                                                        bool from_exact) const {
  const auto found = noted_.find(saving_node());
  if (found == noted_.end() || found->second.recipe != recipe_of(info.op)) return std::nullopt;
  if (!found->second.rounded && !from_exact) return std::nullopt;
  const auto& roles = found->second.recipe->results;
  const auto role = std::find(roles.begin(), roles.end(), info.role);
  if (role == roles.end() || tensor.storage_offset() != 0) return std::nullopt;
  auto made = derivation(found->first);
  if (!made) return std::nullopt;
  const Form form = Form::of(tensor);
  return Found{std::make_shared<DerivedTensor>(std::move(made), static_cast<std::size_t>(role - roles.begin()), form,
                                               form, true),
               found->second.source};
}

}  // namespace terse::act
