#include "tvr/eval/ground_truth_file.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <limits>

#include "temporary_folder.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using Videos = std::vector<std::vector<int64_t>>;

Videos videos_of(const GroundTruth& truth) {
  Videos result;
  for (int64_t text = 0; text < truth.texts(); ++text) {
    const auto [begin, end] = truth.videos_of(text);
    result.emplace_back(begin, end);
  }
  return result;
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

class GroundTruthFileTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& content, const std::string& name = "truth") {
    std::ofstream(folder_ / name, std::ios::binary) << content;  // without waiting for the disk
    return folder_ / name;
  }
  NamedTruth truth(const std::string& content, int64_t texts, int64_t videos,
                   const std::vector<std::string>& video_ids = {}) {
    return read_truth(file(content), texts, videos, video_ids);
  }
  Videos columns(const std::string& content, int64_t texts, int64_t videos,
                 const std::vector<std::string>& video_ids = {}) {
    return videos_of(truth(content, texts, videos, video_ids).truth);
  }
  // The message behind "FILE: ", which every one begins with.
  std::string refusal(const std::function<void()>& work) {
    const auto message = message_of(work), begin = (folder_ / "truth").string() + ": ";
    EXPECT_THAT(message, StartsWith(begin));
    return message.substr(std::min(begin.size(), message.size()));
  }
  std::string truth_refusal(const std::string& content, int64_t texts, int64_t videos,
                            const std::vector<std::string>& video_ids = {}) {
    return refusal([&] { truth(content, texts, videos, video_ids); });
  }
  std::string ids_refusal(const std::string& content, int64_t count) {
    return refusal([&] { read_ids(file(content), count, "rows (texts)"); });
  }
  std::string tags_refusal(const std::string& content, int64_t texts) {
    return refusal([&] { read_tags(file(content), texts); });
  }
  template <class T>
  std::filesystem::path array(ElementType type, const std::vector<int64_t>& shape, const std::vector<T>& values) {
    write_npy(folder_ / "truth", {type, shape, values.data()});
    return folder_ / "truth";
  }
  test::TemporaryFolder folder_;
};

TEST_F(GroundTruthFileTest, LinesOfNumbersAreColumns) {
  const auto read = truth("0\n2\r\n 1 \n", 3, 3);
  EXPECT_EQ(videos_of(read.truth), (Videos{{0}, {2}, {1}}));
  EXPECT_THAT(read.text_ids, ElementsAre("0", "1", "2"));
  EXPECT_THAT(read.video_ids, ElementsAre("0", "1", "2"));
  EXPECT_EQ(read.note, "");
  EXPECT_EQ(columns("\xEF\xBB\xBF"
                    "1\n1",
                    2, 4),
            (Videos{{1}, {1}}));
}

TEST_F(GroundTruthFileTest, TabsAndCommasSeparateSeveralVideos) {
  EXPECT_EQ(columns("2,0\n1\t2 , 0\n1\n\n", 3, 3), (Videos{{0, 2}, {0, 1, 2}, {1}}));
}

TEST_F(GroundTruthFileTest, LinesOfIdsTakeTheColumnsInOrderOfAppearance) {
  const auto read = truth("the cat\nvideo7,the cat\n9\n", 3, 3);
  EXPECT_EQ(videos_of(read.truth), (Videos{{0}, {0, 1}, {2}}));
  EXPECT_THAT(read.video_ids, ElementsAre("the cat", "video7", "9"));
  EXPECT_EQ(read.note,
            "columns are taken to be the videos of " + (folder_ / "truth").string() + " in order of first appearance");
}

TEST_F(GroundTruthFileTest, GivenIdsNameTheColumnsAlsoWhereTheyAreNumbers) {
  const auto read = truth("b\nc\nb\n", 3, 3, {"a", "b", "c"});
  EXPECT_EQ(videos_of(read.truth), (Videos{{1}, {2}, {1}}));
  EXPECT_THAT(read.video_ids, ElementsAre("a", "b", "c"));
  EXPECT_EQ(read.note, "");
  EXPECT_EQ(columns("7\n70\n", 2, 2, {"70", "7"}), (Videos{{1}, {0}}));
}

TEST_F(GroundTruthFileTest, JsonHoldsNumbersIdsAndListsOfThem) {
  EXPECT_EQ(columns("[0, 1, 1]", 3, 2), (Videos{{0}, {1}, {1}}));
  EXPECT_EQ(columns(" [[1, 0], 2, [2]]", 3, 3), (Videos{{0, 1}, {2}, {2}}));
  EXPECT_EQ(columns("[\"x\", [\"y\", \"x\"]]", 2, 2), (Videos{{0}, {0, 1}}));
  EXPECT_EQ(columns("{\"video_of_text\": [1, 0]}", 2, 2), (Videos{{1}, {0}}));
  const auto named = truth("{\"video_of_text\": [\"y\", \"x\"], \"video_ids\": [\"x\", \"y\", \"z\"]}", 2, 3);
  EXPECT_EQ(videos_of(named.truth), (Videos{{1}, {0}}));
  EXPECT_THAT(named.video_ids, ElementsAre("x", "y", "z"));
  EXPECT_EQ(columns("{\"video_of_text\": [12, 7], \"video_ids\": [7, 12]}", 2, 2), (Videos{{1}, {0}}));
}

