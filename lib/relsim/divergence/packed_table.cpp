#include "terse/relsim/divergence/packed_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/divergence/packed_table.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

#include "terse/relsim/model/block_product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kPanel = PackedTable::kPanel;
constexpr std::size_t kRows = kBlockRows;
constexpr std::size_t kRowBlock = 40 * kRows;  // rows over which a panel is used while it is in the near cache
constexpr std::size_t kFlush = 16;         // panels after which sums move to float64
constexpr float kSlack = 8;                // a logit may exceed the shift by this before all is shifted anew

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
    const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, logits + i), shift));
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

/// At most kRowBlock rows.
void partition_block(const PackedTable& table, const float* u, std::size_t n, float* log_z, float* mean) {
  const std::size_t dim = table.dim(), width = mean ? table.padded_dim() : 0;
  const std::size_t padded = (n + kRows - 1) / kRows * kRows;
  std::vector<float> parameters(padded * dim), sums(padded * width);
  std::copy_n(u, n * dim, parameters.begin());
  std::vector<Row> rows(padded);
  HWY_ALIGN float logits[kRows * kPanel];
  for (std::size_t p = 0; p < table.panels(); ++p) {
    const std::size_t count = std::min(kPanel, table.entities() - p * kPanel);
    for (std::size_t r = 0; r < padded; r += kRows) {
      multiply_blocks<false>({parameters.data() + r * dim, dim, 1, table.by_dimension(p), kPanel, logits, kPanel, kRows,
                              dim, kPanel});
      for (std::size_t i = 0; i < kRows; ++i) {
        auto* row = logits + i * kPanel;
        std::fill(row + count, row + kPanel, -std::numeric_limits<float>::infinity());
        add_panel(rows[r + i], row, sums.data() + (r + i) * width, width);
        if (p % kFlush == kFlush - 1) flush(rows[r + i]);
      }
      if (!mean) continue;
      multiply_blocks<true>({logits, kPanel, 1, table.by_entity(p), table.padded_dim(), sums.data() + r * width, width,
                             kRows, count, width});
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    flush(rows[i]);
    log_z[i] = static_cast<float>(static_cast<double>(rows[i].shift) + std::log(rows[i].total));
    if (!mean) continue;
    const float factor = static_cast<float>(1 / rows[i].total);
    for (std::size_t k = 0; k < dim; ++k) mean[i * dim + k] = factor * sums[i * width + k];
  }
}

void PartitionRows(const PackedTable& table, const float* u, std::size_t n, float* log_z, float* mean) {
  for (std::size_t begin = 0; begin < n; begin += kRowBlock) {
    partition_block(table, u + begin * table.dim(), std::min(kRowBlock, n - begin), log_z + begin,
                    mean ? mean + begin * table.dim() : nullptr);
  }
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(PartitionRows);

PackedTable::PackedTable(const float* table, std::size_t entities, std::size_t dim)
    : entities_(entities), dim_(dim), padded_dim_((dim + 15) / 16 * 16), by_dimension_(panels() * kPanel * dim),
      by_entity_(panels() * kPanel * padded_dim_) {
  for (std::size_t e = 0; e < entities; ++e) {
    const std::size_t panel = e / kPanel, place = e % kPanel;
    for (std::size_t k = 0; k < dim; ++k) {
      by_dimension_[(panel * dim + k) * kPanel + place] = table[e * dim + k];
      by_entity_[e * padded_dim_ + k] = table[e * dim + k];
    }
  }
}

void PackedTable::partition(const float* u, std::size_t n, float* log_z, float* mean) const {
  HWY_DYNAMIC_DISPATCH(PartitionRows)(*this, u, n, log_z, mean);
}

}  // namespace terse::relsim
#endif
