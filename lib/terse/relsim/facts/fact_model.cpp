#include "terse/relsim/facts/fact_model.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "terse/core/philox.hpp"

namespace terse::relsim {
namespace {

at::Tensor uniform(at::IntArrayRef sizes, double bound, std::uint64_t seed, const char* purpose) {
  auto tensor = at::empty(sizes, at::kFloat);
  const core::RandomKey key{seed, core::stream_of(purpose), 0};
  auto* values = tensor.data_ptr<float>();
  const auto count = static_cast<std::uint64_t>(tensor.numel());
  for (std::uint64_t i = 0; i < count; i += 4) {
    const auto words = core::random_block(key, i / 4);
    for (std::uint64_t j = i; j < std::min(count, i + 4); ++j) {
      values[j] = static_cast<float>(bound) * (2 * core::to_unit_float(words[j - i]) - 1);
    }
  }
  return tensor;
}

Mlp random_mlp(const FactModelShape& shape, std::uint64_t seed, const std::string& name) {
  const std::int64_t sizes[] = {shape.dim, shape.hidden, shape.hidden, shape.dim};
  Mlp mlp;
  for (int i = 0; i < 3; ++i) {
    const double bound = 1 / std::sqrt(static_cast<double>(sizes[i]));
    const auto layer = "relsim/" + name + "." + std::to_string(2 * i);
    const std::int64_t shape_of_weight[] = {i == 0 ? sizes[1] : sizes[i], i == 0 ? sizes[0] : sizes[i + 1]};
    mlp.weight[i] = uniform(shape_of_weight, bound, seed, (layer + ".weight").c_str());
    mlp.bias[i] = uniform({sizes[i + 1]}, bound, seed, (layer + ".bias").c_str());
  }
  return mlp;
}

}  // namespace

FactModelShape FactModel::shape() const {
  return {entity.size(0), query.size(0) / 2, entity.size(1), head.weight[0].size(0)};
}

std::vector<std::pair<std::string, at::Tensor>> FactModel::named() const {
  std::vector<std::pair<std::string, at::Tensor>> tensors{{"entity", entity}, {"query", query}};
  for (const auto& [name, mlp] : {std::pair{std::string("head."), &head}, std::pair{std::string("tail."), &tail}}) {
    for (int i = 0; i < 3; ++i) {
      const auto layer = name + std::to_string(2 * i);
      tensors.emplace_back(layer + ".weight", mlp->weight[i]);
      tensors.emplace_back(layer + ".bias", mlp->bias[i]);
    }
  }
  return tensors;
}

FactModel FactModel::clone() const {
  FactModel copy = *this;
  for (auto* tensor : {&copy.entity, &copy.query}) *tensor = tensor->clone();
  for (auto* mlp : {&copy.head, &copy.tail}) {
    for (int i = 0; i < 3; ++i) {
      mlp->weight[i] = mlp->weight[i].clone();
      mlp->bias[i] = mlp->bias[i].clone();
    }
  }
  return copy;
}

FactModel FactModel::random(const FactModelShape& shape, std::uint64_t seed) {
  const double bound = std::sqrt(3.0 / static_cast<double>(shape.dim));
  FactModel model;
  model.entity = uniform({shape.entities, shape.dim}, bound, seed, "relsim/entity");
  model.query = uniform({2 * shape.relations, shape.dim}, bound, seed, "relsim/query");
  model.head = random_mlp(shape, seed, "head");
  model.tail = random_mlp(shape, seed, "tail");
  return model;
}

at::Tensor run_mlp(const Mlp& mlp, const at::Tensor& rows, bool precise) {
  const auto type = precise ? at::kDouble : at::kFloat;
  auto x = rows.to(type);
  for (int i = 0; i < 3; ++i) {
    x = at::addmm(mlp.bias[i].to(type), x, mlp.linear_weight(i).to(type).t());
    if (i < 2) x.relu_();
  }
  return x;
}

}  // namespace terse::relsim
