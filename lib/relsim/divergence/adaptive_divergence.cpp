#include "terse/relsim/divergence/adaptive_divergence.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/divergence/head_design.hpp"
#include "terse/relsim/divergence/head_sample.hpp"
#include "terse/relsim/model/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr double kPilotHeads = 8;      // a relation, in the first round
constexpr double kProbeHeads = 16;     // in all, to see how long a head takes
constexpr double kMargin = 1.1;        // more heads than the last round's variance asks for
constexpr double kTimeShare = 0.9;     // of the time left that a round may plan to use
constexpr int kMostRounds = 8;
constexpr std::int64_t kHeadsPerBlock = 4;

/// P(h|a), [R, E] float64.
at::Tensor head_mass(const TailDivergence& tails) {
  constexpr std::int64_t kBlock = 1024;
  auto mass = at::empty({tails.relations(), tails.entities()}, at::kDouble);
  for (std::int64_t first = 0; first < tails.entities(); first += kBlock) {
    const auto count = std::min(kBlock, tails.entities() - first);
    mass.narrow(1, first, count).copy_(tails.log_head(first, count).narrow(0, 0, tails.relations()).exp());
  }
  return mass;
}

class Adaptive {
 public:
  Adaptive(const FactModel& model, const AdaptiveOptions& options)
      : options_(options), start_(Clock::now()), tails_(model, options.swapped, options.precision),
        relations_(static_cast<std::size_t>(tails_.relations())), queries_(static_cast<std::size_t>(tails_.queries())),
        mass_(head_mass(tails_)),
        design_({mass_.data_ptr<double>(), static_cast<std::size_t>(mass_.numel())}, relations_),
        visited_(static_cast<std::size_t>(tails_.entities())), known_(tails_.head_divergence()),
        requests_(relations_, options.heads > 0 ? options.heads : kPilotHeads), estimate_(relations_ * queries_),
        error_(relations_ * queries_) {}

  AdaptiveDivergences compute() {
    AdaptiveDivergences result;
    if (options_.seconds > 0 && options_.heads == 0) {
      // How long a head takes shows in a few of them; only then is it known what a first round may cost.
      request_of_all(kProbeHeads);
      round(static_cast<std::uint32_t>(result.rounds++));
      request_of_all(std::max(affordable(), kProbeHeads));
    }
    for (;;) {
      round(static_cast<std::uint32_t>(result.rounds++));
      if (options_.heads > 0 || !plan() || result.rounds == kMostRounds) break;
    }
    settle();
    const auto sums = at::from_blob(estimate_.data(), {tails_.relations(), tails_.queries()}, at::kDouble);
    const auto errors = at::from_blob(error_.data(), {tails_.relations(), tails_.queries()}, at::kDouble);
    store_divergences(sums, result.same, result.swapped);
    store_divergences(errors, result.same_error, result.swapped_error);
    result.double_precision = tails_.is_double();
    result.heads = std::count(visited_.begin(), visited_.end(), 1);
    result.open_relations = options_.heads > 0 ? 0 : open_;
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  /// Draws and visits heads, and estimates the relations that asked.
  void round(std::uint32_t number) {
    const auto probability = design_.probabilities(requests_, visited_);
    HeadSample sample({mass_.data_ptr<double>(), static_cast<std::size_t>(mass_.numel())}, relations_, visited_);
    const core::RandomKey key{options_.seed, core::stream_of("relsim/heads"), number};
    for (std::size_t h = 0; h < probability.size(); ++h) {
      const auto words = core::random_block(key, h);
      if (core::to_unit_double(words[0], words[1]) < probability[h]) {
        sample.add(static_cast<std::int64_t>(h), probability[h]);
      }
    }
    sample.weigh();
    const double begin = elapsed();
    const auto sums = visit(sample);
    if (!sample.heads().empty()) seconds_a_head_ = (elapsed() - begin) / static_cast<double>(sample.heads().size());
    const auto* known = known_.data_ptr<double>();
    for (std::size_t a = 0; a < relations_; ++a) {
      if (requests_[a] == 0) continue;
      for (auto i = a * queries_; i < (a + 1) * queries_; ++i) {
        const auto rest = sample.estimate(a, sums.at(i));
        estimate_[i] = known[i] + sums.certain[i] + rest.value;
        error_[i] = rest.half_width;
      }
    }
    for (std::size_t i = 0; i < estimate_.size(); ++i) known_.data_ptr<double>()[i] += sums.all[i];
    for (const auto h : sample.heads()) visited_[static_cast<std::size_t>(h)] = 1;
    total_heads_ += sample.heads().size();
  }

  /// Once every head has been visited all is known, for relations that were done before as well.
  void settle() {
    if (std::count(visited_.begin(), visited_.end(), 0) > 0) return;
    std::copy_n(known_.data_ptr<double>(), estimate_.size(), estimate_.begin());
    std::fill(error_.begin(), error_.end(), 0.0);
    open_ = 0;
  }

  /// Sums over the sample's heads. Lanes and their order depend on sizes alone.
  HeadSums visit(const HeadSample& sample) {
    const auto heads = sample.heads();
    const auto blocks = (static_cast<std::int64_t>(heads.size()) + kHeadsPerBlock - 1) / kHeadsPerBlock;
    const auto lanes = std::clamp<std::int64_t>(blocks, 1, 16);
    std::vector<HeadSums> sums(static_cast<std::size_t>(lanes));
    std::mutex mutex;
    std::uint64_t done = total_heads_;
    parallel_compute(sums.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (auto lane = static_cast<std::int64_t>(begin); lane < static_cast<std::int64_t>(end); ++lane) {
        auto& sum = sums[static_cast<std::size_t>(lane)];
        sum.resize(relations_ * queries_);
        for (auto b = lane * blocks / lanes; b < (lane + 1) * blocks / lanes; ++b) {
          const auto first = static_cast<std::size_t>(b * kHeadsPerBlock);
          const auto part = heads.subspan(first, std::min<std::size_t>(kHeadsPerBlock, heads.size() - first));
          const auto divergence = tails_.divergence(tails_.at_heads(part)).contiguous();
          const auto* values = divergence.data_ptr<double>();
          for (std::size_t i = 0; i < part.size(); ++i) {
            sample.accumulate(first + i, values + i * relations_ * queries_, queries_, sum);
          }
          if (!options_.on_progress) continue;
          const std::lock_guard lock(mutex);
          options_.on_progress(done += part.size(), total_heads_ + heads.size());
        }
      }
    });
    for (std::size_t i = 1; i < sums.size(); ++i) sums.front().add(sums[i]);
    return std::move(sums.front());
  }

