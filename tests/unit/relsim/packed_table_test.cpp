#include "terse/relsim/kernels/packed_table.hpp"

#include <bit>
#include <cmath>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/relsim/kernels/pair_product.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::vector<float> normal(std::size_t n, float scale, std::uint64_t seed) {
  core::RandomSequence random({seed, 0, 0});
  std::vector<float> values(n);
  for (auto& value : values) value = scale * static_cast<float>(random.normal());
  return values;
}

TEST_CASE("partition functions and means equal sums in double precision", "[relsim][numeric]") {
  struct Case {
    std::size_t entities, dim, n;
    float scale;
  };
  for (const auto& c : {Case{1, 1, 1, 1}, Case{63, 5, 7, 1}, Case{64, 16, 6, 0.5f}, Case{1000, 100, 250, 0.3f},
                        Case{3001, 33, 13, 2}, Case{200, 100, 5, 4}}) {
    const auto table = normal(c.entities * c.dim, c.scale, 1);
    const auto u = normal(c.n * c.dim, 1, 2);
    const PackedTable packed(table.data(), c.entities, c.dim);
    std::vector<float> log_z(c.n), mean(c.n * c.dim), alone(c.n);
    packed.partition(u.data(), c.n, log_z.data(), mean.data());
    packed.partition(u.data(), c.n, alone.data(), nullptr);
    CHECK(alone == log_z);
    double worst_log = 0, worst_mean = 0;
    for (std::size_t i = 0; i < c.n; ++i) {
      std::vector<double> logits(c.entities), sum(c.dim);
      double high = -INFINITY, total = 0;
      for (std::size_t e = 0; e < c.entities; ++e) {
        for (std::size_t k = 0; k < c.dim; ++k)
          logits[e] += static_cast<double>(u[i * c.dim + k]) * static_cast<double>(table[e * c.dim + k]);
        high = std::max(high, logits[e]);
      }
      for (std::size_t e = 0; e < c.entities; ++e) {
        const double p = std::exp(logits[e] - high);
        total += p;
        for (std::size_t k = 0; k < c.dim; ++k) sum[k] += p * static_cast<double>(table[e * c.dim + k]);
      }
      worst_log = std::max(worst_log, std::abs(static_cast<double>(log_z[i]) - high - std::log(total)));
      for (std::size_t k = 0; k < c.dim; ++k) {
        worst_mean = std::max(worst_mean, std::abs(static_cast<double>(mean[i * c.dim + k]) - sum[k] / total));
      }
    }
    // A float logit is off by about dim · 2^-24 of the largest product sum; so are log Z and, times the table, the
    // mean.
    const double logit = static_cast<double>(c.scale) * std::sqrt(static_cast<double>(c.dim));
    INFO(c.entities << " entities, " << c.dim << " dimensions");
    CHECK(worst_log < 6e-7 * (logit * 5 + 5));
    CHECK(worst_mean < 6e-7 * (logit * 5 + 5) * static_cast<double>(c.scale) * 4);
  }
}

TEST_CASE("rounded partition functions are those of a rounded table", "[relsim][numeric]") {
  const auto rounded = [](std::vector<float> values) {
    std::vector<std::uint32_t> words(values.size());
    join_pairs(values.data(), values.data(), values.size(), words.data());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::bit_cast<float>(words[i] & 0xffff0000u);
    return values;
  };
  for (const std::size_t dim : {1, 20, 101}) {
    const std::size_t n = 250, entities = 700;
    const auto table = rounded(normal(entities * dim, 0.4f, 3)), u = rounded(normal(n * dim, 1, 4));
    std::vector<float> log_z(n), mean(n * dim), alone(n), expected(n), expected_mean(n * dim);
    PackedTable(table.data(), entities, dim).partition(u.data(), n, expected.data(), expected_mean.data());
    const PackedTable pairs(table.data(), entities, dim, Rounding::Bfloat16);
    pairs.partition(u.data(), n, log_z.data(), mean.data());
    pairs.partition(u.data(), n, alone.data(), nullptr);
    CHECK(alone == log_z);
    INFO(dim << " dimensions");
    for (std::size_t i = 0; i < n; ++i) CHECK(log_z[i] == Approx(expected[i]).margin(1e-5));
    // Exponentials are rounded, too, each by 2^-8 at most.
    for (std::size_t i = 0; i < n * dim; ++i) CHECK(mean[i] == Approx(expected_mean[i]).epsilon(4e-3).margin(4e-3));
  }
}

