// Figures of the similarity methods on trained fact models: similarity_bench [--heads N] [--seeds N] FACTS...
// For each model, against enumeration of every fact in double precision: the largest relative difference of exact
// divergences; mean relative error and share of intervals that hold the true value for adaptive and sampled ones.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "terse/core/bytes.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/relsim/divergence/adaptive_divergence.hpp"
#include "terse/relsim/divergence/sampled_divergence.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace {

using namespace terse;
using relsim::Divergences;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// KL between all relations and queries by summing over every fact: no identity of exponential families is used.
Divergences enumerate(const relsim::FactModel& model) {
  const c10::InferenceMode guard;
  const auto entities = model.entity.size(0), queries = model.query.size(0), relations = queries / 2;
  const auto table = model.entity.to(at::kDouble), query = model.query.to(at::kDouble);
  const auto heads = at::log_softmax(at::mm(relsim::run_mlp(model.head, query, true), table.t()), 1);
  auto sums = at::zeros({relations, queries}, at::kDouble);
  for (std::int64_t h = 0; h < entities; ++h) {
    const auto u = relsim::run_mlp(model.tail, query + table[h], true);
    const auto log_p = at::log_softmax(at::mm(u, table.t()), 1) + heads.narrow(1, h, 1);  // log P(h,t|q), [2R, E]
    for (std::int64_t a = 0; a < relations; ++a) {
      const auto row = log_p[a];
      sums[a] += at::mv(row - log_p, row.exp());
    }
  }
  Divergences result;
  relsim::store_divergences(sums, result.same, result.swapped);
  return result;
}

struct Figures {
  double mean_error = 0, largest = 0, covered = 0, half_width = 0;
};

Figures compare(const Divergences& found, const Divergences& truth) {
  Figures figures;
  const auto relations = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(truth.same.size()))));
  double pairs = 0;
  const auto add = [&](const std::vector<double>& values, const std::vector<double>& errors,
                       const std::vector<double>& right, bool diagonal) {
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (!diagonal && i / relations == i % relations) continue;
      const double off = std::abs(values[i] - right[i]);
      figures.mean_error += off / right[i];
      figures.largest = std::max(figures.largest, off / right[i]);
      if (!errors.empty()) {
        figures.covered += off <= errors[i] + 1e-9 * right[i];
        figures.half_width += errors[i] / right[i];
      }
      ++pairs;
    }
  };
  add(found.same, found.same_error, truth.same, false);
  add(found.swapped, found.swapped_error, truth.swapped, true);
  for (double* value : {&figures.mean_error, &figures.covered, &figures.half_width}) *value /= pairs;
  return figures;
}

template <class Compute>
void over_seeds(const char* name, int seeds, const Divergences& truth, const Compute& compute) {
  Figures sum;
  double heads = 0;
  const double begin = seconds();
  for (int seed = 0; seed < seeds; ++seed) {
    const Divergences found = compute(static_cast<std::uint64_t>(seed));
    const auto figures = compare(found, truth);
    sum.mean_error += figures.mean_error / seeds;
    sum.covered += figures.covered / seeds;
    sum.half_width += figures.half_width / seeds;
    heads += static_cast<double>(found.heads) / seeds;
  }
  std::printf("  %-22s error %.5f  half width %.5f  covered %.4f  heads %.1f  %.3f s each\n", name, sum.mean_error,
              sum.half_width, sum.covered, heads, (seconds() - begin) / seeds);
  std::fflush(stdout);
}

void bench(const char* path, double heads, int seeds) {
  const auto facts = formats::read_facts(core::open_source(path));
  const auto model = relsim::load_fact_model(facts.content, path);
  std::printf("%s: %zu entities, %zu relations\n", path, facts.content.entities.size(), facts.content.relations.size());
  const double begin = seconds();
  const auto exact = relsim::exact_divergences(model);
  const double exact_seconds = seconds() - begin;
  auto truth = exact;
  if (facts.content.entities.size() <= 1000) {
    truth = enumerate(model);
    const auto figures = compare(exact, truth);
    std::printf("  exact                  largest relative difference from enumeration %.2e  %.3f s\n", figures.largest,
                exact_seconds);
  } else {
    std::printf("  exact                  %.3f s\n", exact_seconds);
  }
  for (const double n : {heads, heads / 2, heads / 4}) {
    relsim::AdaptiveOptions adaptive;
    adaptive.heads = n;
    char name[64];
    std::snprintf(name, sizeof name, "adaptive, %g heads", n);
    over_seeds(name, seeds, truth, [&](std::uint64_t seed) {
      adaptive.seed = seed;
      return relsim::adaptive_divergences(model, adaptive);
    });
  }
  relsim::AdaptiveOptions tolerant;
  over_seeds("adaptive, to tolerance", seeds, truth, [&](std::uint64_t seed) {
    tolerant.seed = seed;
    return relsim::adaptive_divergences(model, tolerant);
  });
  relsim::SampleOptions sample;
  over_seeds("sample, 20 draws", std::min(seeds, 10), truth, [&](std::uint64_t seed) {
    sample.seed = seed;
    return relsim::sampled_divergences(model, sample);
  });
}

}  // namespace

int main(int argc, char** argv) {
  double heads = 20;
  int seeds = 200;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--heads" && i + 1 < argc) {
      heads = std::atof(argv[++i]);
    } else if (argument == "--seeds" && i + 1 < argc) {
      seeds = std::atoi(argv[++i]);
    } else {
      bench(argv[i], heads, seeds);
    }
  }
}
