#include "tvr/data/caption_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "corpus_files.h"

namespace tvr {
namespace {

using test::error_text;
using testing::HasSubstr;
using Strings = test::Strings;

class CaptionListTest : public testing::Test {
 protected:
  CaptionList list(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
    return read_caption_list(folder_.path() / name);
  }
  Strings rows(const std::string& name, const std::string& content) {
    Strings result;
    for (const auto& row : list(name, content).rows) result.push_back(row.video + "|" + row.id + "|" + row.text);
    return result;
  }
  std::string complaint(const std::string& name, const std::string& content) {
    return error_text<DataError>([&] { list(name, content); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(CaptionListTest, ReadsIdsInEveryForm) {
  const Strings expected{"-b_1_2||", "7@N01_6.||", "c||"};
  EXPECT_EQ(rows("a.txt", "-b_1_2\n7@N01_6.\nc"), expected);
  EXPECT_EQ(rows("a.txt", "video_id\r\n-b_1_2\r\n\r\n7@N01_6.\r\nc \r\n"), expected);
  EXPECT_EQ(rows("a", "-b_1_2\n7@N01_6.\nc\n"), expected);
  EXPECT_EQ(rows("a.csv", "-b_1_2\n7@N01_6.\nc"), expected);
  EXPECT_EQ(rows("a.csv", "video_id\n-b_1_2\n\"7@N01_6.\"\nc"), expected);
  EXPECT_EQ(rows("a.csv", "key,video_id\n,-b_1_2\n,7@N01_6.\n,c"), expected);
  EXPECT_EQ(rows("a.json", "[\"-b_1_2\", \"7@N01_6.\",\n\"c\"]"), expected);
  EXPECT_FALSE(list("a.txt", "c\n").has_captions);
}

TEST_F(CaptionListTest, ReadsCaptionsInEveryForm) {
  const Strings expected{"v1|| a  b ", "v2||c, \"d\"", "v1||e"};
  EXPECT_EQ(rows("a.csv", "video_id,sentence\nv1, a  b \nv2,\"c, \"\"d\"\"\"\nv1,e"), expected);
  EXPECT_EQ(rows("a.tsv", "caption\tpath\n a  b \tv1\nc, \"d\"\tv2\ne\tv1\n"), expected);
  EXPECT_EQ(rows("a.jsonl",
                 "{\"clip_id\": \"v1\", \"text\": \" a  b \"}\n\n{\"clip_id\": \"v2\", \"text\": [\"c, \\\"d\\\"\"]}\n"
                 "{\"videos\": [\"v1\"], \"text\": \"e\"}"),
            expected);
  EXPECT_EQ(rows("a.json",
                 "[{\"video\": \"v1\", \"caption\": \" a  b \"}, {\"video\": \"v2\", \"caption\": [\"c, \\\"d\\\"\"]},"
                 "{\"video\": \"v1\", \"caption\": \"e\"}]"),
            expected);
  EXPECT_EQ(rows("a.json", "[{\"video\": \"v\", \"caption\": [\"a\", \"b\"]}]"), (Strings{"v||a", "v||b"}));
  EXPECT_EQ(rows("a.csv", "key,vid_key,video_id,sentence\nret0,msr5,video5,x\n"), (Strings{"video5|ret0|x"}));
  EXPECT_TRUE(list("a.csv", "video_id,text\nv,\n").has_captions);
}

TEST_F(CaptionListTest, ReadsPartsOfVideos) {
  const auto csv = list("a.csv", "path,text,start,end\nv,a,1.5,3\nv,b,,\nv,c,2,\n").rows;
  EXPECT_EQ(csv[0].start, 1.5);
  EXPECT_EQ(csv[0].end, 3);
  EXPECT_EQ(csv[1].start, 0);
  EXPECT_TRUE(std::isinf(csv[1].end));
  EXPECT_EQ(csv[2].start, 2);
  const auto json = list("a.jsonl", "{\"path\": \"v\", \"text\": \"a\", \"start\": 1, \"end\": 2.5}\n").rows;
  EXPECT_EQ(json[0].start, 1);
  EXPECT_EQ(json[0].end, 2.5);
}

TEST_F(CaptionListTest, RowsKnowTheirLines) {
  EXPECT_THAT(list("a.txt", "a\n\nb\n").rows[1].where, testing::EndsWith("a.txt:3"));
  EXPECT_THAT(list("a.csv", "video_id,text\na,\"x\ny\"\nb,z\n").rows[1].where, testing::EndsWith("a.csv:4"));
  EXPECT_THAT(list("a.jsonl", "\n{\"video\":\"a\",\"text\":\"b\"}").rows[0].where, testing::EndsWith("a.jsonl:2"));
  EXPECT_THAT(list("a.json", "[\n\"a\"]").rows[0].where, testing::EndsWith("a.json:2: [0]"));
}

struct BadList {
  const char *name, *content, *message;
};
void PrintTo(const BadList& list, std::ostream* stream) {
  *stream << list.message;  // the content need not be UTF-8, which reports must be
}
class BadCaptionList : public CaptionListTest, public testing::WithParamInterface<BadList> {};

TEST_P(BadCaptionList, IsReportedWithItsLine) {
  EXPECT_THAT(complaint(GetParam().name, GetParam().content), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadCaptionList,
    testing::Values(
        BadList{"a.txt", "", "a.txt: is empty"}, BadList{"a.txt", "video_id\n", "a.txt: is empty"},
        BadList{"a.txt", "a\ncaf\xE9\n", "a.txt:2: is not valid UTF-8"},
        BadList{"a.csv", "id,text\nv,a\n", "a.csv:1: has several columns and none named video_id"},
        BadList{"a.csv", "video_id,text\nv\n", "a.csv:2: has 1 fields"},
        BadList{"a.csv", "video_id,text\nv,\"a\n", "a.csv:2: a quote"},
        BadList{"a.csv", "video_id,text\n,a\n", "a.csv:2: the video's id or path is empty"},
        BadList{"a.csv", "key,video_id,text\nk,v,a\n\nk,w,b\n", "a.csv:4: repeats the key 'k'"},
        BadList{"a.csv", "path,text,start,end\nv,a,1s,2\n", "a.csv:2: '1s' is no number of seconds"},
        BadList{"a.csv", "path,text,start,end\nv,a,nan,2\n", "a.csv:2: 'nan' is no number of seconds"},
        BadList{"a.csv", "path,text,start,end\nv,a,3,2\n", "a.csv:2: start and end must be seconds"},
        BadList{"a.csv", "path,text,start,end\nv,a,-1,2\n", "a.csv:2: start and end must be seconds"},
        BadList{"a.json", "{}", "a.json:1: is an object, a list is expected"},
        BadList{"a.json", "[]", "a.json: is empty"}, BadList{"a.json", "[\"a\",\n\"b", "a.json:2: is not valid JSON"},
        BadList{"a.json", "[\"a\",\n1.5]", "a.json:2: [1] is a number, a number or text is expected"},
        BadList{"a.json", "[\"a\",\n{\"video\":\"b\",\"text\":\"c\"}]", "a.json:2: [1] is an object among ids"},
        BadList{"a.json", "[{\"video\":\"b\",\"text\":\"c\"},\n\"a\"]", "a.json:2: [1] is text, an object is expected"},
        BadList{"a.json", "[{\"text\":\"c\"}]", "a.json:1: [0] has no 'video_id'"},
        BadList{"a.json", "[{\"video\":\"b\"}]", "a.json:1: [0] has no 'caption'"},
        BadList{"a.json", "[{\"video\":\"b\",\"text\":[1]}]", "a.json:1: [0].text[0] is a number, text is expected"},
        BadList{"a.json", "[{\"video\":[\"a\",\"b\"],\"text\":\"\"}]",
                "a.json:1: [0].video has 2 videos, one is expected"},
        BadList{"a.json", "[{\"video\":\"b\",\"text\":\"c\",\"start\":\"1\"}]",
                "[0].start is text, a number is expected"},
        BadList{"a.jsonl", "{\"video\":\"b\",\"text\":\"c\"}\n{\"video\"\n", "a.jsonl:2: is not valid JSON"},
        BadList{"a.jsonl", "{\"video\":\"b\",\"text\":\"c\"}\n[]\n", "a.jsonl:2: is a list, an object is expected"},
        BadList{"a.jsonl", "", "a.jsonl: is empty"}));

TEST_F(CaptionListTest, IdListsHoldEveryIdOnce) {
  write_file(folder_.path() / "a.txt", "a\nb\na\n");
  EXPECT_THAT(error_text<DataError>([&] { read_id_list(folder_.path() / "a.txt"); }),
              HasSubstr("a.txt:3: repeats the video 'a'"));
}

}  // namespace
}  // namespace tvr