TEST_F(GroundTruthFileTest, ArraysHoldColumnsOrMarks) {
  const auto list = array<int32_t>(ElementType::kI32, {3}, {2, 0, 2});
  EXPECT_EQ(videos_of(read_truth(list, 3, 3).truth), (Videos{{2}, {0}, {2}}));
  const auto floats = array<double>(ElementType::kF64, {2}, {1, 0});
  EXPECT_EQ(videos_of(read_truth(floats, 2, 2).truth), (Videos{{1}, {0}}));
  const auto marks = array<uint8_t>(ElementType::kBool, {2, 3}, {0, 1, 1, 1, 0, 0});
  EXPECT_EQ(videos_of(read_truth(marks, 2, 3).truth), (Videos{{1, 2}, {0}}));
  const std::vector<int64_t> values{1, 0};
  write_safetensors(folder_ / "truth", {{"video_of_text", {ElementType::kI64, {2}, values.data()}}});
  EXPECT_EQ(videos_of(read_truth(folder_ / "truth", 2, 2).truth), (Videos{{1}, {0}}));
}

TEST_F(GroundTruthFileTest, MalformedLinesAreRefused) {
  const std::string sentence = " is empty or has an empty field; every text needs its video.";
  EXPECT_EQ(truth_refusal("0\n\n1\n", 3, 2), "line 2" + sentence);
  EXPECT_EQ(truth_refusal("0,\n1\n", 2, 2), "line 1" + sentence);
  EXPECT_EQ(truth_refusal("0\n1\n\t1\n", 3, 2), "line 3" + sentence);
  EXPECT_EQ(truth_refusal("0\n1, ,0\n", 2, 2), "line 2" + sentence);
  EXPECT_EQ(truth_refusal("", 1, 1), "is empty; it must name the video of each text.");
  EXPECT_EQ(truth_refusal("\n\n", 1, 1), "is empty; it must name the video of each text.");
  EXPECT_EQ(truth_refusal("[]", 1, 1), "is empty; it must name the video of each text.");
}

TEST_F(GroundTruthFileTest, ColumnsThatDoNotExistAreRefused) {
  EXPECT_EQ(truth_refusal("0\n2\n", 2, 2),
            "line 2: there is no column 2, the matrix has columns 0 to 1; if these are ids, name the columns with "
            "--video-ids.");
  EXPECT_THAT(truth_refusal("-1\n", 1, 2), StartsWith("line 1: there is no column -1, "));
  EXPECT_THAT(truth_refusal("[0, [1, 7]]", 2, 2), StartsWith("entry 2: there is no column 7, "));
  array<int64_t>(ElementType::kI64, {2}, {0, 5});
  EXPECT_THAT(refusal([&] { read_truth(folder_ / "truth", 2, 2); }), StartsWith("row 2: there is no column 5, "));
}

