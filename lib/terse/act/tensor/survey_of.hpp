#pragma once

#include "terse/act/tensor/saved_tensor.hpp"

namespace terse::act {

/// What a saved tensor holds, also where it was kept as it is and the hook had no reason to look at it.
inline quant::Survey survey_of(const PackedView& view) {
  const auto& exact = view.exact;
  if (view.info.layout.count > 0 || view.info.reason == Reason::Device || exact.numel() == 0) {
    return view.info.survey;
  }
  const auto dense = exact.detach().contiguous();
  return quant::survey(dense.const_data_ptr(), static_cast<std::uint64_t>(dense.numel()), view.info.dtype);
}

}  // namespace terse::act
