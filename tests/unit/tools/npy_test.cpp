#include "act-inspect/npy.hpp"

#include <cstring>
#include <string>

#include "terse_catch.hpp"

using namespace terse;

namespace {

std::string written(const formats::Tensor& tensor) {
  core::Bytes bytes;
  const auto sink = core::memory_sink(bytes);
  tools::act_inspect::write_npy(*sink, tensor);
  sink->finish();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

formats::Tensor zeros(core::DType dtype, std::vector<std::int64_t> shape) {
  formats::Tensor tensor{{"t", dtype, std::move(shape)}, {}};
  tensor.data.resize(tensor.info.bytes());
  return tensor;
}

std::string header(const std::string& file) {
  REQUIRE(file.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  const auto length = static_cast<unsigned char>(file[8]) + 256u * static_cast<unsigned char>(file[9]);
  REQUIRE((10 + length) % 64 == 0);
  const std::string text = file.substr(10, length);
  REQUIRE(text.back() == '\n');
  return text.substr(0, text.find_last_not_of(" \n") + 1);
}

}  // namespace

TEST_CASE("headers say type and shape as NumPy writes them") {
  CHECK(header(written(zeros(core::DType::Float32, {2, 3}))) ==
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  CHECK(header(written(zeros(core::DType::Int64, {5}))) == "{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }");
  CHECK(header(written(zeros(core::DType::Bool, {}))) == "{'descr': '|b1', 'fortran_order': False, 'shape': (), }");
  CHECK(header(written(zeros(core::DType::Float16, {0, 4}))) ==
        "{'descr': '<f2', 'fortran_order': False, 'shape': (0, 4), }");
}

TEST_CASE("elements follow the header as they are") {
  const std::vector<float> values{1.5f, -2, 3, 4, 5, 6};
  const auto tensor = formats::make_tensor("t", {3, 2}, std::span<const float>(values));
  const std::string file = written(tensor);
  REQUIRE(file.size() == 128 + 24);
  CHECK(std::memcmp(file.data() + 128, values.data(), 24) == 0);
}

TEST_CASE("bfloat16 is widened to float32") {
  formats::Tensor tensor = zeros(core::DType::BFloat16, {2});
  tensor.as<std::uint16_t>()[0] = 0x3F80;
  tensor.as<std::uint16_t>()[1] = 0xC040;
  const std::string file = written(tensor);
  CHECK(header(file).find("<f4") != std::string::npos);
  float values[2];
  std::memcpy(values, file.data() + file.size() - 8, 8);
  CHECK(values[0] == 1.0f);
  CHECK(values[1] == -3.0f);
}
