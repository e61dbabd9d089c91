#include "terse/relsim/kernels/packed_table.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "terse/relsim/kernels/sparse_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/kernels/packed_table.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "terse/relsim/kernels/block_product-inl.hpp"
#include "terse/relsim/kernels/exp-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kPanel = PackedTable::kPanel;
constexpr std::size_t kRows = kBlockRows;
constexpr std::size_t kQuarter = PackedTable::kQuarter;
constexpr std::size_t kRowBlock = 40 * kRows;  // rows over which a panel is used while it is in the near cache
constexpr std::size_t kFlush = 16;             // panels after which sums move to float64
constexpr float kSlack = 8;                    // a logit may exceed the shift by this before all is shifted anew

using Tag = BlockTag;

/// Running sums of one row: Σ exp(logit - shift) is `total` and the lanes of `sum`.
struct Row {
  float shift = -std::numeric_limits<float>::infinity();
  double total = 0;
  HWY_ALIGN float sum[16] = {};
};

/// Shifts a row's sums so that exp stays in range for its new logits.
HWY_NOINLINE void shift_anew(Row& row, float* mean, std::size_t width, const float* logits) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const float shift = *std::max_element(logits, logits + kPanel);
  const float factor = std::exp(row.shift - shift);  // 0 the first time
  row.shift = shift;
  row.total *= static_cast<double>(factor);
  const auto factors = hn::Set(d, factor);
  hn::StoreU(hn::Mul(factors, hn::LoadU(d, row.sum)), d, row.sum);
  for (std::size_t i = 0; i < width; i += lanes) hn::StoreU(hn::Mul(factors, hn::LoadU(d, mean + i)), d, mean + i);
}

/// Adds a panel's logits to a row's sums; they are replaced by exp(logit - shift).
HWY_INLINE void add_panel(Row& row, float* HWY_RESTRICT logits, float* mean, std::size_t width) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  auto high = hn::LoadU(d, logits);
  for (std::size_t i = lanes; i < kPanel; i += lanes) high = hn::Max(high, hn::LoadU(d, logits + i));
  if (!hn::AllTrue(d, hn::Le(high, hn::Set(d, row.shift + kSlack)))) shift_anew(row, mean, width, logits);
  const auto shift = hn::Set(d, row.shift);
  auto sum = hn::LoadU(d, row.sum);
  for (std::size_t i = 0; i < kPanel; i += lanes) {
    const auto e = softmax_exp(d, hn::Sub(hn::LoadU(d, logits + i), shift));
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, logits + i);
  }
  hn::StoreU(sum, d, row.sum);
}

void flush(Row& row) {
  const Tag d;
  row.total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, row.sum))));
  hn::StoreU(hn::Zero(d), d, row.sum);
}

