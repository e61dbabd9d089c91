#include "terse/relsim/facts/fact_artifact.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"
#include "terse/relsim/training/weight_tensors.hpp"

namespace terse::relsim {
namespace {

at::Tensor load(const formats::Facts& facts, const std::string& name, at::IntArrayRef sizes) {
  const auto& stored = facts.weight(name);
  if (stored.info.dtype != core::DType::Float32 || at::IntArrayRef(stored.info.shape) != sizes) {
    throw Error(Error::BadInput, "weight '" + name + "' does not have the shape or type that the others ask for");
  }
  auto tensor = at::empty(sizes, at::kFloat);
  std::memcpy(tensor.data_ptr(), stored.data.data(), stored.data.size());
  if (!core::all_finite({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())})) {
    throw Error(Error::BadInput, "weight '" + name + "' holds a value that is no number");
  }
  return tensor;
}

Mlp load_mlp(const formats::Facts& facts, const std::string& name, const FactModelShape& shape) {
  const std::int64_t sizes[] = {shape.dim, shape.hidden, shape.hidden, shape.dim};
  Mlp mlp;
  for (int i = 0; i < 3; ++i) {
    const auto layer = name + "." + std::to_string(2 * i);
    const auto weight = load(facts, layer + ".weight", {sizes[i + 1], sizes[i]});
    mlp.weight[i] = i == 0 ? weight : weight.t().contiguous();
    mlp.bias[i] = load(facts, layer + ".bias", {sizes[i + 1]});
  }
  return mlp;
}

}  // namespace

FactModel load_fact_model(const formats::Facts& facts, const std::string& artifact) try {
  const auto& entity = facts.weight("entity").info.shape;
  const auto& hidden = facts.weight("head.0.weight").info.shape;
  if (entity.size() != 2 || hidden.size() != 2) throw Error(Error::BadInput, "the weights are no fact model's");
  FactModelShape shape;
  shape.entities = static_cast<std::int64_t>(facts.entities.size());
  shape.relations = static_cast<std::int64_t>(facts.relations.size());
  shape.dim = entity[1];
  shape.hidden = hidden[0];
  FactModel model;
  model.entity = load(facts, "entity", {shape.entities, shape.dim});
  model.query = at::cat(
      {load(facts, "relation", {shape.relations, shape.dim}), load(facts, "inverse", {shape.relations, shape.dim})});
  model.head = load_mlp(facts, "head", shape);
  model.tail = load_mlp(facts, "tail", shape);
  return model;
} catch (const Error& error) {
  throw Error(error.code(), artifact + ": " + error.what());
}

std::vector<formats::Tensor> store_fact_model(const FactModel& model) {
  const auto relations = model.shape().relations;
  std::vector<formats::Tensor> tensors;
  tensors.push_back(weight_tensor("entity", model.entity));
  tensors.push_back(weight_tensor("relation", model.query.narrow(0, 0, relations)));
  tensors.push_back(weight_tensor("inverse", model.query.narrow(0, relations, relations)));
  for (const auto& [name, mlp] : {std::pair{"head.", &model.head}, std::pair{"tail.", &model.tail}}) {
    for (int i = 0; i < 3; ++i) {
      const auto layer = name + std::to_string(2 * i);
      tensors.push_back(weight_tensor(layer + ".weight", mlp->linear_weight(i)));
      tensors.push_back(weight_tensor(layer + ".bias", mlp->bias[i]));
    }
  }
  return tensors;
}

void store_count_mixture(const CountMixture& mixture, formats::Facts& into) {
  const auto queries = static_cast<std::int64_t>(mixture.head.size());
  into.weights.push_back(formats::make_tensor("mixture.head", {queries}, std::span<const float>(mixture.head)));
  into.weights.push_back(formats::make_tensor("mixture.tail", {queries}, std::span<const float>(mixture.tail)));
  auto parameters = into.hyperparameters.as_map();
  parameters["count_smoothing"] = mixture.smoothing;
  into.hyperparameters = std::move(parameters);
}

std::optional<CountMixture> load_count_mixture(const formats::Facts& facts, const std::string& artifact) try {
  const auto* smoothing = facts.hyperparameters.find("count_smoothing");
  if (!smoothing) return std::nullopt;
  CountMixture mixture;
  if (!smoothing->is_double() || !(smoothing->as_double() > 0))
    throw Error(Error::BadInput, "count_smoothing is no number above 0");
  mixture.smoothing = smoothing->as_double();
  for (const auto& [name, shares] :
       {std::pair{"mixture.head", &mixture.head}, std::pair{"mixture.tail", &mixture.tail}}) {
    const auto values = load(facts, name, {2 * static_cast<std::int64_t>(facts.relations.size())});
    shares->assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    const auto is_share = [](float x) { return x >= 0 && x <= 1; };
    if (!std::ranges::all_of(*shares, is_share))
      throw Error(Error::BadInput, "weight '" + std::string(name) + "' holds what is no share");
  }
  return mixture;
} catch (const Error& error) {
  throw Error(error.code(), artifact + ": " + error.what());
}

}  // namespace terse::relsim
