#include "terse/formats/foreign/safetensors.hpp"

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;

namespace {

core::Bytes file(const std::string& header, std::size_t data, std::uint64_t claimed = 0) {
  core::Bytes out;
  const std::uint64_t length = claimed ? claimed : header.size();
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::byte>(length >> (8 * i)));
  for (const char c : header) out.push_back(static_cast<std::byte>(c));
  for (std::size_t i = 0; i < data; ++i) out.push_back(static_cast<std::byte>(i));
  return out;
}

formats::Safetensors parse(const core::Bytes& bytes, std::uint64_t limit = 1u << 20) {
  const auto source = core::memory_source(bytes, "w.safetensors");
  return formats::read_safetensors(*source, limit);
}

formats::Tensor tensor(std::string name, core::DType dtype, std::vector<std::int64_t> shape) {
  formats::Tensor made{{std::move(name), dtype, std::move(shape)}, {}};
  for (std::uint64_t i = 0; i < made.info.bytes(); ++i) made.data.push_back(static_cast<std::byte>(i * 7 + 1));
  return made;
}

}  // namespace

TEST_CASE("a file as the reference implementation writes it") {
  const auto read =
      parse(file(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                 R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}   )",
                 16));
  REQUIRE(read.tensors.size() == 2);
  CHECK(read.tensors[0].info == formats::TensorInfo{"b", core::DType::Int64, {1}});
  CHECK(read.tensors[1].info == formats::TensorInfo{"a", core::DType::Float32, {2, 1}});
  CHECK(read.tensors[1].data[0] == std::byte{8});
  CHECK(read.metadata == formats::SafetensorsMetadata{{"format", "pt"}});
}

TEST_CASE("every element type goes and comes back, aligned to its elements") {
  std::vector<formats::Tensor> tensors;
  for (int i = 0; i < core::kDTypeCount; ++i) {
    tensors.push_back(tensor("t" + std::to_string(i), static_cast<core::DType>(i), {3, i}));
    tensors.push_back(tensor("scalar" + std::to_string(i), static_cast<core::DType>(i), {}));
  }
  core::Bytes bytes;
  const auto sink = core::memory_sink(bytes);
  formats::write_safetensors(*sink, tensors);
  const auto read = parse(bytes);
  REQUIRE(read.tensors.size() == tensors.size());
  for (const auto& one : tensors) {
    const auto found = std::find_if(read.tensors.begin(), read.tensors.end(),
                                    [&](const auto& other) { return other.info == one.info; });
    REQUIRE(found != read.tensors.end());
    CHECK(found->data == one.data);
  }
  std::uint64_t at = 0;
  for (const auto& one : read.tensors) {
    CHECK(at % core::size_of(one.info.dtype) == 0);
    at += one.data.size();
  }
  CHECK((bytes.size() - at) % 8 == 0);

  std::reverse(tensors.begin(), tensors.end());
  core::Bytes again;
  formats::write_safetensors(*core::memory_sink(again), tensors);
  CHECK(again == bytes);
}

TEST_CASE("what a safetensors file may not be") {
  const auto refused = [](const core::Bytes& bytes, const std::string& why) {
    INFO(why);
    CHECK_THROWS_WITH(parse(bytes), ContainsSubstring("w.safetensors: ") && ContainsSubstring(why));
  };
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  refused({}, "truncated in header length");
  refused(file("{" + a + "}", 7), "truncated in tensor 'a'");
  refused(file("{" + a + "}", 9), "belongs to no tensor");
  refused(file("{" + a + "," + a + "}", 8), "names 'a' twice");
  refused(file("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8), "leaves a gap or overlaps");
  refused(file("{" + a + R"(,"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}})", 10), "leaves a gap or overlaps");
  refused(file(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), "does not fill its place");
  refused(file(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "does not fill its place");
  refused(file(R"({"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", 2), "element type F8_E4M3");
  refused(file(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "described wrongly");
  refused(file(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", 8), "described wrongly");
  refused(file(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8), "described wrongly");
  refused(file(R"({"a":[]})", 8), "described wrongly");
  refused(file(R"({"__metadata__":{"n":1}})", 0), "other than strings");
  refused(file("[]", 0), "not a JSON object");
  refused(file("{", 0), "not valid JSON");
  refused(file(std::string(100'000, '['), 0), "the header: nested deeper than 3");
  refused(file("{}", 0, 200'000'000), "more than 100 MB");
  refused(file("{}", 0, 90'000'000), "truncated in header");
  CHECK_THROWS_AS(parse(file(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}})", 0)),
                  Error);
  CHECK_THROWS_WITH(parse(file("{" + a + "}", 8), 7), ContainsSubstring("more than 7 bytes"));
  CHECK(parse(file("{}", 0)).tensors.empty());
}

TEST_CASE("flipped bytes and cuts are refused or read, never worse") {
  core::Bytes intact;
  const std::vector<formats::Tensor> tensors = {tensor("weight", core::DType::Float32, {4, 3}),
                                                tensor("steps", core::DType::Int64, {})};
  formats::write_safetensors(*core::memory_sink(intact), tensors);
  for (std::size_t at = 0; at < intact.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      core::Bytes damaged = intact;
      damaged[at] ^= static_cast<std::byte>(1u << bit);
      try {
        parse(damaged);
      } catch (const Error& error) {
        CHECK(error.code() == Error::BadInput);
      }
    }
    CHECK_THROWS_AS(parse({intact.begin(), intact.begin() + static_cast<std::ptrdiff_t>(at)}), Error);
  }
}

TEST_CASE("tensors that cannot be written are a bug of the caller") {
  core::Bytes bytes;
  const auto sink = core::memory_sink(bytes);
  const std::vector<formats::Tensor> twice = {tensor("a", core::DType::Bool, {1}), tensor("a", core::DType::Int8, {1})};
  CHECK_THROWS_AS(formats::write_safetensors(*sink, twice), Error);
  std::vector<formats::Tensor> cut = {tensor("a", core::DType::Int8, {5})};
  cut[0].data.pop_back();
  CHECK_THROWS_AS(formats::write_safetensors(*sink, cut), Error);
}
