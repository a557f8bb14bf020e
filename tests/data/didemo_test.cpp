#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "corpus_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using test::ids;
using test::texts;
using testing::AllOf;
using testing::HasSubstr;
using Json = test::Json;
using Strings = test::Strings;

class DidemoTest : public test::CorpusTest {
 protected:
  DidemoTest() : CorpusTest("didemo") { save(); }
  void save() const { add("val_data.json", rows_.dump(1)); }
  Json rows_ = Json::array({{{"video", "1@N01_a.mov"}, {"description", "first"}},
                            {{"video", "2@N02_b."}, {"description", " only \n one"}},
                            {{"video", "1@N01_a.mov"}, {"description", " second"}},
                            {{"video", "3@N03_c.3g2"}, {"description", "third"}}});
};

TEST_F(DidemoTest, JoinsDescriptionsInFileOrder) {
  const auto val = split("val");
  EXPECT_EQ(texts(val), (Strings{"1@N01_a.mov:first  second", "2@N02_b.: only \n one", "3@N03_c.3g2:third"}));
  EXPECT_EQ(val.captions[0].id, "1@N01_a.mov");
  for (const auto& video : val.videos) {
    EXPECT_EQ(video.start, 0);
    EXPECT_EQ(video.end, 31);
  }
  ASSERT_TRUE(val.published);
  EXPECT_EQ(val.published->videos, 1065);
}

TEST_F(DidemoTest, AListFiltersInTheOrderOfTheJson) {
  add("val_list.txt", "3@N03_c.3g2\n1@N01_a.mp4\n9@N09_z.avi");  // the second was converted
  const auto val = split("val");
  EXPECT_EQ(ids(val), (Strings{"1@N01_a.mov", "3@N03_c.3g2"}));
  EXPECT_THAT(val.notes, testing::ElementsAre(AllOf(HasSubstr("'2@N02_b.'"), HasSubstr("left out")),
                                              AllOf(HasSubstr("'9@N09_z.avi'"), HasSubstr("no description"))));
  EXPECT_EQ(split("val", {{"val_list", "none"}}).videos.size(), 3u);
  add("other.txt", "2@N02_b.\n");
  EXPECT_EQ(ids(split("val", {{"val_list", "other.txt"}})), (Strings{"2@N02_b."}));
  EXPECT_EQ(ids(split("test", {{"test", "val"}})), ids(val));  // the list goes with the file
  EXPECT_EQ(open()->sources().size(), 2u);
  add("val_list.txt", "9@N09_z.avi\n");
  EXPECT_THAT(complaint("val"), AllOf(HasSubstr("has no video of"), HasSubstr("val_list.txt")));
}

TEST_F(DidemoTest, ANameMeansThatFileBeforeOneOfItsStem) {
  rows_[3]["video"] = "1@N01_a.avi";  // the JSON has some videos under two names
  save();
  add("val_list.txt", "1@N01_a.avi\n");
  EXPECT_EQ(ids(split("val")), (Strings{"1@N01_a.avi"}));
  add("val_list.txt", "2@N02_b.\n1@N01_a.mp4\n");  // one of two, it does not say which
  const auto val = split("val");
  EXPECT_EQ(ids(val), (Strings{"2@N02_b."}));
  EXPECT_THAT(val.notes, testing::Contains(HasSubstr("1 id ('1@N01_a.mp4')")));
}

TEST_F(DidemoTest, ReadsParagraphsOfACsv) {
  add("paragraphs.csv",
      "success,video_path,starts,ends,text,formatted_data\n"
      "True,clips/1@N01_a.mov,tensor([[31]]),\"[1, 2]\",\"first,  \nsecond\",x\nTrue,2@N02_b.,0,1,only,y\n");
  EXPECT_EQ(texts(split("train", {{"train", "paragraphs.csv"}})),
            (Strings{"1@N01_a.mov:first,  \nsecond", "2@N02_b.:only"}));
  add("paragraphs.csv", "video_path,text\na.mov,x\n\na.mov,y\n");
  EXPECT_THAT(complaint("train", {{"train", "paragraphs.csv"}}),
              HasSubstr("paragraphs.csv:4: repeats the video 'a.mov'"));
  add("paragraphs.csv", "video_path,txt\na.mov,x\n");
  EXPECT_THAT(complaint("train", {{"train", "paragraphs.csv"}}), HasSubstr("paragraphs.csv:1: unknown column 'text'"));
}