/// sums[i, ·] += Σ_e weights[i, e] left[e, ·], the sums of entities that lie kQuarter floats apart in a vector on their
/// own.
HWY_INLINE void add_quarters(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT left,
                             float* HWY_RESTRICT sums, std::size_t stride) {
  const Tag d;
  const hn::RebindToSigned<Tag> di;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<Tag> sum[kRows];
  for (std::size_t i = 0; i < kRows; ++i) sum[i] = hn::LoadU(d, sums + i * stride);
  for (std::size_t e = 0; e < kPanel; e += lanes) {
    for (std::size_t q = 0; q < kQuarter; ++q) {
      const auto entities = hn::LoadU(d, left + e * kQuarter + q * lanes);
      const auto first = hn::Set(di, static_cast<std::int32_t>(q * lanes / kQuarter));
      const auto place = hn::IndicesFromVec(d, hn::Add(first, hn::ShiftRight<2>(hn::Iota(di, 0))));
      for (std::size_t i = 0; i < kRows; ++i) {
        const auto weight = hn::TableLookupLanes(hn::LoadU(d, weights + i * kPanel + e), place);
        sum[i] = hn::MulAdd(weight, entities, sum[i]);
      }
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) hn::StoreU(sum[i], d, sums + i * stride);
}

/// Logits of kRows rows and a panel's entities, and what their exponentials add to the rows' means: by float32
/// products.
class FloatProducts {
 public:
  FloatProducts(const PackedTable& table, const float* u, std::size_t n, std::size_t rows, HeldWeights*, std::size_t)
      : table_(table), parameters_(rows * table.dim()) {
    std::copy_n(u, n * table.dim(), parameters_.begin());
  }
  void logits(std::size_t panel, std::size_t row, float* out) const {
    const auto dim = table_.dim();
    multiply_blocks<false>(
        {parameters_.data() + row * dim, dim, 1, table_.by_dimension(panel), kPanel, out, kPanel, kRows, dim, kPanel});
  }
  void add_means(std::size_t panel, std::size_t, std::size_t count, const float* weights, float* sums) const {
    const auto width = table_.padded_dim(), whole = table_.whole_dim();
    multiply_blocks<true>({weights, kPanel, 1, table_.by_entity(panel), whole, sums, width, kRows, count, whole});
    if (whole < width) add_quarters(weights, table_.by_entity(panel) + kPanel * whole, sums + whole, width);
  }

 private:
  const PackedTable& table_;
  std::vector<float> parameters_;
};

/// The same by products of bfloat16 pairs.
class PairProducts {
 public:
  PairProducts(const PackedTable& table, const float* u, std::size_t n, std::size_t rows, HeldWeights* held,
               std::size_t first)
      : table_(table), parameters_(rows * table.pairs()), held_(held), first_(first) {
    std::vector<float> row(2 * table.pairs());
    for (std::size_t i = 0; i < n; ++i) {
      std::copy_n(u + i * table.dim(), table.dim(), row.begin());
      join_pairs(row.data(), row.data() + table.pairs(), table.pairs(), parameters_.data() + i * table.pairs());
    }
  }
  void logits(std::size_t panel, std::size_t row, float* out) const {
    const auto pairs = table_.pairs();
    pair_product({parameters_.data() + row * pairs, pairs, 1, table_.pairs_by_dimension(panel), kPanel, out, kPanel,
                  kRows, pairs, kPanel},
                 false);
  }
  void add_means(std::size_t panel, std::size_t row, std::size_t, const float* weights, float* sums) const {
    const auto width = table_.padded_dim(), whole = table_.whole_dim();
    std::uint32_t unheld[kRows * kPanel / 2];
    auto* const words = held_ ? held_->words.data() + (panel * held_->rows + first_ + row) * (kPanel / 2) : unheld;
    for (std::size_t i = 0; i < kRows; ++i) {
      join_pairs(weights + i * kPanel, weights + i * kPanel + kPanel / 2, kPanel / 2, words + i * (kPanel / 2));
    }
    const auto* const entities = table_.pairs_by_entity(panel);
    pair_product({words, kPanel / 2, 1, entities, whole, sums, width, kRows, kPanel / 2, whole}, true);
    if (whole < width)
      add_pair_quarters({words, kPanel / 2, 1, entities + kPanel / 2 * whole, kQuarter, sums + whole, width, kRows,
                         kPanel / 2, kQuarter});
  }

 private:
  const PackedTable& table_;
  std::vector<std::uint32_t> parameters_;
  HeldWeights* held_;
  std::size_t first_;
};

/// At most kRowBlock rows.
template <class Products>
void partition_block(const PackedTable& table, const float* u, std::size_t n, float* log_z, float* mean,
                     HeldWeights* held, std::size_t first) {
  const std::size_t dim = table.dim(), width = mean ? table.padded_dim() : 0;
  const std::size_t padded = (n + kRows - 1) / kRows * kRows;
  const Products products(table, u, n, padded, held, first);
  std::vector<float> sums(padded * width);
  std::vector<Row> rows(padded);
  HWY_ALIGN float logits[kRows * kPanel];
  for (std::size_t p = 0; p < table.panels(); ++p) {
    const std::size_t count = std::min(kPanel, table.entities() - p * kPanel);
    for (std::size_t r = 0; r < padded; r += kRows) {
      products.logits(p, r, logits);
      for (std::size_t i = 0; i < kRows; ++i) {
        auto* row = logits + i * kPanel;
        std::fill(row + count, row + kPanel, -std::numeric_limits<float>::infinity());
        add_panel(rows[r + i], row, sums.data() + (r + i) * width, width);
        if (p % kFlush == kFlush - 1) flush(rows[r + i]);
      }
      if (mean) products.add_means(p, r, count, logits, sums.data() + r * width);
    }
    for (std::size_t r = 0; held && r < padded; ++r) held->shifts[p * held->rows + first + r] = rows[r].shift;
  }
  for (std::size_t i = 0; i < n; ++i) {
    flush(rows[i]);
    log_z[i] = static_cast<float>(static_cast<double>(rows[i].shift) + std::log(rows[i].total));
    if (!mean) continue;
    const auto factor = static_cast<float>(1 / rows[i].total);
    auto* row = sums.data() + i * width;
    for (std::size_t k = table.whole_dim() + kQuarter; k < width; ++k) row[table.whole_dim() + k % kQuarter] += row[k];
    for (std::size_t k = 0; k < dim; ++k) mean[i * dim + k] = factor * row[k];
  }
}

constexpr std::size_t kWeightRows = 16 * kRows;  // rows whose weights are held at a time: an even number

/// Weights of kWeightRows rows or fewer, at a panel's entities: computed once more.
void compute_weights(const PackedTable& table, std::size_t panel, const PackedRows& rows, std::size_t begin,
                     std::size_t count, float* weights) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d), dim = table.dim(), width = table.padded_dim();
  multiply_blocks<false>({rows.floats.data() + begin * width, width, 1, table.by_dimension(panel), kPanel, weights,
                          kPanel, count, dim, kPanel});
  for (std::size_t i = 0; i < count; ++i) {
    const auto shift = hn::Set(d, rows.shifts[begin + i]);
    for (std::size_t e = 0; e < kPanel; e += lanes) {
      float* const at = weights + i * kPanel + e;
      hn::Store(softmax_exp(d, hn::Sub(hn::Load(d, at), shift)), d, at);
    }
  }
}

