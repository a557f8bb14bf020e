#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "corpus_files.h"

namespace tvr {
namespace {

using test::error_text;
using test::ids;
using test::texts;
using testing::AllOf;
using testing::HasSubstr;
using Json = test::Json;
using Strings = test::Strings;

// The order of the file is not the order of the ids.
constexpr const char* kVal1 =
    "{\n\"v_bbbbbbbbbbb\": {\"duration\": 10.2, \"timestamps\": [[0, 4.5], [4, 10.3]], \"sentences\": [\"One.\", \" "
    "Two.\"]},\n"
    "\"v_aaaaaaaaaaa\": {\"duration\": 7, \"timestamps\": [[0, 7]], \"sentences\": [\" caf\\u00e9 \\n\"]}\n}";

class ActivitynetTest : public test::CorpusTest {
 protected:
  ActivitynetTest() : CorpusTest("activitynet") { add("val_1.json", kVal1); }
};

TEST_F(ActivitynetTest, JoinsSentencesOfWholeVideos) {
  const auto val = split("val");
  EXPECT_EQ(texts(val), (Strings{"bbbbbbbbbbb:One.  Two.", "aaaaaaaaaaa: caf\u00e9 \n"}));
  EXPECT_EQ(val.videos[0].start, 0);
  EXPECT_EQ(val.videos[0].end, 11);
  EXPECT_EQ(val.videos[1].end, 7);
  ASSERT_TRUE(val.published);
  EXPECT_EQ(val.published->videos, 4917);
  EXPECT_THAT(val.notes, testing::ElementsAre(HasSubstr("has 3 sentences"), HasSubstr("1 moments end behind")));
  EXPECT_EQ(order_sha256(split("test")), order_sha256(val));
  EXPECT_EQ(open()->sources().size(), 1u);
}

TEST_F(ActivitynetTest, IdsAreReadWithAndWithoutPrefix) {
  add("val_1.json",
      "{\"aaaaaaaaaaa\": {\"duration\": 1, \"timestamps\": [[0, 1]], \"sentences\": [\"x\"]},"
      "\"v_456789abc\": {\"duration\": 1, \"timestamps\": [[0, 1]], \"sentences\": [\"x\"]}}");
  EXPECT_EQ(ids(split("val")), (Strings{"aaaaaaaaaaa", "v_456789abc"}));  // eleven characters are an id
  add("val_1.json",
      "{\"aaaaaaaaaaa\": {\"duration\": 1, \"timestamps\": [[0, 1]], \"sentences\": [\"x\"]},\n"
      "\"v_aaaaaaaaaaa\": {\"duration\": 1, \"timestamps\": [[0, 1]], \"sentences\": [\"x\"]}}");
  EXPECT_THAT(complaint("val"), HasSubstr("val_1.json:2: v_aaaaaaaaaaa is there with and without v_"));
}

TEST_F(ActivitynetTest, AListGivesTheOrderAndIdsWithoutCaptionsAreLeftOut) {
  add("ids.json", "[\"v_aaaaaaaaaaa\", \"v_ccccccccccc\"]");
  const auto val = split("val", {{"val_list", "ids.json"}});
  EXPECT_EQ(ids(val), (Strings{"aaaaaaaaaaa"}));
  EXPECT_THAT(val.notes, testing::IsSupersetOf({AllOf(HasSubstr("1 id ('ccccccccccc')"), HasSubstr("no captions")),
                                                AllOf(HasSubstr("1 id ('bbbbbbbbbbb')"), HasSubstr("not in"))}));
  add("ids.txt", "aaaaaaaaaaa\nv_bbbbbbbbbbb\n");
  EXPECT_EQ(ids(split("val", {{"val_list", "ids.txt"}})), (Strings{"aaaaaaaaaaa", "bbbbbbbbbbb"}));
  EXPECT_EQ(split("test", {{"val_list", "ids.json"}}).videos.size(), 2u);
  EXPECT_EQ(open({{"val_list", "ids.json"}})->sources().size(), 2u);
  add("ids.txt", "aaaaaaaaaaa\nv_aaaaaaaaaaa\n");
  EXPECT_THAT(complaint("val", {{"val_list", "ids.txt"}}), HasSubstr("ids.txt:2: repeats the video 'aaaaaaaaaaa'"));
  add("ids.txt", "x\n");
  EXPECT_THAT(complaint("val", {{"val_list", "ids.txt"}}), HasSubstr("has no video of"));
}

TEST_F(ActivitynetTest, DamageIsReportedWithItsLine) {
  for (const auto& [patch, message] : std::map<std::string, std::string>{
           {"{\"sentences\": null}", "has no 'sentences'"},
           {"{\"sentences\": []}", ".sentences is empty"},
           {"{\"sentences\": \"x\"}", ".sentences is text, a list is expected"},
           {"{\"sentences\": [\"x\", 7]}", ".sentences[1] is a number, text is expected"},
           {"{\"sentences\": [\"x\"]}", ".timestamps has 2 entries for 1 sentences"},
           {"{\"timestamps\": null}", "has no 'timestamps'"},
           {"{\"timestamps\": [[0, 1], [2]]}", ".timestamps[1] is no [start, end]"},
           {"{\"timestamps\": [[3, 1], [2, 3]]}", ".timestamps[0] is no [start, end]"},
           {"{\"timestamps\": [[0, \"1\"], [2, 3]]}", ".timestamps[0][1] is text, a number is expected"},
           {"{\"duration\": null}", "has no 'duration'"},
           {"{\"duration\": \"7\"}", ".duration is text, a number is expected"},
           {"{\"duration\": 0}", ".duration is not a number of seconds above 0"}}) {
    auto document = Json::parse(kVal1);
    document["v_bbbbbbbbbbb"].merge_patch(Json::parse(patch));
    add("val_1.json", document.dump(1));
    EXPECT_THAT(complaint("val"), testing::ContainsRegex("val_1\\.json:[0-9]+: v_bbbbbbbbbbb")) << patch;
    EXPECT_THAT(complaint("val"), HasSubstr(message)) << patch;
  }
  add("val_1.json", "{\"v_aaaaaaaaaaa\": []}");
  EXPECT_THAT(complaint("val"), HasSubstr("val_1.json:1: v_aaaaaaaaaaa is a list, an object is expected"));
  add("val_1.json", "{}");
  EXPECT_THAT(complaint("val"), HasSubstr("val_1.json: has no video."));
}

TEST_F(ActivitynetTest, MissingFilesAreReported) {
  EXPECT_THAT(complaint("train"), AllOf(HasSubstr("data.train"), HasSubstr("train.json")));
  EXPECT_THAT(complaint("test", {{"test", "val_2"}}), HasSubstr("val_2.json"));
  EXPECT_THAT(error_text<ConfigError>([&] {
                open({{"test", "val_3"}});
              }),
              AllOf(HasSubstr("'val_3' is neither"), HasSubstr("train, val_1, val_2")));
}

class ActivitynetReal : public test::RealCorpusTest {
 protected:
  ActivitynetReal() : RealCorpusTest("activitynet", "activitynet/val_1.json") {}
};

TEST_F(ActivitynetReal, TheFirstValidationSplitHasItsPublishedSize) {
  const auto val = open()->split("val");
  expect_sizes(val, 4917, 4917);
  expect_published(val);
  EXPECT_THAT(val.notes, testing::IsSupersetOf({HasSubstr("has 17505 sentences"), HasSubstr("5 moments end behind")}));
  double longest = 0, shortest = 1000;
  int64_t doubled = 0;
  for (const auto& video : val.videos) {
    longest = std::max(longest, video.end);
    shortest = std::min(shortest, video.end);
  }
  for (const auto& caption : val.captions) doubled += caption.text.find("  ") != std::string::npos;
  EXPECT_EQ(longest, 746);
  EXPECT_EQ(shortest, 3);
  EXPECT_GT(doubled, 2000);
}

TEST_F(ActivitynetReal, ListsAgreeWithTheJsonInContentAndOrder) {
  const auto all = order_sha256(open()->split("val"));
  const auto by_ids = open({{"val_list", "val_ids.json"}})->split("val");
  expect_sizes(by_ids, 4917, 4917);
  EXPECT_THAT(by_ids.notes, testing::Contains(AllOf(HasSubstr("9 ids"), HasSubstr("no captions"))));
  EXPECT_EQ(order_sha256(open({{"val_list", "val_1_list.txt"}})->split("val")), all);
}

}  // namespace
}  // namespace tvr
