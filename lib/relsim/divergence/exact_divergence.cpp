#include "terse/relsim/divergence/exact_divergence.hpp"

#include <algorithm>
#include <memory>
#include <mutex>

#include "terse/relsim/divergence/partition.hpp"
#include "terse/relsim/divergence/tail_parameters.hpp"
#include "terse/relsim/model/compute_thread.hpp"

namespace terse::relsim {
namespace {

// Multiply-adds of the whole computation up to which float64 is affordable: seconds.
constexpr double kDoubleWork = 1e11;
constexpr std::int64_t kRowsPerBlock = 4096;     // (head, query) rows of MLP2 at a time
constexpr std::int64_t kLaneBytes = 256 << 20;  // of all lanes' sums together

class ExactDivergence {
 public:
  ExactDivergence(const FactModel& model, const ExactOptions& options)
      : options_(options), shape_(model.shape()), queries_(2 * shape_.relations) {
    const double rows = static_cast<double>(shape_.entities) * static_cast<double>(queries_);
    const double work = rows * (static_cast<double>(shape_.entities * shape_.dim) +
                                static_cast<double>(shape_.hidden * shape_.hidden));
    double_ = options.precision == Precision::Double || (options.precision == Precision::Auto && work < kDoubleWork);
    type_ = double_ ? at::kDouble : at::kFloat;

    // A shift of the table changes no distribution, and centred products cancel less.
    table_double_ = model.entity.to(at::kDouble);
    table_double_ = table_double_ - table_double_.mean(0, true);
    table_ = table_double_.to(type_);
    head_u_ = run_mlp(model.head, model.query, /*precise=*/true);
    head_log_z_ = partition(head_u_, table_double_, false).log_z;
    tail_ = std::make_unique<TailParameters>(model, type_);
  }

  Divergences compute() {
    const auto block = std::max<std::int64_t>(1, kRowsPerBlock / queries_);
    const auto blocks = (shape_.entities + block - 1) / block;
    // Each lane sums its heads in order, and lanes are added in order; their number depends on sizes alone.
    const auto lane_bytes = shape_.relations * queries_ * 8;
    const auto lanes = std::min(blocks, std::clamp<std::int64_t>(kLaneBytes / lane_bytes, 2, 64));
    std::vector<at::Tensor> sums(static_cast<std::size_t>(lanes));
    parallel_compute(sums.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (auto lane = static_cast<std::int64_t>(begin); lane < static_cast<std::int64_t>(end); ++lane) {
        auto& sum = sums[static_cast<std::size_t>(lane)];
        sum = at::zeros({shape_.relations, queries_}, at::kDouble);
        for (auto b = lane * blocks / lanes; b < (lane + 1) * blocks / lanes; ++b) {
          const auto first = b * block, count = std::min(block, shape_.entities - first);
          add_heads(first, count, sum);
          report(count);
        }
      }
    });
    auto total = sums.front();
    for (std::size_t i = 1; i < sums.size(); ++i) total += sums[i];
    return split(total);
  }

 private:
  /// Adds to [R, 2R] `sum` what the heads first … first + count - 1 contribute.
  void add_heads(std::int64_t first, std::int64_t count, at::Tensor& sum) const {
    const auto relations = shape_.relations, dim = shape_.dim;
    // log P(h|q), [2R, count].
    const auto log_p =
        at::mm(head_u_, table_double_.narrow(0, first, count).t()) - head_log_z_.unsqueeze(1);
    const auto log_p_forward = log_p.narrow(0, 0, relations);
    const auto mass = log_p_forward.exp();  // P(h|a), [R, count]

    auto u = tail_->at_heads(first, count);  // natural parameters of P(t|h,q), [count, 2R, dim]
    const auto forward_u = u.narrow(1, 0, relations).contiguous();
    const auto forward = partition(forward_u.view({count * relations, dim}), table_, true);
    const auto inverse_u = u.narrow(1, relations, relations).contiguous();
    const auto inverse = partition(inverse_u.view({count * relations, dim}), table_, false);
    const auto log_z = at::cat({forward.log_z.view({count, relations}), inverse.log_z.view({count, relations})}, 1)
                           .to(at::kDouble);                                      // [count, 2R]
    const auto mean = forward.mean.view({count, relations, dim});

    // Differences of u are all that counts: taken from each head's mean, they are small and cancel less.
    const auto centre = u.mean(1, true);
    u -= centre;
    const auto weighted_mean = mean * mass.t().unsqueeze(2).to(type_);            // P(h|a) ē_a, [count, R, dim]
    const auto cross = at::mm(weighted_mean.transpose(0, 1).reshape({relations, count * dim}),
                              u.transpose(0, 1).reshape({queries_, count * dim}).t());  // Σ_h P(h|a) ē_a·u_q
    const auto own = ((forward_u - centre).to(at::kDouble) * mean.to(at::kDouble)).sum(2) -
                     log_z.narrow(1, 0, relations);                               // u_a·ē_a - log Z_a, [count, R]
    const auto constant = (mass * (own.t() + log_p_forward)).sum(1, true);        // [R, 1]
    sum += constant - cross.to(at::kDouble) + at::mm(mass, log_z - log_p.t());
  }

  void report(std::int64_t heads) {
    if (!options_.on_progress) return;
    const std::lock_guard lock(mutex_);
    done_ += static_cast<std::uint64_t>(heads);
    options_.on_progress(done_, static_cast<std::uint64_t>(shape_.entities));
  }

  Divergences split(const at::Tensor& total) const {
    const auto relations = shape_.relations;
    Divergences result;
    result.double_precision = double_;
    for (const auto& [first, into] : {std::pair{std::int64_t{0}, &result.same}, std::pair{relations, &result.swapped}}) {
      const auto part = total.narrow(1, first, relations).contiguous();
      into->assign(part.data_ptr<double>(), part.data_ptr<double>() + part.numel());
      // Rounding may leave a hair below zero, and a relation's divergence from itself is zero by definition.
      for (auto& value : *into) value = std::max(value, 0.0);
    }
    for (std::int64_t r = 0; r < relations; ++r) result.same[static_cast<std::size_t>(r * relations + r)] = 0;
    return result;
  }

  const ExactOptions& options_;
  FactModelShape shape_;
  std::int64_t queries_;
  bool double_ = false;
  at::ScalarType type_ = at::kFloat;
  at::Tensor table_, table_double_;        // [E, dim], centred
  at::Tensor head_u_, head_log_z_;         // [2R, dim], [2R], float64
  std::unique_ptr<TailParameters> tail_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
};

}  // namespace

Divergences exact_divergences(const FactModel& model, const ExactOptions& options) {
  prepare_compute_thread();
  const c10::InferenceMode guard;
  return ExactDivergence(model, options).compute();
}

}  // namespace terse::relsim
