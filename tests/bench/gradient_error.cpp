// Error of the gradient against bytes stored for backward, for the library and for GACT as published:
//   gradient_error MODEL DATA BATCH [DRAWS [WARM_UP_STEPS]]
// Each row: all saved tensors stored at one setting, bytes with metadata and with what is kept as it is; the error is
// the root mean square of |g' - g| / |g| over the draws of the rounding, g the exact gradient of the same batch; bias
// is the part that averaging over draws leaves, from the products of different draws' errors (0 where noise hides it).
// lost_percent: live units of ReLU whose gradient is lost, counted for GACT alone: ours keeps their signs as bits,
// which the tests compare with L0's gradients bit for bit. terse-dither and terse-sparse are without them;
// terse+entropy has finer grids in the bytes of so many levels. The last lines compare at the error of GACT's level L1.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gact_control.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/train/loop/trainer.hpp"

namespace {

using terse::train::Trainer;

struct Point {
  std::string method;
  int levels = 0;
  std::uint64_t bytes = 0;
  double error = 0, bias = 0;
  std::optional<double> lost = std::nullopt;  // share of live units
};

/// Errors of several draws: their mean square, and the square of what they have in common.
class Errors {
 public:
  void add(const std::vector<at::Tensor>& errors) {
    double square = 0;
    for (std::size_t i = 0; i < errors.size(); ++i) {
      const at::Tensor error = errors[i].to(at::kDouble);
      square += error.square().sum().item<double>();
      if (draws_ == 0)
        sums_.push_back(error.clone());
      else
        sums_[i] += error;
    }
    squares_ += square;
    ++draws_;
  }
  double mean_square() const { return squares_ / draws_; }
  double common_square() const {
    double of_sum = 0;
    for (const auto& sum : sums_) of_sum += sum.square().sum().item<double>();
    return draws_ > 1 ? std::max(0.0, (of_sum - squares_) / (draws_ * (draws_ - 1.0))) : 0;
  }

 private:
  std::vector<at::Tensor> sums_;
  double squares_ = 0;
  int draws_ = 0;
};

/// Forward and backward of one batch, again and again: the same dropout, the same labels.
class Batch {
 public:
  explicit Batch(Trainer& trainer)
      : trainer_(trainer),
        batch_(trainer.batches().take(trainer.steps_done())),
        generator_(terse::train::generator_state()) {
    for (const auto& [name, tensor] : trainer.network().parameters()) owned_.add(tensor, terse::act::Reason::Parameter);
    for (const auto& [name, tensor] : trainer.network().buffers()) owned_.add(tensor, terse::act::Reason::Buffer);
    for (const auto& tensor : batch_.inputs) owned_.add(tensor, terse::act::Reason::Batch);
    exact_ = gradient([] {}, [] {});
    for (const auto& g : exact_) norm_ += square(g);
  }

  /// Adds (g' - g) / |g| to the errors, where `before` and `after` stand around the forward pass.
  void add_error(Errors& errors, const std::function<void()>& before, const std::function<void()>& after) {
    auto rounded = gradient(before, after);
    for (std::size_t i = 0; i < rounded.size(); ++i) rounded[i] = (rounded[i] - exact_[i]) / std::sqrt(norm_);
    errors.add(rounded);
  }

  const std::vector<at::Tensor>& inputs() const { return batch_.inputs; }
  const terse::act::OwnedTensors& owned() const { return owned_; }

 private:
  static double square(const at::Tensor& x) { return x.to(at::kDouble).square().sum().item<double>(); }

  std::vector<at::Tensor> gradient(const std::function<void()>& before, const std::function<void()>& after) {
    terse::train::set_generator_state(generator_);
    before();
    const at::Tensor loss = terse::train::cross_entropy(trainer_.network().forward(batch_.inputs), batch_.labels);
    after();
    loss.backward();
    std::vector<at::Tensor> gradients;
    std::set<const void*> seen;  // a tied parameter has several names
    for (const auto& [name, parameter] : trainer_.network().parameters()) {
      if (parameter.grad().defined() && seen.insert(parameter.unsafeGetTensorImpl()).second) {
        gradients.push_back(parameter.grad());
      }
    }
    trainer_.optimizer().clear_gradients();
    return gradients;
  }

