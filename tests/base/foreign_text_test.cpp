#include "tvr/base/foreign_text.h"

#include <nlohmann/json.hpp>

#include "damage.h"

namespace tvr {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text, const JsonLimits& limits = {}) {
  return test::refusal_of([&] { parse_json(text, "a.json: ", limits); });
}

std::string nested(size_t depth) {
  std::string text;
  for (size_t i = 1; i < depth; ++i) text += "{\"a\":";
  return text + "{}" + std::string(depth - 1, '}');
}

TEST(JsonText, ReadsAnObject) {
  const auto object = parse_json(R"({"a": [1, null, true, -2, 0.5, "ü"], "b": {"a": 1}})", "a.json: ");
  EXPECT_EQ(object["a"].size(), 6u);
  EXPECT_EQ(object["b"]["a"], 1);
}

TEST(JsonText, MalformedTextsAreRefusedWithTheByte) {
  EXPECT_EQ(refusal("{\"a\":}"), "a.json: is not valid JSON (byte 6).");
  for (const char* text : {"", " ", "{", "{}x", "{'a':1}", "{\"\xff\":1}", "{\"a\":1e999}", "{\"a\":NaN}"})
    EXPECT_THAT(refusal(text), HasSubstr("is not valid JSON (byte ")) << text;
  EXPECT_THAT(refusal(std::string("{}\0{}", 5)), HasSubstr("is not valid JSON (byte 3)"));
}

TEST(JsonText, OnlyObjectsAreTaken) {
  for (const char* text : {"[]", "null", "1", "\"a\""})
    EXPECT_EQ(refusal(text), "a.json: is not a JSON object.") << text;
}

TEST(JsonText, NestingIsBounded) {
  EXPECT_EQ(refusal(nested(50)), "");
  EXPECT_THAT(refusal(nested(51)), HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal("{\"a\":" + std::string(1'000'000, '[')), HasSubstr("nested too deeply"));
}

TEST(JsonText, TheNumberOfValuesIsBounded) {
  EXPECT_EQ(refusal(R"({"a": [1, 2, 3]})", {50, 5}), "");
  EXPECT_THAT(refusal(R"({"a": [1, 2, 3, {}]})", {50, 5}), HasSubstr("more than 5 values"));
}

TEST(JsonText, ANameTwiceInOneObjectIsRefused) {
  EXPECT_EQ(refusal(R"({"a": {"a": 1}, "b": {"a": 1}})"), "");
  EXPECT_EQ(refusal(R"({"b": 1, "a\n": 2, "b": 3})"), "a.json: names \"b\" twice; keep one.");
  const std::string name = '"' + std::string(1'000'000, 'x') + '"';
  EXPECT_THAT(refusal("{" + name + ":1," + name + ":1}"), HasSubstr("xxx…\" twice"));
}

// Where the time grew with the square of their number, this took minutes.
TEST(JsonText, ManyObjectsOfOneObjectAreRead) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += '"' + std::to_string(i) + "\":{},";
  EXPECT_EQ(parse_json(text + "\"last\":{}}", "").size(), 200'001u);
}

}  // namespace
}  // namespace tvr
