#include "terse/relsim/divergence/head_survey.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "terse/core/philox.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kSurveyBlock = 4;  // heads at a time

// Heads of a round that tell something of all relations, where relations share heads.
constexpr std::size_t kLeastShared = 48;

constexpr double kGuess = 1e-30;  // precision of an estimate that rests on less than two heads

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

HeadSurvey::HeadSurvey(std::span<const double> mass, std::size_t relations, std::size_t queries, std::uint64_t seed,
                       std::string stream, HeadSharing sharing, Values values)
    : mass_(mass),
      relations_(relations),
      queries_(queries),
      seed_(seed),
      stream_(std::move(stream)),
      values_(std::move(values)),
      design_(mass, relations, sharing),
      sharing_(sharing),
      visited_(mass.size() / relations),
      known_(relations * queries),
      value_(relations * queries),
      variance_(relations * queries),
      precision_(relations),
      squares_(relations),
      freedom_(relations, HeadSample::kExact),
      requested_(relations) {}

double HeadSurvey::cost(std::span<const double> requests) const {
  double sum = 0;
  for (const double p : design_.probabilities(requests, visited_)) sum += p;
  return sum;
}

void HeadSurvey::draw(const std::vector<double>& requests, const Progress& progress) {
  const auto probability = design_.probabilities(requests, visited_);
  HeadSample sample(mass_, relations_, visited_);
  const core::RandomKey key{seed_, core::stream_of(stream_.c_str()), rounds_++};
  for (std::size_t h = 0; h < probability.size(); ++h) {
    const auto words = core::random_block(key, h);
    if (core::to_unit_double(words[0], words[1]) < probability[h]) {
      sample.add(static_cast<std::int64_t>(h), probability[h]);
    }
  }
  sample.weigh();
  const double begin = now();
  const auto sums = visit(sample, progress);
  if (!sample.heads().empty()) seconds_a_head_ = (now() - begin) / static_cast<double>(sample.heads().size());
  for (std::size_t a = 0; a < relations_; ++a) {
    requested_[a] += requests[a];
    // Where relations share heads, each is served by many more than it asks for.
    const bool shared = sharing_ == HeadSharing::Sum && sample.heads().size() >= kLeastShared;
    if (requests[a] > 0) add_round(a, requests[a] < 1 && !shared, sample, sums);
  }
  for (std::size_t i = 0; i < known_.size(); ++i) known_[i] += sums.all[i];
  for (const auto h : sample.heads()) visited_[static_cast<std::size_t>(h)] = 1;
  count_ += sample.heads().size();
  if (!is_complete()) return;
  // All is known, for relations that asked for nothing as well.
  value_ = known_;
  std::fill(variance_.begin(), variance_.end(), 0.0);
  std::fill(freedom_.begin(), freedom_.end(), HeadSample::kExact);
}

void HeadSurvey::add_round(std::size_t a, bool is_guess, const HeadSample& sample, const HeadSums& sums) {
  // Where no two heads were drawn, or none for this relation, the estimate is a guess: it serves until there is a
  // better one.
  const double exact = sample.precision(a),
               precision = is_guess && !std::isinf(exact) ? kGuess : std::max(exact, kGuess);
  if (precision == kGuess && precision_[a] > kGuess) return;
  const double sum = precision_[a] + precision;
  const double share = std::isinf(precision) ? 1 : precision / sum;
  for (auto i = a * queries_; i < (a + 1) * queries_; ++i) {
    const auto rest = sample.estimate(a, sums.at(i));
    const double value = known_[i] + sums.certain[i] + rest.value;
    value_[i] += share * (value - value_[i]);
    variance_[i] = (1 - share) * (1 - share) * variance_[i] + share * share * rest.variance;
  }
  if (share == 1) squares_[a] = 0;
  precision_[a] = sum;
  squares_[a] += precision * precision / sample.freedom(a);
  freedom_[a] = std::isinf(precision) ? HeadSample::kExact : std::min(sum * sum / squares_[a], HeadSample::kExact);
}

/// Sums over the sample's heads. Lanes and their order depend on sizes alone.
HeadSums HeadSurvey::visit(const HeadSample& sample, const Progress& progress) const {
  const auto heads = sample.heads();
  const auto blocks = (static_cast<std::int64_t>(heads.size()) + kSurveyBlock - 1) / kSurveyBlock;
  const auto lanes = std::clamp<std::int64_t>(blocks, 1, 16);
  std::vector<HeadSums> sums(static_cast<std::size_t>(lanes));
  std::mutex mutex;
  std::uint64_t done = 0;
  parallel_compute(sums.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto lane = static_cast<std::int64_t>(begin); lane < static_cast<std::int64_t>(end); ++lane) {
      auto& sum = sums[static_cast<std::size_t>(lane)];
      sum.resize(relations_ * queries_);
      for (auto b = lane * blocks / lanes; b < (lane + 1) * blocks / lanes; ++b) {
        const auto first = static_cast<std::size_t>(b * kSurveyBlock);
        const auto part = heads.subspan(first, std::min<std::size_t>(kSurveyBlock, heads.size() - first));
        const auto at_heads = values_(part).contiguous();
        const auto* values = at_heads.data_ptr<double>();
        for (std::size_t i = 0; i < part.size(); ++i) {
          sample.accumulate(first + i, values + i * relations_ * queries_, queries_, sum);
        }
        if (!progress) continue;
        const std::lock_guard lock(mutex);
        progress(done += part.size(), heads.size());
      }
    }
  });
  for (std::size_t i = 1; i < sums.size(); ++i) sums.front().add(sums[i]);
  return std::move(sums.front());
}

}  // namespace terse::relsim