  Trainer& trainer_;
  terse::train::Batch batch_;
  at::Tensor generator_;
  terse::act::OwnedTensors owned_;
  std::vector<at::Tensor> exact_;
  double norm_ = 0;
};

Point control(Batch& batch, int bits, bool duplicates, int draws) {
  Point point{duplicates ? "gact+duplicates" : "gact", 1 << bits};
  Errors errors;
  for (int draw = 0; draw < draws; ++draw) {
    std::unique_ptr<terse::bench::GactSink> sink;
    std::optional<terse::act::SinkScope> scope;
    batch.add_error(
        errors,
        [&] {
          sink = std::make_unique<terse::bench::GactSink>(
              terse::bench::GactOptions{bits, duplicates, static_cast<std::uint64_t>(draw)}, batch.owned());
          scope.emplace(*sink);
        },
        [&] {
          scope.reset();
          const auto& figures = sink->figures();
          point.bytes = figures.stored_bytes;
          if (figures.live_units > 0) point.lost = double(figures.lost_units) / double(figures.live_units);
          sink.reset();
        });
  }
  point.error = std::sqrt(errors.mean_square());
  point.bias = std::sqrt(errors.common_square());
  return point;
}

Point ours(Trainer& trainer, Batch& batch, const std::string& method, const terse::act::CompressionOptions& options,
           int draws) {
  terse::act::Compression compression(options);
  trainer.compressed().own(compression);
  compression.batch(batch.inputs());
  Point point{method, options.levels};
  Errors errors;
  for (int draw = 0; draw < draws; ++draw) {
    std::optional<terse::act::Compression::Step> step;
    batch.add_error(
        errors, [&] { step.emplace(compression.step()); }, [&] { step.reset(); });
    point.bytes = compression.totals().stored_bytes;
  }
  point.error = std::sqrt(errors.mean_square());
  point.bias = std::sqrt(errors.common_square());
  return point;
}

void print(const std::string& model, std::uint64_t exact, const Point& point) {
  std::printf("%s\t%s\t%d\t%llu\t%.3f\t%.5g\t%.3g\t", model.c_str(), point.method.c_str(), point.levels,
              static_cast<unsigned long long>(point.bytes), double(exact) / double(point.bytes), point.error,
              point.bias);
  point.lost ? std::printf("%.2f\n", 100 * *point.lost) : std::printf("-\n");
  std::fflush(stdout);
}

/// Bytes on the curve at `error`, between its points by logarithms of both; 0 where no point is as exact as that. Where
/// all are, the fewest bytes: an upper bound.
double bytes_at(std::vector<Point> curve, double error) {
  std::sort(curve.begin(), curve.end(), [](const Point& a, const Point& b) { return a.error > b.error; });
  if (curve.front().error <= error) return double(curve.front().bytes);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (curve[i].error > error || curve[i - 1].error < error) continue;
    const double share = std::log(curve[i - 1].error / error) / std::log(curve[i - 1].error / curve[i].error);
    return std::exp(std::log(double(curve[i - 1].bytes)) * (1 - share) + std::log(double(curve[i].bytes)) * share);
  }
  return 0;
}

int measure(const std::vector<std::string>& arguments) {
  terse::act::install_allocator();
  terse::train::TrainOptions options;
  options.model = terse::train::parse_spec(arguments[0], "model");
  options.data = terse::train::parse_spec(arguments[1], "data");
  options.batch = std::stoll(arguments[2]);
  options.learning_rate = 1e-3;
  options.compression.level = terse::act::Level::L0;
  options.steps = 1'000'000;
  const int draws = std::stoi(arguments[3]);
  Trainer trainer(options);
  for (int i = 0; i < std::stoi(arguments[4]); ++i) trainer.step();
  Batch batch(trainer);
  terse::act::Compression exact(options.compression.steps());
  trainer.compressed().own(exact);
  exact.batch(batch.inputs());
  {
    Errors ignored;
    std::optional<terse::act::Compression::Step> step;
    batch.add_error(
        ignored, [&] { step.emplace(exact.step()); }, [&] { step.reset(); });
  }
  const std::uint64_t exact_bytes = exact.totals().exact_bytes;

  std::puts("#model\tmethod\tlevels\tstored_bytes\tratio\tgradient_error\tbias\tlost_percent");
  const auto with_levels = [](int levels, bool dither = true, bool sparse = true) {
    terse::act::CompressionOptions settings;
    settings.levels = levels;
    settings.dither = dither;
    settings.sparse = sparse;
    return settings;
  };
  std::vector<Point> mine;
  Point plain, with_duplicates;
  for (const int levels : {2, 4, 6, 7, 9, 11, 16, 23, 256}) {
    mine.push_back(ours(trainer, batch, "terse", with_levels(levels), draws));
    print(arguments[0], exact_bytes, mine.back());
  }
  std::vector<Point> coded;
  for (const int levels : {2, 4, 6, 9, 16}) {
    auto settings = with_levels(levels);
    settings.entropy = true;
    coded.push_back(ours(trainer, batch, "terse+entropy", settings, draws));
    print(arguments[0], exact_bytes, coded.back());
  }
  print(arguments[0], exact_bytes, ours(trainer, batch, "terse-dither", with_levels(16, false), draws));
  print(arguments[0], exact_bytes, ours(trainer, batch, "terse-sparse", with_levels(16, true, false), draws));
  for (const int bits : {1, 2, 4, 8}) {
    const Point point = control(batch, bits, false, draws);
    print(arguments[0], exact_bytes, point);
    if (bits == 4) plain = point;
  }
  with_duplicates = control(batch, 4, true, draws);
  print(arguments[0], exact_bytes, with_duplicates);
  for (const Point& point : {plain, with_duplicates}) {
    for (const auto* curve : {&mine, &coded}) {
      const double bytes = bytes_at(*curve, point.error);
      std::printf("# at the error of %s L1: %s %.0f bytes, %.3f times fewer\n", point.method.c_str(),
                  curve->front().method.c_str(), bytes, bytes > 0 ? double(point.bytes) / bytes : 0);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments{"resnet50:classes=10", "random:3x128x128,classes=10", "16", "2", "5"};
  for (int i = 1; i < argc && i <= int(arguments.size()); ++i) arguments[i - 1] = argv[i];
  try {
    return measure(arguments);
  } catch (const terse::Error& error) {
    std::fprintf(stderr, "gradient_error: %s\n", error.what());
    return error.exit_code();
  }
}