/// Pairs of the weights of rows 2i and 2i + 1, from those held of each row.
void pair_held_rows(const HeldWeights& held, std::size_t panel, std::size_t begin, std::size_t count,
                    std::uint32_t* words) {
  constexpr std::size_t kHalf = kPanel / 2;
  const hn::RebindToUnsigned<Tag> du;
  const std::size_t lanes = hn::Lanes(du);
  const auto high = hn::Set(du, 0xffff0000u), low = hn::Set(du, 0xffffu);
  const float* const shifts = held.shifts.data() + panel * held.rows;
  const float* const last = held.shifts.data() + held.shifts.size() - held.rows;
  std::uint32_t shifted[2][kHalf];
  for (std::size_t i = 0; i < count; i += 2) {
    const std::uint32_t* row[2];
    for (std::size_t j = 0; j < 2; ++j) {
      const auto at = begin + i + j;
      row[j] = held.words.data() + (panel * held.rows + at) * kHalf;
      if (shifts[at] == last[at]) continue;
      const float factor = std::exp(shifts[at] - last[at]);  // seldom: a larger logit came later
      float values[kPanel];
      for (std::size_t e = 0; e < kHalf; ++e) {
        values[e] = factor * std::bit_cast<float>(row[j][e] << 16);
        values[kHalf + e] = factor * std::bit_cast<float>(row[j][e] & 0xffff0000u);
      }
      join_pairs(values, values + kHalf, kHalf, shifted[j]);
      row[j] = shifted[j];
    }
    auto* const pairs = words + i / 2 * kPanel;
    for (std::size_t e = 0; e < kHalf; e += lanes) {
      const auto even = hn::LoadU(du, row[0] + e), odd = hn::LoadU(du, row[1] + e);
      hn::StoreU(hn::Or(hn::And(even, low), hn::ShiftLeft<16>(odd)), du, pairs + e);
      hn::StoreU(hn::Or(hn::ShiftRight<16>(even), hn::And(odd, high)), du, pairs + kHalf + e);
    }
  }
}

