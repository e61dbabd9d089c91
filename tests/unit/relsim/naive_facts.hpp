#pragma once

#include <cmath>
#include <vector>

#include "terse/relsim/facts/fact_model.hpp"

namespace terse::relsim::naive {

using Table = std::vector<std::vector<double>>;

inline std::vector<double> row(const at::Tensor& tensor, std::int64_t i) {
  const auto values = tensor[i].to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

/// A perceptron in plain loops and float64.
inline std::vector<double> run(const Mlp& mlp, std::vector<double> x) {
  for (int layer = 0; layer < 3; ++layer) {
    const auto bias = row(mlp.bias[layer].unsqueeze(0), 0);
    std::vector<double> y(bias);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const auto weights = row(mlp.linear_weight(layer), static_cast<std::int64_t>(i));
      for (std::size_t j = 0; j < x.size(); ++j) y[i] += weights[j] * x[j];
      if (layer < 2) y[i] = std::max(y[i], 0.0);
    }
    x = std::move(y);
  }
  return x;
}

/// log softmax over all entities of u·e.
inline std::vector<double> log_distribution(const FactModel& model, const std::vector<double>& u) {
  std::vector<double> logits(static_cast<std::size_t>(model.entity.size(0)));
  double largest = -INFINITY, total = 0;
  for (std::size_t e = 0; e < logits.size(); ++e) {
    const auto vector = row(model.entity, static_cast<std::int64_t>(e));
    for (std::size_t i = 0; i < u.size(); ++i) logits[e] += u[i] * vector[i];
    largest = std::max(largest, logits[e]);
  }
  for (const double logit : logits) total += std::exp(logit - largest);
  for (double& logit : logits) logit -= largest + std::log(total);
  return logits;
}

/// log P(h,t|q) for every head and tail, [E][E].
inline Table log_joint(const FactModel& model, std::int64_t query) {
  const auto q = row(model.query, query);
  const auto heads = log_distribution(model, run(model.head, q));
  Table joint;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    auto x = row(model.entity, static_cast<std::int64_t>(h));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += q[i];
    joint.push_back(log_distribution(model, run(model.tail, x)));
    for (double& value : joint.back()) value += heads[h];
  }
  return joint;
}

/// KL by enumeration of every fact.
inline double divergence(const Table& a, const Table& b) {
  double sum = 0;
  for (std::size_t h = 0; h < a.size(); ++h) {
    for (std::size_t t = 0; t < a.size(); ++t) sum += std::exp(a[h][t]) * (a[h][t] - b[h][t]);
  }
  return sum;
}

}  // namespace terse::relsim::naive
