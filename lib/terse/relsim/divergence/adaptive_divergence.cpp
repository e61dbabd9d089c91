#include "terse/relsim/divergence/adaptive_divergence.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/relsim/divergence/entity_sample.hpp"
#include "terse/relsim/divergence/head_survey.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr double kPilotHeads = 8;      // a relation, in the first round
constexpr double kPilotFullHeads = 2;  // the same of the second level, whose values differ less
constexpr double kProbeHeads = 16;     // in all, to see how long a head takes
constexpr double kMargin = 1.1;        // more heads than the last round's variance asks for
constexpr double kTimeShare = 0.93;    // of the time left that a round may plan to use
constexpr double kLeastRound = 0.1;    // of the time gone that a round must be worth
constexpr int kMostRounds = 8;
constexpr double kMoreFreedom = 4;  // that a round gives
// Two levels pay where a head's tails cost more than all else about it.
constexpr std::int64_t kLeastEntities = 4096;
constexpr std::int64_t kMostSampled = 4096, kSampledShare = 6;  // and a sixth of the entities at most
// The hidden layers' work at a head, as a share of dense products.
constexpr double kActiveShare = 0.2;

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
      : options_(options),
        start_(Clock::now()),
        tails_(model, options.swapped, options.precision),
        relations_(static_cast<std::size_t>(tails_.relations())),
        queries_(static_cast<std::size_t>(tails_.queries())),
        mass_(head_mass(tails_)),
        heads_(tails_.head_divergence()),
        estimate_(relations_ * queries_),
        error_(relations_ * queries_) {
    const auto shape = model.shape();
    const auto rows = static_cast<double>(queries_);
    const double hidden = kActiveShare * rows * static_cast<double>(shape.hidden * shape.hidden);
    const double tail = (rows + static_cast<double>(relations_)) * static_cast<double>(shape.dim);
    const double full = hidden + tail * static_cast<double>(shape.entities);
    if (options.heads > 0 || tails_.is_double() || shape.entities < kLeastEntities) {
      survey_all_tails(full);
      return;
    }
    const auto sampled = std::min(kMostSampled, shape.entities / kSampledShare);
    sample_ = sample_entities(model, tails_, mass_, sampled, options.seed);
    const double part = hidden + tail * static_cast<double>(sampled);
    full_work_ = full;
    add_level({"relsim/sketched-heads", HeadSharing::Sum, kPilotHeads, part,
               [this](auto heads) { return tail_divergence(heads, sample_); }});
    add_level(
        {"relsim/full-heads", HeadSharing::Sum, kPilotFullHeads, full + part - hidden, [this](auto heads) {
           const auto u = tails_.parameters().at_heads(heads);
           return tails_.divergence(tails_.terms(u, tails_.table())).sub_(tails_.divergence(tails_.terms(u, sample_)));
         }});
  }

  AdaptiveDivergences compute() {
    AdaptiveDivergences result;
    if (options_.heads > 0) {
      draw(uniform(options_.heads / levels_[0].pilot));
      ++result.rounds;
    } else {
      if (options_.seconds > 0) {
        // How long a head takes shows in a few of them; only then is it known what a first round may cost.
        draw(uniform(
            scale_for([this](const Requests& r) { return heads_of(r); }, kProbeHeads * static_cast<double>(levels()))));
        ++result.rounds;
        // A first round that takes all the time errs least on average, and no choice that hangs on what was seen biases
        // its intervals.
        const double most = std::max(affordable(), kProbeHeads * seconds_of_a_head());
        draw(uniform(scale_for([this](const Requests& r) { return seconds_of(r); }, most)));
      } else {
        draw(uniform(1));
      }
      for (++result.rounds; result.rounds < kMostRounds; ++result.rounds) {
        const auto requests = plan();
        if (requests.empty()) break;
        draw(requests);
      }
      count_open();
    }
    const auto sums = at::from_blob(estimate_.data(), {tails_.relations(), tails_.queries()}, at::kDouble);
    const auto errors = at::from_blob(error_.data(), {tails_.relations(), tails_.queries()}, at::kDouble);
    store_divergences(sums, result.same, result.swapped);
    store_divergences(errors, result.same_error, result.swapped_error);
    result.precision = tails_.precision();
    result.heads = static_cast<std::int64_t>(levels_.back().survey.visited());
    if (levels() > 1) result.sketched_heads = static_cast<std::int64_t>(levels_.front().survey.visited());
    result.open_relations = open_;
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Requests = std::vector<std::vector<double>>;  // [levels][R], heads a relation

  struct LevelDesign {
    const char* stream;
    HeadSharing sharing;
    double pilot;  // heads a relation in the first round
    double work;   // of a head, in multiply-adds
    HeadSurvey::Values values;
  };
  struct Level {
    double pilot, work;
    HeadSurvey survey;
  };

  std::size_t levels() const { return levels_.size(); }
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  at::Tensor tail_divergence(std::span<const std::int64_t> heads, const EntityTable& table) const {
    return tails_.divergence(tails_.terms(tails_.parameters().at_heads(heads), table));
  }
  void add_level(const LevelDesign& design) {
    const std::span<const double> mass(mass_.data_ptr<double>(), static_cast<std::size_t>(mass_.numel()));
    levels_.push_back(
        {design.pilot, design.work,
         HeadSurvey(mass, relations_, queries_, options_.seed, design.stream, design.sharing, design.values)});
  }
  void survey_all_tails(double work) {
    levels_.clear();
    add_level({"relsim/heads", HeadSharing::Largest, kPilotHeads, work,
               [this](auto heads) { return tail_divergence(heads, tails_.table()); }});
  }

  /// The pilot's requests times `scale`.
  Requests uniform(double scale) const {
    Requests requests;
    for (const auto& level : levels_) requests.emplace_back(relations_, level.pilot * scale);
    return requests;
  }

  /// Visits heads of all levels, and adds up what they say.
  void draw(const Requests& requests) {
    const auto asks = [](double request) { return request > 0; };
    for (std::size_t k = 0; k < levels(); ++k) {
      if (std::none_of(requests[k].begin(), requests[k].end(), asks)) continue;
      const auto before = total_heads_;
      levels_[k].survey.draw(requests[k], [&](std::uint64_t done, std::uint64_t) {
        total_heads_ = before + done;
        if (options_.on_progress) options_.on_progress(total_heads_, static_cast<std::uint64_t>(tails_.entities()));
      });
    }
    const auto* heads = heads_.data_ptr<double>();
    for (std::size_t i = 0; i < estimate_.size(); ++i) {
      auto tails = levels_[0].survey.estimate(i);
      if (levels() > 1) tails = HeadSample::sum(tails, levels_[1].survey.estimate(i));
      estimate_[i] = heads[i] + tails.value;
      error_[i] = tails.half_width();
    }
  }

  /// Distinct heads, and seconds by what each level's heads took, that requests are expected to cost.
  double heads_of(const Requests& requests) const {
    double sum = 0;
    for (std::size_t k = 0; k < levels(); ++k) sum += levels_[k].survey.cost(requests[k]);
    return sum;
  }
  double seconds_of(const Requests& requests) const {
    double sum = 0;
    for (std::size_t k = 0; k < levels(); ++k)
      sum += levels_[k].survey.cost(requests[k]) * levels_[k].survey.seconds_a_head();
    return sum;
  }
  double work_of(const Requests& requests) const {
    double sum = 0;
    for (std::size_t k = 0; k < levels(); ++k) sum += levels_[k].survey.cost(requests[k]) * levels_[k].work;
    return sum;
  }
  double seconds_of_a_head() const {
    double sum = 0;
    for (const auto& level : levels_) sum += level.survey.seconds_a_head();
    return sum;
  }
  double affordable() const { return std::max(options_.seconds - elapsed(), 0.0) * kTimeShare; }

  /// How much of the pilot's requests costs `most`: 1 where all of them cost no more.
  template <class Cost>
  double scale_for(const Cost& cost, double most) const {
    if (cost(uniform(1)) <= most) return 1;
    double low = 0, high = 1;
    for (int i = 0; i < 10; ++i) {
      const double middle = (low + high) / 2;
      (cost(uniform(middle)) > most ? high : low) = middle;
    }
    return std::max(low, 1e-4);
  }

  /// Half width over divergence, mean over a relation's pairs: of what is known by now, or of one level's part. A pair
  /// whose interval is wider than its divergence counts as one that is as wide.
  template <class HalfWidth>
  double relative(std::size_t a, const HalfWidth& half_width) const {
    double sum = 0;
    for (std::size_t q = 0; q < queries_; ++q) {
      const auto i = a * queries_ + q;
      if (q != a) sum += half_width(i) / std::max({estimate_[i], error_[i], 1e-12});
    }
    return sum / static_cast<double>(std::max<std::size_t>(1, queries_ - 1));
  }
  double relative_error(std::size_t a) const {
    return relative(a, [&](std::size_t i) { return error_[i]; });
  }
  void count_open() {
    open_ = 0;
    for (std::size_t a = 0; a < relations_; ++a) open_ += relative_error(a) > options_.tolerance;
  }

  /// A relation's requests for a tolerance that it does not meet. A level's squared error falls as its heads grow; the
  /// cheapest split of the tolerance between levels asks each for √(error² heads / work) of them, up to a factor.
  void request(std::size_t a, double tolerance, const std::vector<std::vector<double>>& error,
               Requests& requests) const {
    std::vector<double> spread(levels());  // error² a head
    std::vector<bool> asks(levels(), true);
    for (std::size_t k = 0; k < levels(); ++k) {
      spread[k] = error[k][a] * error[k][a] * levels_[k].survey.requested()[a];
    }
    double left = tolerance * tolerance;
    // A level that has more heads than its share asks for no more, and leaves the rest of the tolerance to the other.
    for (std::size_t pass = 0; pass < levels(); ++pass) {
      double sum = 0;
      for (std::size_t k = 0; k < levels(); ++k) sum += asks[k] ? std::sqrt(spread[k] * levels_[k].work) : 0;
      for (std::size_t k = 0; k < levels(); ++k) {
        const double total = asks[k] ? std::sqrt(spread[k] / levels_[k].work) * sum / left : 0;
        requests[k][a] = std::max(kMargin * total - levels_[k].survey.requested()[a], 0.0);
      }
      for (std::size_t k = 0; k < levels(); ++k) {
        if (!asks[k] || levels() == 1 || requests[k][a] > 0) continue;
        asks[k] = false;
        left = std::max(left - error[k][a] * error[k][a], 0.01 * left);
      }
    }
    // Planned with more degrees of freedom than there are: where both seem to have enough, the less certain asks.
    if (std::none_of(requests.begin(), requests.end(), [&](const auto& r) { return r[a] > 0; })) {
      const std::size_t worst = levels() > 1 && error[1][a] > error[0][a];
      requests[worst][a] = 1;
    }
    for (std::size_t k = 0; k < levels(); ++k) {
      // A round of very few heads tells next to nothing.
      if (requests[k][a] > 0) requests[k][a] = std::max({requests[k][a], levels_[k].survey.requested()[a] / 2, 1.0});
      const auto unvisited = static_cast<double>(tails_.entities()) - static_cast<double>(levels_[k].survey.visited());
      requests[k][a] = std::min(requests[k][a], unvisited);
    }
  }

  /// The requests of the next round; none where it is not needed, or there is no time for it.
  Requests plan() {
    std::vector<double> total(relations_);
    std::vector<std::vector<double>> error(levels(), std::vector<double>(relations_));
    for (std::size_t a = 0; a < relations_; ++a) {
      total[a] = relative_error(a);
      for (std::size_t k = 0; k < levels(); ++k) {
        error[k][a] = relative(a, [&](std::size_t i) {
          auto tails = levels_[k].survey.estimate(i);
          // More heads leave more degrees of freedom, which is much of what the few of a second level need.
          if (levels() > 1) tails.freedom *= kMoreFreedom;
          return tails.half_width();
        });
      }
    }
    if (*std::max_element(total.begin(), total.end()) <= options_.tolerance) return {};
    if (levels_.back().survey.is_complete()) return {};
    const auto requests_for = [&](double tolerance) {
      Requests requests(levels(), std::vector<double>(relations_));
      for (std::size_t a = 0; a < relations_; ++a) {
        if (total[a] > tolerance) request(a, tolerance, error, requests);
      }
      return requests;
    };
    double tolerance = options_.tolerance;
    if (options_.seconds > 0) {
      const double most = affordable();
      if (most < std::max(kProbeHeads * seconds_of_a_head(), kLeastRound * elapsed())) return {};
      if (seconds_of(requests_for(tolerance)) > most) {
        // The tightest tolerance that the time allows, the same for all relations.
        double low = std::log(tolerance), high = std::log(*std::max_element(total.begin(), total.end()));
        for (int i = 0; i < 8; ++i) {
          const double middle = (low + high) / 2;
          (seconds_of(requests_for(std::exp(middle))) > most ? low : high) = middle;
        }
        tolerance = std::exp(high);
      }
    }
    auto requests = requests_for(tolerance);
    if (levels() > 1) {
      // Over heads the part of the tails differs about as much as all of them.
      std::vector<double> full(relations_);
      for (std::size_t a = 0; a < relations_; ++a) {
        const double ratio = error[0][a] / tolerance;
        full[a] = std::clamp(levels_[0].survey.requested()[a] * ratio * ratio * kMargin, kPilotHeads,
                             static_cast<double>(tails_.entities()));
      }
      if (work_of(requests) >= full_work_ * levels_.back().survey.cost(full)) {
        survey_all_tails(full_work_);
        requests = {std::move(full)};
      }
    }
    const auto asks = [](double request) { return request > 0; };
    if (std::none_of(requests.begin(), requests.end(),
                     [&](const auto& r) { return std::any_of(r.begin(), r.end(), asks); })) {
      return {};
    }
    return requests;
  }

  const AdaptiveOptions& options_;
  Clock::time_point start_;
  TailDivergence tails_;
  std::size_t relations_, queries_;
  at::Tensor mass_;     // [R, E] P(h|a)
  at::Tensor heads_;    // [R, Q] divergences of head distributions
  EntityTable sample_;  // a weighted part of the entities
  std::vector<Level> levels_;
  double full_work_ = 0;
  std::vector<double> estimate_, error_;  // [R, Q]
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
