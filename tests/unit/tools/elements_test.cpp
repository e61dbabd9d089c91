#include "act-inspect/elements.hpp"

#include <cmath>
#include <vector>

#include "terse_catch.hpp"

using namespace terse;
using namespace terse::tools::act_inspect;

TEST_CASE("elements of every type come out in order") {
  const auto collect = [](core::DType dtype, auto values) {
    std::vector<double> out;
    for_each_element(dtype, core::as_bytes(values.data(), values.size()), [&](double x) { out.push_back(x); });
    return out;
  };
  CHECK(collect(core::DType::Float32, std::vector<float>{-1.5f, 0, 3}) == std::vector<double>{-1.5, 0, 3});
  CHECK(collect(core::DType::Float64, std::vector<double>{1e300, -2}) == std::vector<double>{1e300, -2});
  CHECK(collect(core::DType::UInt8, std::vector<std::uint8_t>{0, 255}) == std::vector<double>{0, 255});
  CHECK(collect(core::DType::Bool, std::vector<std::uint8_t>{1, 0}) == std::vector<double>{1, 0});
  CHECK(collect(core::DType::Int8, std::vector<std::int8_t>{-128, 127}) == std::vector<double>{-128, 127});
  CHECK(collect(core::DType::Int16, std::vector<std::int16_t>{-32768, 5}) == std::vector<double>{-32768, 5});
  CHECK(collect(core::DType::Int32, std::vector<std::int32_t>{-7, 9}) == std::vector<double>{-7, 9});
  CHECK(collect(core::DType::Int64, std::vector<std::int64_t>{-7, std::int64_t{1} << 40}) ==
        std::vector<double>{-7, std::ldexp(1.0, 40)});
  CHECK(collect(core::DType::Float16, std::vector<std::uint16_t>{0x3C00}) == std::vector<double>{1});
  CHECK(collect(core::DType::BFloat16, std::vector<std::uint16_t>{0xBF80}) == std::vector<double>{-1});
}
