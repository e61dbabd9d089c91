#include "terse/relsim/kernels/sparse_rows.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/kernels/sparse_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// kVectors vectors of output columns from `c` on: they stay in registers over all of the row.
template <std::size_t kVectors, class D>
void product_columns(D d, const SparseRows::Row& row, const float* matrix, std::size_t stride, const float* bias,
                     float* output, std::size_t c) {
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<D> sum[kVectors];
  for (std::size_t k = 0; k < kVectors; ++k) sum[k] = bias ? hn::LoadU(d, bias + c + k * lanes) : hn::Zero(d);
  for (std::size_t i = 0; i < row.index.size(); ++i) {
    const float* from = matrix + row.index[i] * stride + c;
    const auto value = hn::Set(d, row.value[i]);
    for (std::size_t k = 0; k < kVectors; ++k) sum[k] = hn::MulAdd(value, hn::LoadU(d, from + k * lanes), sum[k]);
  }
  for (std::size_t k = 0; k < kVectors; ++k) hn::StoreU(sum[k], d, output + c + k * lanes);
}

/// The columns from `c` on, fewer than would fill kVectors vectors; they end in the last of these.
template <std::size_t kVectors, class D>
void last_columns(D d, const SparseRows::Row& row, const float* matrix, std::size_t stride, const float* bias,
                  float* output, std::size_t c, std::size_t columns) {
  const std::size_t lanes = hn::Lanes(d);
  if constexpr (kVectors > 1) {
    if (columns - c <= (kVectors - 1) * lanes) {
      return last_columns<kVectors - 1>(d, row, matrix, stride, bias, output, c, columns);
    }
  }
  constexpr std::size_t kWhole = kVectors - 1;
  const std::size_t end = c + kWhole * lanes;
  const auto rest = hn::FirstN(d, columns - end);
  hn::Vec<D> sum[kVectors];
  for (std::size_t k = 0; k < kWhole; ++k) sum[k] = bias ? hn::LoadU(d, bias + c + k * lanes) : hn::Zero(d);
  sum[kWhole] = bias ? hn::MaskedLoad(rest, d, bias + end) : hn::Zero(d);
  for (std::size_t i = 0; i < row.index.size(); ++i) {
    const float* from = matrix + row.index[i] * stride;
    const auto value = hn::Set(d, row.value[i]);
    for (std::size_t k = 0; k < kWhole; ++k) sum[k] = hn::MulAdd(value, hn::LoadU(d, from + c + k * lanes), sum[k]);
    sum[kWhole] = hn::MulAdd(value, hn::MaskedLoad(rest, d, from + end), sum[kWhole]);
  }
  for (std::size_t k = 0; k < kWhole; ++k) hn::StoreU(sum[k], d, output + c + k * lanes);
  hn::BlendedStore(sum[kWhole], rest, d, output + end);
}

void SparseRowProduct(const SparseRows::Row& row, const float* matrix, std::size_t stride, const float* bias,
                      float* output, std::size_t columns) {
  // Vectors of at most 16 floats are held in arrays, which scalable vectors of unknown length cannot be.
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + 8 * lanes <= columns; c += 8 * lanes) product_columns<8>(d, row, matrix, stride, bias, output, c);
  if (c < columns) last_columns<8>(d, row, matrix, stride, bias, output, c, columns);
}

/// Places and values of [n] entries that are not zero or below; a NaN stays, to be seen. Room for n of each. @return
/// how many
std::size_t PositiveEntries(const float* dense, std::size_t n, std::uint32_t* index, float* value) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToUnsigned<decltype(d)> places;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0, count = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto values = hn::LoadU(d, dense + i);
    const auto kept = hn::Not(hn::Le(values, hn::Zero(d)));
    // Compressed in registers and stored whole: stores under a mask are slow on some processors.
    hn::StoreU(hn::Compress(values, kept), d, value + count);
    hn::StoreU(hn::Compress(hn::Iota(places, static_cast<std::uint32_t>(i)), hn::RebindMask(places, kept)), places,
               index + count);
    count += hn::CountTrue(d, kept);
  }
  for (; i < n; ++i) {
    index[count] = static_cast<std::uint32_t>(i);
    value[count] = dense[i];
    count += !(dense[i] <= 0);
  }
  return count;
}

float DotRow(const float* a, const float* b, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

void AddScaledRow(float* into, const float* from, float factor, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto scale = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(scale, hn::LoadU(d, from + i), hn::LoadU(d, into + i)), d, into + i);
  }
  for (; i < n; ++i) into[i] += factor * from[i];
}

void ScaleRow(float* row, float factor, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto scale = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(scale, hn::LoadU(d, row + i)), d, row + i);
  for (; i < n; ++i) row[i] *= factor;
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(SparseRowProduct);
HWY_EXPORT(PositiveEntries);
HWY_EXPORT(DotRow);
HWY_EXPORT(AddScaledRow);
HWY_EXPORT(ScaleRow);

void SparseRows::resize(std::size_t rows, std::size_t width) {
  width_ = width;
  // Only ever grows: batches differ little, and the lists need not be cleared.
  if (index_.size() < rows * width) {
    index_.resize(rows * width);
    value_.resize(rows * width);
  }
  count_.assign(rows, 0);
}

void SparseRows::set_positive(std::size_t row, const float* dense) {
  count_[row] =
      HWY_DYNAMIC_DISPATCH(PositiveEntries)(dense, width_, index_.data() + row * width_, value_.data() + row * width_);
}

std::span<float> SparseRows::set_places(std::size_t row, std::span<const std::uint32_t> index) {
  count_[row] = index.size();
  std::copy(index.begin(), index.end(), index_.begin() + static_cast<std::ptrdiff_t>(row * width_));
  return {value_.data() + row * width_, index.size()};
}

void sparse_row_product(const SparseRows::Row& row, const float* matrix, std::size_t stride, const float* bias,
                        float* output, std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(SparseRowProduct)(row, matrix, stride, bias, output, columns);
}

void sparse_product(const SparseRows& rows, std::size_t begin, std::size_t count, const float* matrix,
                    std::size_t columns, const float* bias, float* output) {
  constexpr std::size_t kColumnBlock = 128;  // the part of a [1024, 1024] matrix under so many columns fits L2
  for (std::size_t c = 0; c < columns; c += kColumnBlock) {
    const auto width = std::min(kColumnBlock, columns - c);
    for (std::size_t i = 0; i < count; ++i) {
      sparse_row_product(rows.row(begin + i), matrix + c, columns, bias ? bias + c : nullptr, output + i * columns + c,
                         width);
    }
  }
}

float dot_row(const float* a, const float* b, std::size_t n) { return HWY_DYNAMIC_DISPATCH(DotRow)(a, b, n); }

void add_scaled_row(float* into, const float* from, float factor, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(AddScaledRow)(into, from, factor, n);
}

void scale_row(float* row, float factor, std::size_t n) { HWY_DYNAMIC_DISPATCH(ScaleRow)(row, factor, n); }

}  // namespace terse::relsim
#endif