TEST_F(GroundTruthFileTest, UnknownIdsAreRefusedWithTheNearestOne) {
  EXPECT_EQ(
      truth_refusal("video7\nvidoe8\n", 2, 2, {"video7", "video8"}),
      "line 2: no column is named 'vidoe8'; did you mean 'video8'? where the columns have ids, every video is named "
      "by its id.");
  EXPECT_EQ(truth_refusal("0\n", 1, 1, {"video7"}),
            "line 1: no column is named '0'; where the columns have ids, every video is named by its id.");
  const auto message = truth_refusal(std::string(100'000, 'x') + "\n", 1, 1, {"video7"});
  EXPECT_LT(message.size(), 400U);
}

TEST_F(GroundTruthFileTest, OtherCountsAreRefused) {
  EXPECT_EQ(truth_refusal("0\n0\n", 3, 1),
            "names the videos of 2 texts, the similarity matrix has 3 rows (texts); both must be in the same order and "
            "of the same length.");
  EXPECT_EQ(truth_refusal("a\nb\na\n", 3, 4),
            "names 2 videos, the similarity matrix has 4 columns; name the columns with --video-ids.");
  EXPECT_THAT(truth_refusal("{\"video_of_text\": [\"x\"], \"video_ids\": [\"x\"]}", 1, 2),
              StartsWith("names 1 videos"));
}

TEST_F(GroundTruthFileTest, AVideoNamedTwiceIsRefused) {
  EXPECT_EQ(truth_refusal("0\n1,0,1\n", 2, 2), "line 2: names video '1' twice; once is enough.");
  EXPECT_EQ(truth_refusal("[[\"a\", \"a\"]]", 1, 1), "entry 1: names video 'a' twice; once is enough.");
}

TEST_F(GroundTruthFileTest, OtherJsonIsRefused) {
  EXPECT_THAT(truth_refusal("[0, 1", 2, 2), StartsWith("is not valid JSON: "));
  EXPECT_EQ(truth_refusal("{\"texts\": [0]}", 1, 1),
            "the object has no 'video_of_text', the list of each text's video.");
  EXPECT_EQ(truth_refusal("{\"video_of_text\": 3}", 1, 1), "a JSON list with the video of each text is needed.");
  EXPECT_EQ(truth_refusal("[0, 1.5]", 2, 2), "entry 2: an id is a text or a whole number, not number 1.5.");
  EXPECT_EQ(truth_refusal("[null]", 1, 1), "entry 1: an id is a text or a whole number, not null.");
  EXPECT_EQ(truth_refusal("[true]", 1, 1), "entry 1: an id is a text or a whole number, not boolean.");
  EXPECT_EQ(truth_refusal("[{\"a\": 0}]", 1, 1), "entry 1: an id is a text or a whole number, not object.");
  EXPECT_EQ(truth_refusal("[[0, [1]]]", 1, 2), "entry 1: an id is a text or a whole number, not array.");
  EXPECT_EQ(truth_refusal("[0, []]", 2, 1), "entry 2 names no video; every text needs one.");
}

TEST_F(GroundTruthFileTest, VideoIdsOfTheFileAreRefusedUnlessTheyNameEachColumnOnce) {
  const auto message = [&](const std::string& ids, const std::vector<std::string>& given = {}) {
    return truth_refusal("{\"video_of_text\": [\"x\"], \"video_ids\": " + ids + "}", 1, 3, given);
  };
  EXPECT_EQ(message("[\"x\", \"x\", \"y\"]"), "video_ids: entry 2: 'x' is the id of entry 1 already.");
  EXPECT_EQ(message("[\"x\", \"\", \"y\"]"), "video_ids: entry 2 is empty; every id needs a name.");
  EXPECT_EQ(message("\"x\""), "video_ids: a JSON list of ids is needed.");
  EXPECT_EQ(message("[\"x\", \"y\", \"z\"]", {"x", "z", "y"}),
            "its video_ids are not those of --video-ids; leave one of them out.");
}

TEST_F(GroundTruthFileTest, DeeplyNestedJsonIsRefusedLikeAnyOther) {
  constexpr size_t kDepth = 200'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  EXPECT_EQ(truth_refusal(deep, 1, 1), "entry 1: an id is a text or a whole number, not array.");
  EXPECT_EQ(ids_refusal(deep, 1), "entry 1: an id is a text or a whole number, not array.");
  EXPECT_EQ(tags_refusal("{\"a\": [" + deep + "]}", 1), "tag 'a', entry 1: a tag's value is a text, a number or null.");
}

TEST_F(GroundTruthFileTest, OtherArraysAreRefused) {
  const auto message = [&](int64_t videos) { return refusal([&] { read_truth(folder_ / "truth", 2, videos); }); };
  array<float>(ElementType::kF32, {2}, {0, 0.5F});
  EXPECT_EQ(message(2), "row 2: a whole number is needed.");
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30F}) {
    array<float>(ElementType::kF32, {2}, {odd, 0});
    EXPECT_EQ(message(2), "row 1: a whole number is needed.");
  }
  array<int8_t>(ElementType::kI8, {2, 2}, {1, 0, 2, 0});
  EXPECT_EQ(message(2), "row 2: a matrix of right videos holds only 0 and 1.");
  array<int8_t>(ElementType::kI8, {2, 2}, {1, 0, 0, 0});
  EXPECT_EQ(message(2), "row 2: no video is right for this text; every text needs one.");
  array<int8_t>(ElementType::kI8, {2, 1}, {1, 1});
  EXPECT_EQ(message(2),
            "holds int8 [2, 1], the similarity matrix has 2 columns (videos); a matrix of right videos has "
            "the same ones. The video of each text is a list of one dimension.");
  array<int8_t>(ElementType::kI8, {1, 1, 1}, {1});
  EXPECT_EQ(message(1), "one array of whole numbers [T] or of 0 and 1 [T,V] is needed.");
}

TEST_F(GroundTruthFileTest, FilesThatCannotBeReadAreNamed) {
  const auto absent = folder_ / "absent";
  EXPECT_THAT(message_of([&] { read_truth(absent, 1, 1); }), HasSubstr(absent.string()));
  EXPECT_THAT(message_of([&] { read_ids(absent, 1, "rows (texts)"); }), HasSubstr(absent.string()));
  EXPECT_THAT(message_of([&] { read_tags(absent, 1); }), HasSubstr(absent.string()));
}

