#include "terse/train/base/tensor_exchange.hpp"

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

std::vector<formats::Tensor> owned(const TensorViews& views) {
  std::vector<formats::Tensor> tensors;
  for (const auto& view : views.views()) tensors.push_back({view.info, {view.data.begin(), view.data.end()}});
  return tensors;
}

TEST_CASE("tensors go out row-major and come back into any layout") {
  const auto weight = at::randn({4, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto steps = at::full({}, 7, at::kLong);
  const auto tensors = owned(TensorViews({{"weight", weight}, {"steps", steps}}));
  CHECK(tensors[0].info == formats::TensorInfo{"weight", core::DType::Float32, {4, 3, 2, 2}});
  CHECK(tensors[0].as<float>()[1] == weight[0][0][0][1].item<float>());
  const auto weight_back = at::zeros_like(weight), steps_back = at::zeros({}, at::kLong);
  copy_into({{"steps", steps_back}, {"weight", weight_back}}, tensors, "file");
  CHECK(at::equal(weight_back, weight));
  CHECK(steps_back.item<int>() == 7);
}

TEST_CASE("a tensor that does not fit is named with the file") {
  const auto tensors = owned(TensorViews({{"w", at::zeros({2})}}));
  CHECK(throws(Error::BadInput, "f: tensor 'v' is missing", [&] { copy_into({{"v", at::zeros({2})}}, tensors, "f"); }));
  CHECK(throws(Error::BadInput, "f: the model has no tensor 'w'", [&] { copy_into({}, tensors, "f"); }));
  CHECK(throws(Error::BadInput, "float32 [2], the model's is Float [3]", [&] {
    copy_into({{"w", at::zeros({3})}}, tensors, "f");
  }));
  CHECK(throws(Error::BadInput, "the model's is Long [2]", [&] {
    copy_into({{"w", at::zeros({2}, at::kLong)}}, tensors, "f");
  }));
}

}  // namespace
}  // namespace terse::train
