#include "terse/act/tensor/geometry.hpp"

#include "networks.hpp"
#include "terse_catch.hpp"

namespace terse::act {

TEST_CASE("elements that fill their memory are encoded in place", "[geometry]") {
  const at::Tensor x = at::arange(24, at::kFloat).view({2, 3, 4});
  for (const at::Tensor& view :
       {x, x.transpose(0, 2), x.permute({1, 2, 0}), x.select(0, 1), x.narrow(0, 1, 1), x.view({24})}) {
    const Geometry geometry = Geometry::of(view);
    CHECK_FALSE(geometry.has_gaps);
    CHECK(geometry.encoded_count == view.numel());
    CHECK(view.strides() == geometry.strides);
    CHECK(geometry.encoded_strides == geometry.strides);
  }
}

TEST_CASE("expanded dimensions and overlapping windows count their memory once", "[geometry]") {
  const at::Tensor row = at::arange(4, at::kFloat);
  const Geometry expanded = Geometry::of(row.view({1, 4}).expand({100, 4}));
  CHECK(expanded.encoded_count == 4);
  CHECK(expanded.strides == std::vector<std::int64_t>{0, 1});
  const Geometry scalar = Geometry::of(at::ones({}).expand({3, 5}));
  CHECK(scalar.encoded_count == 1);
  const Geometry windows = Geometry::of(at::arange(100, at::kFloat).unfold(0, 5, 1));
  CHECK(windows.encoded_count == 100);
  CHECK_FALSE(windows.has_gaps);
}

TEST_CASE("gaps are squeezed out and restored only where they are small", "[geometry]") {
  const at::Tensor x = at::arange(240, at::kFloat).view({4, 60});
  const Geometry every_second = Geometry::of(x.slice(1, 0, 60, 2));
  CHECK(every_second.has_gaps);
  CHECK(every_second.spreads());
  CHECK(every_second.encoded_count == 120);
  CHECK(every_second.strides == std::vector<std::int64_t>{60, 2});
  const Geometry chunk = Geometry::of(x.chunk(6, 1)[1].t());
  CHECK(chunk.has_gaps);
  CHECK_FALSE(chunk.spreads());
  CHECK(chunk.encoded_count == 40);
  CHECK(chunk.strides == std::vector<std::int64_t>{1, 10});
  const at::Tensor copy = compact(x.chunk(6, 1)[1].t(), chunk);
  CHECK(at::equal(copy, x.chunk(6, 1)[1].t()));
  CHECK(copy.strides() == chunk.strides);
}

TEST_CASE("empty tensors and scalars have a geometry", "[geometry]") {
  CHECK(Geometry::of(at::empty({0, 3})).encoded_count == 0);
  CHECK(Geometry::of(at::ones({})).encoded_count == 1);
}

}  // namespace terse::act
