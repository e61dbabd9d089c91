#include "terse/relsim/kernels/row_kernels.hpp"

#include "terse/relsim/kernels/block_product.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/kernels/pair_product.hpp"

#include <bit>
#include <cmath>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::vector<float> random_row(std::size_t n, double scale, std::uint64_t seed) {
  core::RandomSequence random({seed, core::stream_of("row"), 0});
  std::vector<float> row(n);
  for (auto& value : row) value = static_cast<float>(scale * random.normal());
  return row;
}

TEST_CASE("a sparse row keeps the places and values of what is not zero or below, and a NaN", "[relsim]") {
  for (const std::size_t width : {1, 15, 16, 37, 64, 100}) {
    std::vector<float> dense(2 * width);
    for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<float>(i * 7 % 11) - 5;
    dense[width - 1] = NAN;
    SparseRows rows;
    rows.resize(2, width);
    for (const std::size_t row : {1, 0}) rows.set_positive(row, dense.data() + row * width);
    for (const std::size_t row : {0, 1}) {
      std::vector<std::uint32_t> places;
      for (std::size_t i = 0; i < width; ++i) {
        if (!(dense[row * width + i] <= 0)) places.push_back(static_cast<std::uint32_t>(i));
      }
      const auto found = rows.row(row);
      REQUIRE(std::vector<std::uint32_t>(found.index.begin(), found.index.end()) == places);
      for (std::size_t k = 0; k < places.size(); ++k) {
        const float expected = dense[row * width + places[k]];
        CHECK((found.value[k] == expected || (std::isnan(found.value[k]) && std::isnan(expected))));
      }
    }
  }
}

TEST_CASE("an Adam row follows the published recurrence", "[relsim]") {
  const std::size_t n = 37;
  auto value = random_row(n, 1, 1);
  std::vector<double> expected(value.begin(), value.end()), m(n), v(n);
  std::vector<float> first(n), second(n);
  for (int t = 1; t <= 20; ++t) {
    const auto gradient = random_row(n, 3, 100 + t);
    AdamRates rates;
    rates.step_size = static_cast<float>(0.01 / (1 - std::pow(0.9, t)));
    rates.second_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)));
    rates.weight_decay = 0.1f;
    adam_row(value.data(), gradient.data(), first.data(), second.data(), n, rates);
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gradient[i] + 0.1 * expected[i];
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      expected[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
    }
  }
  for (std::size_t i = 0; i < n; ++i) CHECK(value[i] == Approx(expected[i]).margin(2e-5));
}

