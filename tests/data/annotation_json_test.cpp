#include "tvr/data/annotation_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus_files.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace {

using test::error_text;
using testing::AllOf;
using testing::HasSubstr;

std::string complaint(const std::string& text) {
  return error_text<DataError>([&] { JsonDocument document(text, "a.json"); });
}

TEST(JsonDocument, GivesEveryValueWithItsLine) {
  const JsonDocument document(
      "{\"videos\": [\n  {\"id\": 7,\n   \"text\": \" caf\\u00e9 \\n\"},\n"
      "  {\"id\": \"x\", \"end\": 2.5}\n], \"none\": null, \"yes\": true}",
      "a.json");
  const auto root = document.root();
  EXPECT_EQ(root.where(), "a.json:1");
  EXPECT_EQ(root.size(), 3u);
  const auto videos = root.at("videos");
  EXPECT_TRUE(videos.is_list());
  ASSERT_EQ(videos.size(), 2u);
  auto element = videos.begin();
  EXPECT_EQ((*element).where(), "a.json:2: videos[0]");
  EXPECT_EQ((*element).at("id").id(), "7");
  EXPECT_EQ((*element).at("id").number(), 7);
  EXPECT_EQ((*element).at("text").text(), " caf\xC3\xA9 \n");
  EXPECT_EQ((*element).at("text").where(), "a.json:3: videos[0].text");
  ++element;
  EXPECT_EQ((*element).at("id").where(), "a.json:4: videos[1].id");
  EXPECT_EQ((*element).at("id").id(), "x");
  EXPECT_EQ((*element).at("end").number(), 2.5);
  EXPECT_EQ((*element).at("end").key(), "end");
  EXPECT_FALSE((*element).find("text"));
  EXPECT_EQ(++element, videos.end());
  EXPECT_EQ(root.at("yes").where(), "a.json:5: yes");
}

TEST(JsonDocument, NumbersAtTheEndOfALineBelongToIt) {
  const JsonDocument document("[1\n,2\r\n,\n3\n]", "a.json", 10);
  test::Strings places;
  for (const auto element : document.root().list()) places.push_back(element.where());
  EXPECT_EQ(places, (test::Strings{"a.json:10: [0]", "a.json:11: [1]", "a.json:13: [2]"}));
}

TEST(JsonDocument, EmptyListsAndObjectsHoldNothing) {
  const JsonDocument document("[[], {}, [[]], 1]", "a.json");
  std::vector<size_t> sizes;
  for (const auto element : document.root()) sizes.push_back(element.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{0, 0, 1, 0}));
}

TEST(JsonDocument, WhatDoesNotFitNamesFileLineAndPath) {
  const JsonDocument document("{\"a\": [\n {\"n\": 1.5, \"t\": \"x\", \"e\": \"\"}]}", "f.json");
  const auto object = *document.root().at("a").begin();
  EXPECT_EQ(error_text<DataError>([&] { object.at("x"); }), "f.json:2: a[0] has no 'x'.");
  EXPECT_EQ(error_text<DataError>([&] { object.text(); }), "f.json:2: a[0] is an object, text is expected.");
  EXPECT_EQ(error_text<DataError>([&] { object.list(); }), "f.json:2: a[0] is an object, a list is expected.");
  EXPECT_EQ(error_text<DataError>([&] { object.at("n").id(); }),
            "f.json:2: a[0].n is a number, a number or text is expected.");
  EXPECT_EQ(error_text<DataError>([&] { object.at("e").id(); }), "f.json:2: a[0].e is empty.");
  EXPECT_EQ(error_text<DataError>([&] { object.at("t").number(); }), "f.json:2: a[0].t is text, a number is expected.");
  EXPECT_EQ(error_text<DataError>([&] { object.at("t").at("x"); }), "f.json:2: a[0].t is text, an object is expected.");
  EXPECT_EQ(error_text<DataError>([&] { document.root().list(); }), "f.json:1: is an object, a list is expected.");
}

TEST(JsonDocument, EveryCutIsReportedWithItsLine) {
  const std::string text = "{\n\"a\": [1, 2.5, true, null,\n\"caf\\u00e9\"],\n\"b\": {}}";
  for (size_t length = 0; length < text.size(); ++length) {
    const auto newlines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n');
    const bool behind_one = length > 0 && text[length - 1] == '\n';  // the end is met before the next line begins
    EXPECT_THAT(complaint(text.substr(0, length)),
                AllOf(HasSubstr("a.json:" + std::to_string(1 + newlines - behind_one) + ": is not valid JSON"),
                      HasSubstr("may be cut short")))
        << length;
  }
}

TEST(JsonDocument, RefusesWhatIsNoJsonWithItsLine) {
  for (const char* text : {"[1,\n NaN]", "[1,\nInfinity]", "[1,\n1e999]", "[1,\n'a']", "[1,\n]", "[1]\n[2]",
                           "{\"a\":1,\n}", "[\"a\",\n\"caf\xE9\"]", "[1,\n\"\\ud800\"]"})
    EXPECT_THAT(complaint(text), HasSubstr("a.json:2: is not valid JSON")) << text;
  EXPECT_THAT(complaint("\xFF\xFE[\x00"), HasSubstr("a.json:1: is not valid JSON"));
}

TEST(JsonDocument, RefusesAKeyThatOccursTwice) {
  EXPECT_THAT(complaint("{\"a\": 1,\n\"b\": {\"a\": 2},\n\"a\": 3}"),
              AllOf(HasSubstr("a.json:3:"), HasSubstr("'a' occurs twice")));
}

TEST(JsonDocument, NestingCostsNoStackAndEnds) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const JsonDocument document(nested(JsonDocument::kMaxDepth), "a.json");
  EXPECT_EQ(document.root().size(), 1u);
  EXPECT_THAT(complaint(nested(JsonDocument::kMaxDepth + 1)), HasSubstr("nested deeper than 100"));
  EXPECT_THAT(complaint(std::string(10'000'000, '[')), HasSubstr("nested deeper than 100"));
}

TEST(JsonDocument, RefusesTextsThatAreNoCaptions) {
  const auto list = [](size_t size) { return "[1,\n\"" + std::string(size, 'a') + "\"]"; };
  const JsonDocument longest(list(kLongestText), "a.json");
  EXPECT_EQ(longest.root().size(), 2u);
  EXPECT_THAT(complaint(list(100'000'000)), HasSubstr("a.json:2: has a text of 100000000 bytes"));
  EXPECT_LT(complaint("[\"" + std::string(1'000'000, 'a')).size(), 300u);
  EXPECT_LT(complaint("{\"" + std::string(1'000'000, 'a') + "\":1,\"" + std::string(1'000'000, 'a') + "\":1}").size(),
            300u);
}

TEST(JsonDocument, ReadsALongLineOfManyValues) {
  std::string text = "[";
  for (int i = 0; i < 1'000'000; ++i) text += "0,";
  const JsonDocument document(text + "0]", "a.json");
  EXPECT_EQ(document.root().size(), 1'000'001u);
}

}  // namespace
}  // namespace tvr
