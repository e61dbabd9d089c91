#include "terse/core/json-inl.hpp"

#include <chrono>

#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using Json = nlohmann::json;

TEST_CASE("what the rules allow is what a plain parser makes of it") {
  for (const char* text : {"null", "true", "-3", "18446744073709551615", "1.5e3", R"("text")", "[]", "{}", "[[],[{}]]",
                           R"({"a": [1, {"b": null}], "c": "x", "a": 2})", R"( { "k" : [ "\u00e9\n" , -0.0 ] } )"}) {
    INFO(text);
    CHECK(parse_json(text, "") == Json::parse(text));
  }
  for (const char* text : {"", "[", "{\"a\"}", "[1,]", "nul", "[1] 2", "\"\xff\"", "1e999"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_json(text, ""), Json::exception);
  }
}

TEST_CASE("members that are not wanted are left out, whatever they hold, and still checked") {
  const JsonRules rules{.keeps = [](const std::string& key) { return key != "drop"; }};
  CHECK(parse_json(R"({"drop": 1, "a": {"drop": [{"a": [2, {}]}, "x"], "b": 3}, "c": [{"drop": {}}, 4]})", "", rules) ==
        Json::parse(R"({"a": {"b": 3}, "c": [{}, 4]})"));
  CHECK_THROWS_AS(parse_json(R"({"drop": [1,})", "", rules), Json::exception);
}

TEST_CASE("a name that comes twice is refused where names must be unique") {
  const JsonRules rules{.unique_keys = true};
  CHECK(test::throws(Error::BadInput, "here: names 'a' twice",
                     [&] { parse_json(R"({"a": 1, "a": 2})", "here", rules); }));
  CHECK(test::throws(Error::BadInput, "'b' twice", [&] { parse_json(R"([{"b": {}, "c": 1, "b": {}}])", "", rules); }));
  CHECK_NOTHROW(parse_json(R"([{"a": {"a": 1}}, {"a": 2}])", "", rules));
}

TEST_CASE("members at a depth go to the caller one by one and are forgotten") {
  std::vector<std::string> taken;
  JsonRules rules;
  rules.taken_at = 2;
  rules.take = [&](const std::vector<std::string>& keys, const Json& parent, Json&& value) {
    taken.push_back(keys.front() + (parent.is_array() ? "[] " : "{} ") + value.dump());
  };
  const Json rest = parse_json(R"({"x": [1, [2, 3]], "y": {"k": {"l": 4}}, "z": 5, "x": [6]})", "", rules);
  CHECK(taken == std::vector<std::string>{"x[] 1", "x[] [2,3]", "y{} {\"l\":4}", "x[] 6"});
  CHECK(rest == Json::parse(R"({"x": [], "y": {}, "z": 5})"));
}

TEST_CASE("depth and memory have limits, and time is linear in the text") {
  CHECK_NOTHROW(parse_json(std::string(128, '[') + std::string(128, ']'), ""));
  CHECK(test::throws(Error::BadInput, "nested deeper than 128", [] { parse_json(std::string(1 << 20, '['), ""); }));
  std::string deep_member;
  for (int i = 0; i < 200; ++i) deep_member += R"({"drop":)";
  CHECK(test::throws(Error::BadInput, "nested deeper", [&] {
    parse_json(deep_member, "", {.keeps = [](const std::string& key) { return key != "drop"; }});
  }));

  std::string wide = "[[]";
  for (int i = 0; i < 100'000; ++i) wide += ",[]";
  wide += "]";
  CHECK_NOTHROW(parse_json(wide, ""));
  CHECK(test::throws(Error::OutOfMemory, "file: JSON that needs more memory than 1.00 MiB; --max-memory allows more",
                     [&] { parse_json(wide, "file", {.memory = 1 << 20}); }));

  // 200,000 objects side by side: a parser that looks at all siblings after each takes half a minute.
  std::string many = "{";
  for (int i = 0; i < 200'000; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":{\"a\":[0]}";
  many += "}";
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_json(many, "", {.unique_keys = true}).size() == 200'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}