TEST_F(DidemoTest, FindsFilesWithAnyExtension) {
  add("videos/1@N01_a.mp4");
  add("videos/2@N02_b.");
  add("videos/deep/3@N03_c.3g2.mp4");
  const auto val = split("val", {{"videos", "videos"}});
  EXPECT_EQ(val.videos[0].path.filename(), "1@N01_a.mp4");
  EXPECT_EQ(val.videos[1].path.filename(), "2@N02_b.");
  EXPECT_EQ(val.videos[2].path.filename(), "3@N03_c.3g2.mp4");
}

TEST_F(DidemoTest, DamageIsReportedWithItsElement) {
  for (const auto& [patch, message] : std::map<std::string, std::string>{
           {"{\"video\": null}", "[2] has no 'video'"},
           {"{\"video\": 7}", "[2].video is a number, text is expected"},
           {"{\"video\": \"\"}", "[2].video is empty"},
           {"{\"description\": null}", "[2] has no 'description'"},
           {"{\"description\": [\"x\"]}", "[2].description is a list, text is expected"}}) {
    auto rows = rows_;
    rows[2].merge_patch(Json::parse(patch));
    add("val_data.json", rows.dump(1));
    EXPECT_THAT(complaint("val"), AllOf(HasSubstr("val_data.json:1"), HasSubstr(message))) << patch;
  }
}

TEST_F(DidemoTest, MissingFilesAreReported) {
  EXPECT_THAT(complaint("test"), AllOf(HasSubstr("data.test"), HasSubstr("test_data.json")));
  EXPECT_THAT(error_text<ConfigError>([&] {
                open({{"val_list", "no.txt"}, {"test", "x.json"}});
              }),
              AllOf(HasSubstr("val_list: there is no file"), HasSubstr("test: 'x.json' is neither")));
  fs::remove(folder_.path() / "val_data.json");
  EXPECT_THAT(error_text<ConfigError>([&] { open(); }), HasSubstr("train_data.json"));
}

class DidemoReal : public test::RealCorpusTest {
 protected:
  DidemoReal() : RealCorpusTest("didemo", "didemo/val_data.json") {}
};

TEST_F(DidemoReal, TheListLeavesThePublishedVideos) {
  const auto all = open()->split("val"), val = open({{"val_list", "ce_lists/val_list.txt"}})->split("val");
  expect_sizes(all, 1094, 1094);
  expect_sizes(val, 1065, 1065);
  expect_published(val);
  EXPECT_THAT(val.notes, testing::Contains(HasSubstr("29 ids")));
  Strings order = ids(all);
  const auto kept = ids(val);
  std::erase_if(order, [&](const std::string& id) { return std::find(kept.begin(), kept.end(), id) == kept.end(); });
  EXPECT_EQ(order, kept);
  int64_t bare = 0, newlines = 0;
  for (const auto& video : val.videos) bare += video.id.ends_with('.');
  for (const auto& caption : all.captions) newlines += caption.text.find('\n') != std::string::npos;
  EXPECT_EQ(bare, 12);
  EXPECT_GT(newlines, 0);
}

TEST_F(DidemoReal, EveryNameOfTheTrainListIsFoundAmongItsFiles) {
  const test::TemporaryFolder folder;
  const auto list = read_file(root_ / "ce_lists" / "train_list.txt");
  Json rows = Json::array();
  std::istringstream stream(list);
  for (std::string name; std::getline(stream, name);) rows.push_back({{"video", name}, {"description", "x"}});
  write_file(folder.path() / "train_data.json", rows.dump());
  write_file(folder.path() / "train_list.txt", list);
  fs::create_directories(folder.path() / "videos");
  size_t number = 0;
  for (const auto& row : rows) {  // every second one converted
    const auto name = row["video"].get<std::string>();
    std::ofstream(folder.path() / "videos" / (++number % 2 == 0 ? name : video_stem(name) + ".mp4")) << "x";
  }
  const auto train = test::open_corpus("didemo", {{"root", folder.path().string()}})->split("train");
  expect_sizes(train, 8392, 8392);
  expect_published(train);
}

}  // namespace
}  // namespace tvr
