#include "terse/relsim/prediction/fact_scorer.hpp"

#include <array>
#include <cmath>
#include <numeric>

#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"

namespace terse::relsim {

namespace {

/// log(w e^model + (1 - w) counts).
double mix(double w, double log_model, double counts) { return std::log(w * std::exp(log_model) + (1 - w) * counts); }

}  // namespace

FactScorer::FactScorer(const FactModel& model, std::span<const std::int64_t> counts, std::optional<MixedCounts> mixed)
    : mixed_(std::move(mixed)) {
  prepare_compute_thread();
  const c10::InferenceMode guard;
  const auto relations = model.shape().relations;
  table_ = EntityTable((model.entity - model.entity.mean(0, true)).contiguous());
  head_u_ = run_mlp(model.head, model.query.narrow(0, 0, relations)).contiguous();
  const auto log_z = table_.partition(head_u_, false).log_z;
  const auto facts = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  for (std::int64_t r = 0; r < relations; ++r) {
    const auto count = static_cast<double>(counts[static_cast<std::size_t>(r)]);
    prior_.push_back(std::log((count + 1) / (facts + static_cast<double>(relations))));
    head_log_z_.push_back(static_cast<double>(log_z.data_ptr<float>()[r]));
  }
  tail_ = std::make_unique<TailParameters>(model, relations, at::kFloat);
}

void FactScorer::score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const {
  prepare_compute_thread();
  const c10::InferenceMode guard;
  const auto dim = static_cast<std::size_t>(head_u_.size(1)), relations = prior_.size();
  const std::array<std::int64_t, 1> heads{head};
  const auto u = tail_->at_heads(heads).view({-1, head_u_.size(1)}).contiguous();
  const auto log_z = table_.partition(u, false).log_z;
  const auto* entity = table_.values().data_ptr<float>();
  const auto row = [&](std::int32_t id) { return entity + static_cast<std::size_t>(id) * dim; };
  for (std::size_t r = 0; r < relations; ++r) {
    const auto query = static_cast<std::int32_t>(r), inverse = static_cast<std::int32_t>(relations + r);
    double of_head = static_cast<double>(dot_row(head_u_.data_ptr<float>() + r * dim, row(head), dim)) - head_log_z_[r];
    if (mixed_) {
      const auto& [mixture, counts] = *mixed_;
      of_head = mix(static_cast<double>(mixture.head[r]), of_head, counts.probability(query, head, mixture.smoothing));
    }
    for (std::size_t i = 0; i < tails.size(); ++i) {
      double of_tail = static_cast<double>(dot_row(u.data_ptr<float>() + r * dim, row(tails[i]), dim)) -
                       static_cast<double>(log_z.data_ptr<float>()[r]);
      if (mixed_) {
        const auto& [mixture, counts] = *mixed_;
        of_tail = mix(static_cast<double>(mixture.tail[r]), of_tail,
                      counts.probability(inverse, tails[i], mixture.smoothing));
      }
      scores[i * relations + r] = prior_[r] + of_head + of_tail;
    }
  }
}

}  // namespace terse::relsim