void AddWeightedRows(const PackedTable& table, std::size_t panel, const PackedRows& rows, float* sums,
                     const HeldWeights& held) {
  const std::size_t width = table.padded_dim(), whole = table.whole_dim(), left = whole < width ? kQuarter : 0;
  const std::size_t count = std::min(kPanel, table.entities() - panel * kPanel);
  HWY_ALIGN float weights[kWeightRows * kPanel];
  HWY_ALIGN std::uint32_t words[kWeightRows / 2 * kPanel];
  HWY_ALIGN float left_sums[kQuarter * kPanel] = {};  // of the dimensions beyond whole vectors, by dimension
  for (std::size_t begin = 0; begin < rows.shifts.size(); begin += kWeightRows) {
    const auto here = std::min(kWeightRows, rows.shifts.size() - begin);
    if (table.rounding() == Rounding::Bfloat16) {
      pair_held_rows(held, panel, begin, here, words);
      const auto* const u = rows.pairs_of_rows.data() + begin / 2 * width;
      pair_product({words, 1, kPanel, u, width, sums, width, count, here / 2, whole}, true);
      pair_product({u + whole, 1, width, words, kPanel, left_sums, kPanel, left, here / 2, kPanel}, true);
    } else {
      compute_weights(table, panel, rows, begin, here, weights);
      const auto* const u = rows.floats.data() + begin * width;
      multiply_blocks<true>({weights, 1, kPanel, u, width, sums, width, count, here, whole});
      multiply_blocks<true>({u + whole, 1, width, weights, kPanel, left_sums, kPanel, left, here, kPanel});
    }
  }
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t c = 0; c < left; ++c) sums[e * width + whole + c] += left_sums[c * kPanel + e];
  }
}

