#include "search.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "common/messages.hpp"
#include "limited_process.hpp"
#include "options.hpp"
#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/size.hpp"
#include "terse/formats/kinds/profile.hpp"

namespace terse::tools::act_train {

namespace {

constexpr std::uint64_t kSteps = 3;     // the first allocates, the second has momentum; the third is timed
constexpr double kFineness = 1.0 / 64;  // of the result, where that is more than one step

SearchKind kind_of(const std::string& name) {
  static const std::map<std::string, SearchKind> kKinds = {{"batch", SearchKind::Batch},
                                                           {"depth", SearchKind::Depth},
                                                           {"width", SearchKind::Width},
                                                           {"input", SearchKind::Input}};
  return kKinds.at(name);
}

// This program's own arguments without those that a trial sets itself.
std::vector<std::string> common_arguments() {
  static const std::vector<std::string> kOwn = {"--search", "--limit",  "--model", "--data",    "--batch",  "--steps",
                                                "--epochs", "--output", "-o",      "--metrics", "--profile"};
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> all, kept;
  for (std::string argument; std::getline(file, argument, '\0');) all.push_back(argument);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto name = all[i].substr(0, all[i].find('='));
    if (std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) {
      if (name == all[i]) ++i;  // its value is the next argument
    } else if (all[i].rfind("-o", 0) != 0) {
      kept.push_back(all[i]);
    }
  }
  return kept;
}

struct Trial {
  bool fits = false;
  std::string refusal;  // why no such run can be made, whatever the limit: a batch larger than the data set
  std::uint64_t peak_resident_bytes = 0;
  double step_seconds = 0;
};

// The last number of `"name":number` in the metrics.
double last_figure(const std::string& metrics, const std::string& name) {
  const auto at = metrics.rfind("\"" + name + "\":");
  if (at == std::string::npos) throw Error(Error::Internal, "a trial's metrics have no " + name);
  return std::stod(metrics.substr(at + name.size() + 3));
}

class Search {
 public:
  explicit Search(const Options& options)
      : kind_(kind_of(options.search)),
        model_(options.model),
        data_(options.data),
        batch_(options.batch),
        limit_(options.limit),
        common_(common_arguments()) {
    if (!options.profile.empty()) {
      const auto profile = formats::read_profile(core::open_source(options.profile)).content;
      if (model_.empty()) model_ = profile.model;
      if (data_.empty()) data_ = profile.data;
      if (batch_ == 0) batch_ = static_cast<std::int64_t>(profile.batch);
    }
    if (model_.empty() || data_.empty()) throw Error(Error::Usage, "--search: give --model and --data, or --profile");
    step_ = search_step(kind_, model_);
  }

  /// Doubles until a trial does not fit, then halves the gap.
  std::pair<std::uint64_t, Trial> largest() {
    std::uint64_t low = 0, high = 1;
    Trial best, beyond;  // the largest that fits, the smallest that does not
    for (;; high *= 2) {
      beyond = run(high);
      if (!beyond.fits) break;
      low = high;
      best = beyond;
    }
    if (low == 0) {
      if (!beyond.refusal.empty()) throw Error(Error::Usage, name(step_) + ": " + beyond.refusal);
      throw Error(Error::OutOfMemory, "not even " + name(step_) + " fits under " + core::format_size(limit_));
    }
    while (high - low > std::max<std::uint64_t>(1, static_cast<std::uint64_t>(double(low) * kFineness))) {
      const auto middle = low + (high - low) / 2;
      const auto trial = run(middle);
      (trial.fits ? low : high) = middle;
      (trial.fits ? best : beyond) = trial;
    }
    if (!beyond.refusal.empty()) {
      say_warning("the search ends at what can be run, not at the limit: " + beyond.refusal);
    }
    return {low * step_, best};
  }

 private:
  std::string name(std::uint64_t value) const {
    static const char* const kNames[] = {"batch", "depth", "width", "input"};
    return kNames[static_cast<int>(kind_)] + (" " + std::to_string(value));
  }

  Trial run(std::uint64_t steps_up) {
    const auto value = steps_up * step_;
    const auto sized = sized_run(kind_, model_, data_, value);
    auto arguments = common_;
    const auto batch = sized.batch > 0 ? sized.batch : static_cast<std::uint64_t>(batch_ > 0 ? batch_ : 64);
    arguments.insert(arguments.end(), {"--model", sized.model, "--data", sized.data, "--batch", std::to_string(batch),
                                       "--steps", std::to_string(kSteps), "--no-eval", "-q", "--metrics", "-"});
    const auto result = run_limited("/proc/self/exe", arguments, limit_);
    const bool refused = result.status == static_cast<int>(Error::Code::Usage);
    if (!result.out_of_memory && result.status != 0 && !refused) {
      throw Error(Error::Usage, name(value) + ": " + result.message);
    }
    Trial trial;
    if (refused) trial.refusal = result.message.substr(result.message.find(": ") + 2);  // without the program's name
    trial.fits = result.status == 0 && result.peak_resident_bytes <= limit_;
    trial.peak_resident_bytes = result.peak_resident_bytes;
    if (result.status == 0) trial.step_seconds = last_figure(result.output, "step_seconds");
    say_note(name(value) + ": " +
             (refused ? "cannot be run"
                      : (trial.fits ? "fits, peak resident " : "does not fit, peak resident ") +
                            core::format_size(trial.peak_resident_bytes)));
    return trial;
  }

  SearchKind kind_;
  std::string model_, data_;
  std::int64_t batch_;
  std::uint64_t limit_, step_ = 1;
  std::vector<std::string> common_;
};

}  // namespace

int run_search(const Options& options) {
  if (options.limit == 0) throw Error(Error::Usage, "--search takes a --limit");
  auto sink = core::open_sink(options.shared.output, core::Content::Text);
  const auto [value, trial] = Search(options).largest();
  std::ostringstream line;
  line << "# " << options.search << "\tpeak_resident_bytes\tstep_seconds\n"
       << value << '\t' << trial.peak_resident_bytes << '\t' << trial.step_seconds << '\n';
  sink->write(std::as_bytes(std::span(line.view())));
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_train