TEST_CASE("rows weighed by their softmaxes equal sums in double precision", "[relsim][numeric]") {
  struct Case {
    std::size_t entities, dim, n;
  };
  for (const auto& c : {Case{1, 1, 1}, Case{65, 7, 5}, Case{130, 100, 250}, Case{64, 33, 97}}) {
    auto table = normal(c.entities * c.dim, 0.4f, 1);
    const auto u = normal(c.n * c.dim, 1, 2), log_weights = normal(c.n, 1, 3);
    // Logits grow from panel to panel, so that what is subtracted from them must change.
    for (std::size_t i = 0; i < table.size(); ++i)
      table[i] *= static_cast<float>(1 + i / (c.dim * PackedTable::kPanel));
    for (const auto rounding : {Rounding::None, Rounding::Bfloat16}) {
      const PackedTable packed(table.data(), c.entities, c.dim, rounding);
      HeldWeights held;
      packed.hold(c.n, held);
      std::vector<float> log_z(c.n), mean(c.n * c.dim);
      const auto part = std::min<std::size_t>(c.n, 60);
      packed.partition(u.data(), part, log_z.data(), mean.data(), &held);
      packed.partition(u.data() + part * c.dim, c.n - part, log_z.data(), mean.data(), &held, part);
      const auto rows = packed.pack_rows(u.data(), log_weights.data(), c.n, held);
      const double tolerance = rounding == Rounding::None ? 1e-5 : 4e-2;
      double worst = 0, largest = 0;
      for (std::size_t panel = 0; panel < packed.panels(); ++panel) {
        const auto first = panel * PackedTable::kPanel, count = std::min(PackedTable::kPanel, c.entities - first);
        std::vector<float> sums(PackedTable::kPanel * packed.padded_dim(), 2);
        packed.add_weighted_rows(panel, rows, sums.data(), held);
        for (std::size_t e = 0; e < PackedTable::kPanel; ++e) {
          std::vector<double> expected(c.dim, 2);
          for (std::size_t i = 0; e < count && i < c.n; ++i) {
            double logit = static_cast<double>(log_weights[i]);
            for (std::size_t k = 0; k < c.dim; ++k) {
              logit += static_cast<double>(u[i * c.dim + k]) * static_cast<double>(table[(first + e) * c.dim + k]);
            }
            for (std::size_t k = 0; k < c.dim; ++k)
              expected[k] += std::exp(logit) * static_cast<double>(u[i * c.dim + k]);
          }
          for (std::size_t k = 0; k < c.dim; ++k) {
            worst = std::max(worst, std::abs(static_cast<double>(sums[e * packed.padded_dim() + k]) - expected[k]));
            largest = std::max(largest, std::abs(expected[k]));
          }
        }
      }
      INFO(c.entities << " entities, " << c.dim << " dimensions");
      CHECK(worst < tolerance * largest);
    }
  }
}

TEST_CASE("a partition function does not depend on the rows beside it", "[relsim]") {
  const std::size_t dim = 20, n = 300;
  const auto table = normal(500 * dim, 1, 3), u = normal(n * dim, 2, 4);
  const PackedTable packed(table.data(), 500, dim);
  std::vector<float> all(n), mean(n * dim);
  packed.partition(u.data(), n, all.data(), mean.data());
  for (const std::size_t i : {std::size_t{0}, std::size_t{5}, std::size_t{239}, std::size_t{299}}) {
    float alone = 0;
    std::vector<float> alone_mean(dim);
    packed.partition(u.data() + i * dim, 1, &alone, alone_mean.data());
    CHECK(alone == all[i]);
    CHECK(std::equal(alone_mean.begin(), alone_mean.end(), mean.begin() + static_cast<std::ptrdiff_t>(i * dim)));
  }
}

TEST_CASE("logits far from zero neither overflow nor vanish", "[relsim]") {
  // The largest logit comes last, hundreds above the first ones.
  std::vector<float> table(200);
  for (std::size_t e = 0; e < table.size(); ++e) table[e] = static_cast<float>(e);
  const PackedTable packed(table.data(), table.size(), 1);
  const std::vector<float> u{5, -5, 0};
  std::vector<float> log_z(3), mean(3);
  packed.partition(u.data(), 3, log_z.data(), mean.data());
  CHECK(log_z[0] == Approx(5 * 199.0 - std::log1p(-std::exp(-5.0))));
  CHECK(log_z[1] == Approx(-std::log1p(-std::exp(-5.0))).epsilon(1e-4));
  CHECK(log_z[2] == Approx(std::log(200.0)));
  CHECK(mean[0] == Approx(199 - 1 / (std::exp(5.0) - 1)));
  CHECK(mean[2] == Approx(99.5));
}

}  // namespace
}  // namespace terse::relsim
