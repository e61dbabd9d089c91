#include "terse/formats/artifact/value.hpp"

#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

core::Bytes bytes_of(std::initializer_list<int> values) {
  core::Bytes bytes;
  for (const int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}

Value nested_arrays(int depth) {
  Value value = 1;
  for (int i = 0; i < depth; ++i) value = Value(Value::Array{std::move(value)});
  return value;
}

}  // namespace

TEST_CASE("documents come back as they were packed") {
  const std::vector<Value> values = {
      {},
      true,
      false,
      0,
      -1,
      127,
      128,
      -32,
      -33,
      std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::min(),
      0.1,
      -0.0,
      std::numeric_limits<double>::infinity(),
      5e-324,
      "",
      "größer",
      std::string(300, 'x'),
      core::Bytes(3, std::byte{7}),
      Value::Array{},
      Value::Map{},
      Value::Map{{"a", Value::Array{1, "b", Value::Map{{"", Value()}}}}, {"b", 2.5}},
  };
  for (const Value& value : values) CHECK(unpack(pack(value)) == value);
  CHECK(unpack(pack(Value::Array(values.begin(), values.end()))) == Value(Value::Array(values.begin(), values.end())));
  CHECK(std::isnan(unpack(pack(Value(NAN))).as_double()));
  CHECK(std::signbit(unpack(pack(Value(-0.0))).as_double()));
}

TEST_CASE("the same content packs to the same bytes, whatever order it was filled in") {
  Value a, b;
  a["x"] = 1;
  a["y"] = "two";
  b["y"] = "two";
  b["x"] = 1;
  CHECK(pack(a) == pack(b));
  CHECK(pack(a) == bytes_of({0x82, 0xA1, 'x', 0x01, 0xA1, 'y', 0xA3, 't', 'w', 'o'}));
}

TEST_CASE("typed access says what it found") {
  const Value map = Value::Map{{"n", 3}};
  CHECK(map.at("n").as_double() == 3.0);
  CHECK(map.find("m") == nullptr);
  CHECK_THROWS_WITH(map.at("m"), Catch::Contains("\"m\" is missing"));
  CHECK_THROWS_WITH(map.at("n").as_string(), Catch::Contains("expected a string, found an integer"));
  CHECK_THROWS_WITH(Value(2.5).as_integer(), Catch::Contains("expected an integer, found a number"));
  CHECK_THROWS_AS(Value(std::uint64_t{1} << 63), Error);
}

TEST_CASE("malformed msgpack is refused") {
  const std::vector<core::Bytes> malformed = {
      {},
      bytes_of({0xC1}),                                                  // never used
      bytes_of({0x01, 0x02}),                                            // bytes follow
      bytes_of({0x92, 0x01}),                                            // too short
      bytes_of({0xA5, 'a', 'b'}),                                        // too short
      bytes_of({0x81, 0x01, 0x01}),                                      // key is not a string
      bytes_of({0x81, 0x91, 0x01, 0x01}),                                // key is an array
      bytes_of({0x81, 0x80, 0x01}),                                      // key is a map
      bytes_of({0x82, 0xA1, 'b', 1, 0xA1, 'a', 2}),                      // unsorted
      bytes_of({0x82, 0xA1, 'a', 1, 0xA1, 'a', 2}),                      // repeated
      bytes_of({0xD4, 0x01, 0x02}),                                      // extension
      bytes_of({0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),  // above 2^63-1
      bytes_of({0xDD, 0xFF, 0xFF, 0xFF, 0xFF}),                          // 2^32-1 items promised
      bytes_of({0xDF, 0xFF, 0xFF, 0xFF, 0xFF}),
      bytes_of({0xDB, 0xFF, 0xFF, 0xFF, 0xFF}),
      bytes_of({0xC6, 0xFF, 0xFF, 0xFF, 0xFF}),
  };
  for (const core::Bytes& bytes : malformed) {
    INFO("first byte " << (bytes.empty() ? -1 : std::to_integer<int>(bytes[0])) << ", size " << bytes.size());
    try {
      unpack(bytes);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Error::BadInput);
    }
  }
}

TEST_CASE("documents stay within their limits") {
  ValueLimits limits;
  CHECK_NOTHROW(unpack(pack(nested_arrays(16))));
  CHECK_THROWS_AS(unpack(pack(nested_arrays(17))), Error);
  CHECK_NOTHROW(unpack(pack(Value(std::string(limits.string_bytes, 'x')))));
  CHECK_THROWS_AS(unpack(pack(Value(std::string(limits.string_bytes + 1, 'x')))), Error);
  CHECK_NOTHROW(unpack(pack(Value(Value::Array(limits.array_entries, Value(1))))));
  CHECK_THROWS_AS(unpack(pack(Value(Value::Array(limits.array_entries + 1, Value(1))))), Error);
  Value::Map map;
  for (std::size_t i = 0; i < limits.map_entries; ++i) map[std::to_string(i)] = true;
  CHECK_NOTHROW(unpack(pack(Value(map))));
  map["one more"] = true;
  CHECK_THROWS_AS(unpack(pack(Value(map))), Error);
  const Value many(Value::Array(5, Value(Value::Array(60'000, Value()))));
  CHECK_THROWS_WITH(unpack(pack(many)), Catch::Contains("values"));
  CHECK_THROWS_WITH(unpack(core::Bytes(limits.bytes + 1)), Catch::Contains("bytes"));
}

TEST_CASE("documents as JSON") {
  const Value value = Value::Map{
      {"b", Value::Array{1, 2.5, Value(), true}}, {"a", "say \"hi\"\n"}, {"c", bytes_of({1, 2, 3, 4})}, {"d", NAN}};
  CHECK(to_json(value) == R"({"a":"say \"hi\"\n","b":[1,2.5,null,true],"c":"base64:AQIDBA==","d":null})");
  CHECK(to_json(Value(Value::Map{{"a", 1}}), 2) == "{\n  \"a\": 1\n}");
  CHECK(to_json(Value("\xFF")) == "\"\xEF\xBF\xBD\"");
}