  /// Heads that the time left allows.
  double affordable() const {
    return std::max(options_.seconds - elapsed(), 0.0) * kTimeShare / std::max(seconds_a_head_, 1e-9);
  }

  /// Distinct heads that requests are expected to cost.
  double cost(const std::vector<double>& requests) const {
    double sum = 0;
    for (const double p : design_.probabilities(requests, visited_)) sum += p;
    return sum;
  }

  /// The same request for every relation: the pilot's, or as much of it as costs `most` heads.
  void request_of_all(double most) {
    double low = 0, high = kPilotHeads;
    if (cost(std::vector<double>(relations_, high)) > most) {
      for (int i = 0; i < 10; ++i) {
        const double middle = (low + high) / 2;
        (cost(std::vector<double>(relations_, middle)) > most ? high : low) = middle;
      }
      high = std::max(low, 1e-3);
    }
    requests_.assign(relations_, high);
    last_requests_ = requests_;
  }

  /// Half width over divergence, mean over a relation's pairs.
  double relative_error(std::size_t a) const {
    double sum = 0;
    for (std::size_t q = 0; q < queries_; ++q) {
      if (q != a) sum += error_[a * queries_ + q] / std::max(estimate_[a * queries_ + q], 1e-12);
    }
    return sum / static_cast<double>(std::max<std::size_t>(1, queries_ - 1));
  }

  /// Sets the requests of the next round. @return whether there is to be one
  bool plan() {
    std::vector<double> error(relations_);
    open_ = 0;
    for (std::size_t a = 0; a < relations_; ++a) {
      error[a] = relative_error(a);
      open_ += error[a] > options_.tolerance;
    }
    const auto left = std::count(visited_.begin(), visited_.end(), 0);
    if (open_ == 0 || left == 0) return false;
    const auto requests_for = [&](double tolerance) {
      std::vector<double> requests(relations_);
      for (std::size_t a = 0; a < relations_; ++a) {
        if (error[a] <= tolerance) continue;
        const double ratio = error[a] / tolerance;
        requests[a] = std::min(last_requests_[a] * ratio * ratio * kMargin,
                               static_cast<double>(left));
      }
      return requests;
    };
    auto requests = requests_for(options_.tolerance);
    if (options_.seconds > 0) {
      const double most = affordable();
      if (most < kProbeHeads) return false;
      if (cost(requests) > most) {
        // The tightest tolerance that the time allows, the same for all relations.
        double low = std::log(options_.tolerance), high = std::log(*std::max_element(error.begin(), error.end()));
        for (int i = 0; i < 8; ++i) {
          const double middle = (low + high) / 2;
          (cost(requests_for(std::exp(middle))) > most ? low : high) = middle;
        }
        requests = requests_for(std::exp(high));
      }
    }
    for (std::size_t a = 0; a < relations_; ++a) {
      if (requests[a] > 0) last_requests_[a] = requests[a];
    }
    requests_ = std::move(requests);
    return std::any_of(requests_.begin(), requests_.end(), [](double request) { return request > 0; });
  }

  const AdaptiveOptions& options_;
  Clock::time_point start_;
  TailDivergence tails_;
  std::size_t relations_, queries_;
  at::Tensor mass_;  // [R, E] P(h|a)
  HeadDesign design_;
  std::vector<std::uint8_t> visited_;  // [E]
  at::Tensor known_;                   // [R, Q] divergence of heads, and of tails at heads visited
  std::vector<double> requests_;       // [R] of the round
  std::vector<double> last_requests_ = std::vector<double>(relations_, kPilotHeads);  // [R] of the last that each made
  std::vector<double> estimate_, error_;  // [R, Q]
  double seconds_a_head_ = 0;
  std::uint64_t total_heads_ = 0;
  std::int64_t open_ = 0;
};

}  // namespace

AdaptiveDivergences adaptive_divergences(const FactModel& model, const AdaptiveOptions& options) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(options.heads >= 0 && options.seconds >= 0, "heads and seconds cannot be negative");
  require(options.tolerance > 0, "the tolerance must be above 0");
  prepare_compute_thread();
  const c10::InferenceMode guard;
  return Adaptive(model, options).compute();
}

}  // namespace terse::relsim