TEST_F(GroundTruthFileTest, SquareTruthNeedsASquareMatrix) {
  const auto square = square_truth(3, 3);
  EXPECT_EQ(videos_of(square.truth), (Videos{{0}, {1}, {2}}));
  EXPECT_THAT(square.text_ids, ElementsAre("0", "1", "2"));
  EXPECT_THAT(square.video_ids, ElementsAre("0", "1", "2"));
  EXPECT_THAT(message_of([] { square_truth(3, 2); }), AllOf(HasSubstr("3 x 2"), HasSubstr("--groups FILE")));
}

TEST_F(GroundTruthFileTest, IdsAreLinesOrAJsonList) {
  EXPECT_THAT(read_ids(file("a\r\nb c\n3\n\n"), 3, "rows (texts)"), ElementsAre("a", "b c", "3"));
  EXPECT_THAT(read_ids(file("[\"a\", 7, \"b,c\"]"), 3, "rows (texts)"), ElementsAre("a", "7", "b,c"));
}

TEST_F(GroundTruthFileTest, IdsThatAreNotOneEachAreRefused) {
  EXPECT_EQ(ids_refusal("a\nb\n", 3),
            "has 2 ids for 3 rows (texts) of the similarity matrix; give one each, in order.");
  EXPECT_EQ(ids_refusal("a\nb\na\n", 3), "line 3: 'a' is the id of line 1 already.");
  EXPECT_EQ(ids_refusal("[\"a\", \"a\"]", 2), "entry 2: 'a' is the id of entry 1 already.");
  EXPECT_EQ(ids_refusal("a\n\nb\n", 3), "line 2 is empty; every id needs a name.");
  EXPECT_EQ(ids_refusal("[\"\", \"a\"]", 2), "entry 1 is empty; every id needs a name.");
  EXPECT_EQ(ids_refusal("{\"ids\": []}", 1), "a JSON list of ids is needed.");
  EXPECT_EQ(ids_refusal("[1.5]", 1), "entry 1: an id is a text or a whole number, not number 1.5.");
  EXPECT_THAT(ids_refusal("[\"a\"", 1), StartsWith("is not valid JSON: "));
}

TEST_F(GroundTruthFileTest, TagsAreColumnsOfACsvFileOrListsOfJson) {
  const auto csv = read_tags(file("category,\"length, in words\"\r\nsports,3\r\n\"a, b\",\r\n"), 2);
  ASSERT_EQ(csv.size(), 2U);
  EXPECT_EQ(csv[0].name, "category");
  EXPECT_THAT(csv[0].value_of_text, ElementsAre("sports", "a, b"));
  EXPECT_EQ(csv[1].name, "length, in words");
  EXPECT_THAT(csv[1].value_of_text, ElementsAre("3", ""));
  const auto json = read_tags(file("\xEF\xBB\xBF {\"b\": [\"x\", null, 3], \"a\": [true, 0.5, \"\"]}"), 3);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0].name, "b");
  EXPECT_THAT(json[0].value_of_text, ElementsAre("x", "", "3"));
  EXPECT_EQ(json[1].name, "a");
  EXPECT_THAT(json[1].value_of_text, ElementsAre("true", "0.5", ""));
}

TEST_F(GroundTruthFileTest, TagsThatAreNotOneEachAreRefused) {
  EXPECT_EQ(tags_refusal("", 1), "is empty; its header names the tags.");
  EXPECT_EQ(tags_refusal("a,b\nx\n", 1), "row 2 has 1 fields, the header names 2 tags.");
  EXPECT_EQ(tags_refusal("a,\nx,y\n", 1), "a tag has no name; name every column of the header.");
  EXPECT_EQ(tags_refusal("a,b,a\nx,y,z\n", 1), "two tags are named 'a'; give each a name of its own.");
  EXPECT_EQ(tags_refusal("a\nx\n", 2), "tag 'a' has 1 values for 2 texts; give one each, in order, empty for none.");
  EXPECT_EQ(tags_refusal("{\"a\": [\"x\"]}", 2),
            "tag 'a' has 1 values for 2 texts; give one each, in order, empty for none.");
  EXPECT_EQ(tags_refusal("{\"a\": \"x\"}", 1), "tag 'a' is not a list of values.");
  EXPECT_EQ(tags_refusal("{\"a\": [[1]]}", 1), "tag 'a', entry 1: a tag's value is a text, a number or null.");
  EXPECT_EQ(tags_refusal("{\"a\": [", 1), "a JSON object {\"tag\": [a value for each text]} is needed.");
  EXPECT_THAT(message_of([&] { read_tags(file("a\n\"x\n"), 1); }), HasSubstr("truth:2: a quote"));
}

}  // namespace
}  // namespace tvr