TEST_CASE("an AdaGrad row follows its formula, the penalty in the gradient", "[relsim]") {
  for (const double decay : {0.0, 0.5}) {
    const std::size_t n = 37;
    auto value = random_row(n, 1, 1);
    std::vector<double> expected(value.begin(), value.end()), sums(n, 0.25);
    std::vector<float> squares(n, 0.25f);
    for (int t = 1; t <= 20; ++t) {
      const auto gradient = random_row(n, 3, 100 + t);
      adagrad_row(value.data(), gradient.data(), squares.data(), n, {0.01f, static_cast<float>(decay), 0});
      for (std::size_t i = 0; i < n; ++i) {
        const double g = gradient[i] + decay * expected[i];
        sums[i] += g * g;
        expected[i] -= 0.01 * g / (std::sqrt(sums[i]) + 1e-10);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(value[i] == Approx(expected[i]).margin(2e-5));
      CHECK(squares[i] == Approx(sums[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("a row of SGD follows its formula, with momentum and without", "[relsim]") {
  for (const double momentum : {0.0, 0.9}) {
    const std::size_t n = 37;
    auto value = random_row(n, 1, 1);
    std::vector<double> expected(value.begin(), value.end()), by(n);
    std::vector<float> velocity(n);
    for (int t = 1; t <= 20; ++t) {
      const auto gradient = random_row(n, 3, 100 + t);
      sgd_row(value.data(), gradient.data(), momentum > 0 ? velocity.data() : nullptr, n,
              {0.01f, 0.1f, static_cast<float>(momentum)});
      for (std::size_t i = 0; i < n; ++i) {
        by[i] = momentum * by[i] + gradient[i] + 0.1 * expected[i];
        expected[i] -= 0.01 * by[i];
      }
    }
    for (std::size_t i = 0; i < n; ++i) CHECK(value[i] == Approx(expected[i]).margin(2e-5));
  }
}

TEST_CASE("block products equal sums in double precision, rows and strides of any size", "[relsim][numeric]") {
  for (const std::size_t rows : {1, 2, 3, 5, 6, 13}) {
    for (const std::size_t columns : {16, 48, 64, 112}) {
      const std::size_t depth = 37, a_stride = rows + 2, b_stride = columns + 5, out_stride = columns + 1;
      // a is transposed: element (i, k) at k * a_stride + i.
      const auto a = random_row(depth * a_stride, 1, rows), b = random_row(depth * b_stride, 1, columns);
      std::vector<float> out(rows * out_stride, 7);
      block_product(a.data(), 1, a_stride, b.data(), b_stride, rows, depth, columns, out.data(), out_stride);
      double worst = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          double expected = 0;
          for (std::size_t k = 0; k < depth; ++k) {
            expected += static_cast<double>(a[k * a_stride + i]) * static_cast<double>(b[k * b_stride + j]);
          }
          worst = std::max(worst, std::abs(static_cast<double>(out[i * out_stride + j]) - expected));
        }
        CHECK(out[i * out_stride + columns] == 7);  // what lies between rows stays
      }
      CHECK(worst < 37 * 6e-8 * 37);
    }
  }
}

/// A half of a pair, as a number.
double half_of(std::uint32_t word, bool high) {
  return static_cast<double>(std::bit_cast<float>(high ? word & 0xffff0000u : word << 16));
}

TEST_CASE("pairs hold both numbers, rounded to nearest even", "[relsim]") {
  const auto low = random_row(53, 3, 1), high = random_row(53, 1e-3, 2);
  std::vector<std::uint32_t> words(54, 7);
  join_pairs(low.data(), high.data(), 53, words.data());
  CHECK(words[53] == 7);
  for (std::size_t i = 0; i < 53; ++i) {
    CHECK(std::abs(half_of(words[i], false) - static_cast<double>(low[i])) <= std::ldexp(std::abs(low[i]), -8));
    CHECK(std::abs(half_of(words[i], true) - static_cast<double>(high[i])) <= std::ldexp(std::abs(high[i]), -8));
  }
  // Halfway between two of them, and infinite.
  const std::vector<float> ties{1 + 1.0f / 256, 1 + 3.0f / 256}, infinite{INFINITY, -INFINITY};
  join_pairs(ties.data(), infinite.data(), 2, words.data());
  CHECK(half_of(words[0], false) == 1);
  CHECK(half_of(words[1], false) == 1 + 4.0 / 256);
  CHECK(half_of(words[0], true) == INFINITY);
  CHECK(half_of(words[1], true) == -INFINITY);
}

TEST_CASE("products of pairs equal sums in double precision, and the same bits without instructions for them",
          "[relsim][numeric]") {
  prepare_compute_thread();  // denormals are zero
  for (const std::size_t rows : {1, 2, 3, 5, 6, 13}) {
    for (const std::size_t columns : {16, 32, 48, 64, 112}) {
      const std::size_t depth = 37, a_stride = rows + 2, b_stride = columns + 5, out_stride = columns + 1;
      std::vector<std::uint32_t> a(depth * a_stride), b(depth * b_stride);
      join_pairs(random_row(a.size(), 1, rows).data(), random_row(a.size(), 1e-19, 50 + rows).data(), a.size(),
                 a.data());
      join_pairs(random_row(b.size(), 1, columns).data(), random_row(b.size(), 1e-19, 99).data(), b.size(), b.data());
      join_pairs(random_row(20, 1, rows + 7).data(), random_row(20, 1, 40 + rows).data(), 20, a.data());  // of one size
      for (const bool add : {false, true}) {
        std::vector<float> out(rows * out_stride, 7), floats(rows * out_stride, 7);
        pair_product({a.data(), 1, a_stride, b.data(), b_stride, out.data(), out_stride, rows, depth, columns}, add);
        pair_product_by_floats(
            {a.data(), 1, a_stride, b.data(), b_stride, floats.data(), out_stride, rows, depth, columns}, add);
        CHECK(out == floats);
        double worst = 0;
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < columns; ++j) {
            double expected = add ? 7 : 0;
            for (std::size_t k = 0; k < depth; ++k) {
              for (const bool high : {false, true})
                expected += half_of(a[k * a_stride + i], high) * half_of(b[k * b_stride + j], high);
            }
            worst = std::max(worst, std::abs(static_cast<double>(out[i * out_stride + j]) - expected));
          }
          CHECK(out[i * out_stride + columns] == 7);  // what lies between rows stays
        }
        CHECK(worst < 74 * 6e-8 * 44);
      }
    }
  }
}

TEST_CASE("pairs times four columns add up in lanes, with the same bits without instructions for them",
          "[relsim][numeric]") {
  prepare_compute_thread();
  for (const std::size_t rows : {1, 6, 8}) {
    const std::size_t depth = 32, a_stride = depth + 3, out_stride = 19;
    std::vector<std::uint32_t> a(rows * a_stride), b(depth * 4);
    join_pairs(random_row(a.size(), 1, rows).data(), random_row(a.size(), 2, 50 + rows).data(), a.size(), a.data());
    join_pairs(random_row(b.size(), 1, 3).data(), random_row(b.size(), 2, 4).data(), b.size(), b.data());
    std::vector<float> out(rows * out_stride, 7), floats = out;
    add_pair_quarters({a.data(), a_stride, 1, b.data(), 4, out.data(), out_stride, rows, depth, 4});
    add_pair_quarters_by_floats({a.data(), a_stride, 1, b.data(), 4, floats.data(), out_stride, rows, depth, 4});
    CHECK(out == floats);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        double expected = 28, sum = 0;
        for (std::size_t k = 0; k < depth; ++k) {
          for (const bool high : {false, true})
            expected += half_of(a[i * a_stride + k], high) * half_of(b[k * 4 + j], high);
        }
        for (std::size_t lane = j; lane < 16; lane += 4) sum += static_cast<double>(out[i * out_stride + lane]);
        CHECK(sum == Approx(expected).margin(1e-4));
      }
      for (std::size_t k = 16; k < out_stride; ++k) CHECK(out[i * out_stride + k] == 7);
    }
  }
}

}  // namespace
}  // namespace terse::relsim
