#pragma once

#include <cstdint>
#include <optional>

namespace terse::learn {

/// Ends a run after `patience` epochs in a row that were no better than the best one.
class EarlyStopping {
 public:
  explicit EarlyStopping(std::int64_t patience) : patience_(patience) {}

  /// Takes in the epoch that ended.
  /// @param score  higher is better (of a loss, give its negative); unset where nothing is held out: then every epoch
  ///               is the best so far, and no run ends early
  /// @return       whether it is the best so far; of equal epochs that is the first
  bool see(std::optional<double> score) {
    const bool better = !score || !best_ || *score > *best_;
    if (better) best_ = score;
    since_best_ = better ? 0 : since_best_ + 1;
    return better;
  }
  /// Whether patience is at its end.
  bool ends() const { return since_best_ >= patience_; }

  /// Epochs since the best one: with the best epoch's score, all that a continuation needs.
  std::int64_t since_best() const { return since_best_; }
  void restore(std::optional<double> best, std::int64_t since_best) {
    best_ = best;
    since_best_ = since_best;
  }

 private:
  std::int64_t patience_, since_best_ = 0;
  std::optional<double> best_;
};

}  // namespace terse::learn
