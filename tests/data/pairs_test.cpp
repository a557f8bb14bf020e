#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using test::ids;
using test::texts;
using testing::AllOf;
using testing::HasSubstr;
using Strings = test::Strings;

class PairsTest : public test::CorpusTest {
 protected:
  PairsTest() : CorpusTest("pairs") {
    add("clips/a.mp4");
    add("clips/b.avi");
  }
  RetrievalSplit found(const std::string& name, test::Json options = test::Json::object()) const {
    options["videos"] = ".";
    return split(name, options);
  }
};

TEST_F(PairsTest, ReadsPathsIdsAndAbsolutePaths) {
  const auto absolute = (folder_.path() / "clips" / "b.avi").string();
  add("train.csv", "path,caption\nclips/a.mp4,one\n" + absolute + ",two\n./clips/a.mp4,three\n");
  const auto train = found("train");
  EXPECT_EQ(ids(train), (Strings{"clips/a.mp4", absolute}));
  EXPECT_EQ(texts(train), (Strings{"clips/a.mp4:one", absolute + ":two", "clips/a.mp4:three"}));
  EXPECT_EQ(train.videos[0].path.filename(), "a.mp4");
  EXPECT_EQ(train.videos[1].path, absolute);
  add("test.jsonl", "{\"video\": \"b\", \"text\": [\"one\", \"two\"]}\n");
  EXPECT_EQ(found("test").videos[0].path.filename(), "b.avi");
  EXPECT_EQ(found("test").captions[1].id, "b#1");
}

TEST_F(PairsTest, AbsolutePathsNeedNoFolder) {
  const auto absolute = (folder_.path() / "clips" / "b.avi").string();
  add("test.csv", "path,caption\n" + absolute + ",two\n" + absolute + "x,two\n");
  const auto test = split("test", {{"videos", "clips"}, {"missing", "skip"}});
  EXPECT_EQ(ids(test), (Strings{absolute}));
  EXPECT_THAT(test.unusable[0].reason, HasSubstr("has no file"));
}

TEST_F(PairsTest, ADefaultFindsVideosBesideTheList) {
  add("test.tsv", "video\tcaption\nclips/a.mp4\tone\n");
  const auto corpus = test::open_corpus("pairs", {{"root", folder_.path().string()}});
  EXPECT_EQ(corpus->split("test").videos[0].path.filename(), "a.mp4");
  EXPECT_THAT(error_text<DataError>([&] { corpus->split("val"); }), HasSubstr("val.csv"));
}

TEST_F(PairsTest, NamesOfAnotherMachineMatchByTheirLastPart) {
  add("test.csv", "path,caption\n/data/elsewhere/a.mp4,one\n../../x/b.avi,two\n");
  EXPECT_THAT(error_text<DataError>([&] { found("test"); }), HasSubstr("2 of the 2 videos"));
  const auto test = found("test", {{"match", "name"}});
  EXPECT_EQ(ids(test), (Strings{"a.mp4", "b.avi"}));
  EXPECT_EQ(test.videos[0].path.filename(), "a.mp4");
}

TEST_F(PairsTest, PartsOfAVideoAreItemsOfTheirOwn) {
  add("test.csv", "path,caption,start,end\nclips/a.mp4,one,0,2.5\nclips/a.mp4,two,2.5,\nclips/a.mp4,three,0,2.5\n");
  const auto test = found("test");
  EXPECT_EQ(ids(test), (Strings{"clips/a.mp4#0-2.5", "clips/a.mp4#2.5-"}));
  EXPECT_EQ(test.captions[2].video, 0);
  EXPECT_EQ(test.videos[0].end, 2.5);
  EXPECT_EQ(test.videos[1].start, 2.5);
  EXPECT_EQ(test.videos[0].path, test.videos[1].path);
  EXPECT_EQ(test.videos[0].path.filename(), "a.mp4");
}

TEST_F(PairsTest, ListsWithoutCaptionsAreNoPairs) {
  add("test.csv", "path\nclips/a.mp4\n");
  EXPECT_THAT(complaint("test"), AllOf(HasSubstr("test.csv: has no captions"), HasSubstr("sentence, caption or text")));
  add("test.csv", "path,title\nclips/a.mp4,x\n");
  EXPECT_THAT(complaint("test"), HasSubstr("has no captions"));
}

TEST_F(PairsTest, SettingsSayWhatIsMissing) {
  EXPECT_THAT(error_text<ConfigError>([&] { open(); }), HasSubstr("train.csv"));
  add("mine.csv", "path,caption\nclips/a.mp4,x\n");
  EXPECT_EQ(split("train", {{"train", "mine.csv"}, {"val", ""}}).videos.size(), 1u);
  EXPECT_THAT(complaint("val", {{"train", "mine.csv"}, {"val", ""}}), HasSubstr("data.val: is empty"));
  EXPECT_THAT(error_text<ConfigError>([&] { open({{"train", "mine.tsv"}}); }), HasSubstr("'mine.tsv' is neither"));
}

class PairsReal : public test::RealCorpusTest {
 protected:
  PairsReal() : RealCorpusTest("pairs", "pairs/data-juicer/demo-dataset-videos.jsonl") {}
};

TEST_F(PairsReal, ReadsCaptionsOfRealVideos) {
  const auto corpus = test::open_corpus("pairs", {{"root", root_.string()},
                                                  {"train", "demo-dataset-videos.jsonl"},
                                                  {"test", "demo-dataset.jsonl"},
                                                  {"match", "name"}});
  const auto train = corpus->split("train"), test = corpus->split("test");
  expect_sizes(train, 3, 6);
  EXPECT_EQ(train.videos[2].path.filename(), "video3.mp4");
  EXPECT_FALSE(train.published);
  expect_sizes(test, 3, 3);
}

}  // namespace
}  // namespace tvr
