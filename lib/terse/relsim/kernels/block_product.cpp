#include "terse/relsim/kernels/block_product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/kernels/block_product.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "terse/relsim/kernels/block_product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {

void Product(const float* a, std::size_t a_row, std::size_t a_depth, const float* b, std::size_t b_stride,
             std::size_t rows, std::size_t depth, std::size_t columns, float* out, std::size_t out_stride) {
  multiply_blocks<false>({a, a_row, a_depth, b, b_stride, out, out_stride, rows, depth, columns});
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(Product);

void block_product(const float* a, std::size_t a_row, std::size_t a_depth, const float* b, std::size_t b_stride,
                   std::size_t rows, std::size_t depth, std::size_t columns, float* out, std::size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(Product)(a, a_row, a_depth, b, b_stride, rows, depth, columns, out, out_stride);
}

}  // namespace terse::relsim
#endif