void PartitionRows(const PackedTable& table, const float* u, std::size_t n, float* log_z, float* mean,
                   HeldWeights* held, std::size_t first) {
  for (std::size_t begin = 0; begin < n; begin += kRowBlock) {
    const auto block =
        table.rounding() == Rounding::Bfloat16 ? partition_block<PairProducts> : partition_block<FloatProducts>;
    block(table, u + begin * table.dim(), std::min(kRowBlock, n - begin), log_z + begin,
          mean ? mean + begin * table.dim() : nullptr, held, first + begin);
  }
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(PartitionRows);
HWY_EXPORT(AddWeightedRows);

namespace {

/// Rows are worked on six at a time.
std::size_t in_sixes(std::size_t n) { return (n + 5) / 6 * 6; }

/// Pairs of each value of the first half and its place's in the second.
void join_halves(const std::vector<float>& values, std::uint32_t* to) {
  join_pairs(values.data(), values.data() + values.size() / 2, values.size() / 2, to);
}

}  // namespace

PackedTable::PackedTable(std::size_t entities, std::size_t dim, Rounding rounding)
    : entities_(entities),
      dim_(dim),
      padded_dim_((dim + 15) / 16 * 16),
      whole_dim_(padded_dim_ - dim >= 16 - kQuarter ? padded_dim_ - 16 : padded_dim_),
      rounding_(rounding) {
  if (rounding == Rounding::Bfloat16) {
    pair_by_dimension_.resize(panels() * kPanel * pairs());
    pair_by_entity_.resize(panels() * kPanel / 2 * entity_width());
  } else {
    by_dimension_.resize(panels() * kPanel * dim);
    by_entity_.resize(panels() * kPanel * entity_width());
  }
}

PackedTable::PackedTable(const float* table, std::size_t entities, std::size_t dim, Rounding rounding)
    : PackedTable(entities, dim, rounding) {
  pack(table, 0, panels());
}

void PackedTable::pack(const float* table, std::size_t begin, std::size_t end) {
  const auto width = entity_width(), left = width - whole_dim_;
  std::vector<float> by_dimension(kPanel * 2 * pairs()), by_entity(kPanel * width);
  auto* const wholes = by_entity.data();
  auto* const lefts = wholes + kPanel * whole_dim_;
  for (auto panel = begin; panel < end; ++panel) {
    const auto first = panel * kPanel, count = std::min(kPanel, entities_ - first);
    if (count < kPanel) {
      std::fill(by_dimension.begin(), by_dimension.end(), 0.0f);
      std::fill(by_entity.begin(), by_entity.end(), 0.0f);
    }
    for (std::size_t e = 0; e < count; ++e) {
      const auto* row = table + (first + e) * dim_;
      for (std::size_t k = 0; k < dim_; ++k) by_dimension[k * kPanel + e] = row[k];
      const auto whole = std::min(dim_, whole_dim_);
      std::copy_n(row, whole, wholes + e * whole_dim_);
      std::copy_n(row + whole, dim_ - whole, lefts + e * left);
    }
    if (rounding_ == Rounding::Bfloat16) {
      join_halves(by_dimension, pair_by_dimension_.data() + panel * kPanel * pairs());
      auto* const pairs_by_entity = pair_by_entity_.data() + panel * kPanel / 2 * width;
      join_pairs(wholes, wholes + kPanel / 2 * whole_dim_, kPanel / 2 * whole_dim_, pairs_by_entity);
      join_pairs(lefts, lefts + kPanel / 2 * left, kPanel / 2 * left, pairs_by_entity + kPanel / 2 * whole_dim_);
    } else {
      std::copy_n(by_dimension.begin(), kPanel * dim_,
                  by_dimension_.begin() + static_cast<std::ptrdiff_t>(panel * kPanel * dim_));
      std::copy(by_entity.begin(), by_entity.end(),
                by_entity_.begin() + static_cast<std::ptrdiff_t>(panel * kPanel * width));
    }
  }
}

PackedRows PackedTable::pack_rows(const float* u, const float* log_weights, std::size_t n,
                                  const HeldWeights& held) const {
  const auto padded = in_sixes(n);
  PackedRows rows;
  rows.n = n;
  rows.shifts.assign(padded, 0.0f);
  std::transform(log_weights, log_weights + n, rows.shifts.begin(), std::negate<>());
  rows.floats.assign(padded * padded_dim_, 0.0f);
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(u + i * dim_, dim_, rows.floats.begin() + static_cast<std::ptrdiff_t>(i * padded_dim_));
  if (rounding_ == Rounding::None) return rows;
  const auto* const shifts = held.shifts.data() + held.shifts.size() - held.rows;
  for (std::size_t i = 0; i < n; ++i) {
    scale_row(rows.floats.data() + i * padded_dim_, std::exp(shifts[i] - rows.shifts[i]), dim_);
  }
  rows.pairs_of_rows.resize(padded / 2 * padded_dim_);
  for (std::size_t i = 0; i < padded; i += 2) {
    const auto* from = rows.floats.data() + i * padded_dim_;
    join_pairs(from, from + padded_dim_, padded_dim_, rows.pairs_of_rows.data() + i / 2 * padded_dim_);
  }
  rows.floats = {};
  return rows;
}

void PackedTable::hold(std::size_t n, HeldWeights& held) const {
  held.rows = in_sixes(n);
  held.words.resize(panels() * held.rows * kPanel / 2);
  held.shifts.resize(panels() * held.rows);
}

void PackedTable::add_weighted_rows(std::size_t panel, const PackedRows& rows, float* sums,
                                    const HeldWeights& held) const {
  HWY_DYNAMIC_DISPATCH(AddWeightedRows)(*this, panel, rows, sums, held);
}

void PackedTable::partition(const float* u, std::size_t n, float* log_z, float* mean, HeldWeights* held,
                            std::size_t first) const {
  HWY_DYNAMIC_DISPATCH(PartitionRows)(*this, u, n, log_z, mean, held, first);
}

}  // namespace terse::relsim
#endif
