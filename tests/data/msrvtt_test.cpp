#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/corpus.h"
#include "tvr/data/demo_corpus.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

std::shared_ptr<Corpus> open_corpus(Json options) {
  options["type"] = "msrvtt";
  const auto node = ConfigNode::parse(Json{{"data", options}}.dump());
  const auto build = read_plugin(builtin_corpora(), node, "data", "");
  node.finish();
  return build();
}

template <class Expected, class Work>
std::string error_text(Work&& work) {
  try {
    work();
  } catch (const Expected& error) {
    return error.what();
  }
  return "no such error";
}

// Three videos of each of two splits, two sentences each, files for all.
class MsrvttTest : public testing::Test {
 protected:
  MsrvttTest() {
    for (int i = 0; i < 6; ++i) {
      const std::string id = "video" + std::to_string(i);
      document_["videos"].push_back({{"video_id", id}, {"split", i < 3 ? "train" : "test"}, {"start time", 1.5}});
      write_file(folder_.path() / "videos" / (id + ".mp4"), "x");
    }
    // As in the real file, sentences are not ordered by video.
    for (int i = 0; i < 12; ++i)
      document_["sentences"].push_back({{"video_id", "video" + std::to_string(5 - i % 6)},
                                        {"sen_id", i},
                                        {"caption", "caption " + std::to_string(i)}});
    save();
  }
  void save() const { save(document_.dump(1)); }
  void save(const std::string& text) const { write_file(folder_.path() / "MSRVTT_data.json", text); }
  void add(const std::string& name, const std::string& text) const { write_file(folder_.path() / name, text); }
  RetrievalSplit split(const std::string& name, Json options = Json::object()) const {
    options["root"] = folder_.path().string();
    return open_corpus(options)->split(name);
  }
  std::string complaint(const std::string& name = "train", const Json& options = Json::object()) const {
    return error_text<DataError>([&] { split(name, options); });
  }
  test::TemporaryFolder folder_;
  Json document_{{"videos", Json::array()}, {"sentences", Json::array()}};
};

std::vector<std::string> texts(const RetrievalSplit& split) {
  std::vector<std::string> result;
  for (const auto& caption : split.captions)
    result.push_back(split.videos[static_cast<size_t>(caption.video)].id + ":" + caption.text);
  return result;
}

std::vector<std::string> ids(const RetrievalSplit& split) {
  std::vector<std::string> result;
  for (const auto& video : split.videos) result.push_back(video.id);
  return result;
}

using Strings = std::vector<std::string>;

TEST_F(MsrvttTest, ReadsANamedSplitInFileOrder) {
  const auto train = split("train");
  EXPECT_EQ(train.name, "train");
  EXPECT_EQ(ids(train), (Strings{"video0", "video1", "video2"}));
  EXPECT_EQ(train.videos[1].path, folder_.path() / "videos" / "video1.mp4");
  EXPECT_EQ(texts(train), (Strings{"video0:caption 5", "video0:caption 11", "video1:caption 4", "video1:caption 10",
                                   "video2:caption 3", "video2:caption 9"}));
  EXPECT_EQ(train.captions[0].id, "5");
  EXPECT_EQ(train.captions[0].need, "");
  EXPECT_TRUE(train.missing.empty());
}

TEST_F(MsrvttTest, ReadsListsInTheirOwnOrder) {
  add("list.txt", "video4\r\nvideo1\r\nvideo5");
  add("list.csv", "video_id\nvideo4\nvideo1\n");
  EXPECT_EQ(ids(split("test", {{"test", "list.txt"}})), (Strings{"video4", "video1", "video5"}));
  EXPECT_EQ(ids(split("test", {{"test", "list.csv"}})), (Strings{"video4", "video1"}));
}

TEST_F(MsrvttTest, TakesTheSentencesOfACsvAsTheyAre) {
  add("1k.csv",
      "key,vid_key,video_id,sentence\nret0,msr5,video5,  two  blanks \nret1,msr3,video3,\"quoted, "
      "comma\"\nret2,msr5,video5,again\n");
  const auto test = split("test", {{"test", "1k.csv"}});
  EXPECT_EQ(ids(test), (Strings{"video5", "video3"}));
  EXPECT_EQ(texts(test), (Strings{"video5:  two  blanks ", "video3:quoted, comma", "video5:again"}));
  EXPECT_EQ(test.captions[1].id, "ret1");
}

TEST_F(MsrvttTest, CaptionsSayWhichSentencesAreMeant) {
  add("1k.csv", "video_id,sentence\nvideo5,mine\n");
  EXPECT_EQ(texts(split("test", {{"test", "1k.csv"}, {"captions", "csv"}})), (Strings{"video5:mine"}));
  EXPECT_EQ(texts(split("test", {{"test", "1k.csv"}, {"captions", "all"}})),
            (Strings{"video5:caption 0", "video5:caption 6"}));
  EXPECT_EQ(texts(split("test", {{"test", "1k.csv"}, {"captions", "first"}})), (Strings{"video5:caption 0"}));
}

TEST_F(MsrvttTest, KeepsCaptionTextUntouched) {
  document_["sentences"][0]["caption"] = " caf\u00e9 \\ \n runs  of   blanks ";
  save();
  EXPECT_EQ(split("test").captions.back().text, "caption 6");
  EXPECT_EQ(split("test").captions[4].text, " caf\u00e9 \\ \n runs  of   blanks ");
}

TEST_F(MsrvttTest, TagsAddNeedAndPair) {
  add("tags.csv",
      "sen_id,video_id,need,pair\n5,video0,order,p1\n11,video0,order,p1\n4,video1,motion,p2\n10,video1,audio,p2\n");
  add("1k.csv", "video_id,sentence\nvideo0,mine\nvideo1,other\n");
  const auto train = split("train");
  EXPECT_EQ(train.captions[0].need, "order");
  EXPECT_EQ(train.captions[3].need, "audio");
  EXPECT_EQ(train.captions[3].pair, "p2");
  EXPECT_EQ(train.captions[4].need, "");
  const auto csv = split("test", {{"test", "1k.csv"}});
  EXPECT_EQ(csv.captions[0].need, "order");  // by its video, whose sentences agree
  EXPECT_EQ(csv.captions[1].need, "");       // they do not
}

TEST_F(MsrvttTest, MissingVideosFailOrAreLeftOutAndCounted) {
  fs::remove(folder_.path() / "videos" / "video1.mp4");
  EXPECT_THAT(complaint(), AllOf(HasSubstr("1 of the 3 videos"), HasSubstr("video1"), HasSubstr("missing=skip")));
  const auto train = split("train", {{"missing", "skip"}});
  EXPECT_EQ(ids(train), (Strings{"video0", "video2"}));
  EXPECT_EQ(train.missing, (Strings{"video1"}));
  EXPECT_EQ(texts(train), (Strings{"video0:caption 5", "video0:caption 11", "video2:caption 3", "video2:caption 9"}));
}

TEST_F(MsrvttTest, ASplitWithoutAnyFileFailsEvenWhenSkipping) {
  for (int i = 0; i < 3; ++i) fs::remove(folder_.path() / "videos" / ("video" + std::to_string(i) + ".mp4"));
  EXPECT_THAT(complaint("train", {{"missing", "skip"}}), HasSubstr("3 of the 3 videos"));
}

TEST_F(MsrvttTest, LooksForNoFilesWhenToldSo) {
  fs::remove_all(folder_.path() / "videos");
  EXPECT_THROW(split("train"), ConfigError);
  EXPECT_EQ(split("train", {{"videos", ""}}).videos[0].path, fs::path());
}

TEST_F(MsrvttTest, NamesItsSources) {
  add("tags.csv", "sen_id,video_id,need,pair\n");
  add("list.txt", "video0\n");
  const auto corpus = open_corpus({{"root", folder_.path().string()}, {"train", "list.txt"}});
  EXPECT_THAT(corpus->sources(),
              testing::UnorderedElementsAre(folder_.path() / "MSRVTT_data.json", folder_.path() / "tags.csv",
                                            folder_.path() / "list.txt"));
}

TEST_F(MsrvttTest, UnknownSettingsAreConfigurationErrors) {
  EXPECT_THAT(error_text<ConfigError>([&] { split("train", {{"captions", "some"}}); }), HasSubstr("captions"));
  EXPECT_THAT(error_text<ConfigError>([&] { split("train", {{"annotation", "x"}}); }), HasSubstr("annotations"));
  EXPECT_THAT(error_text<ConfigError>([&] { split("tset"); }), HasSubstr("did you mean 'test'"));
  EXPECT_THAT(complaint("train", {{"train", "trian"}}),
              AllOf(HasSubstr("data.train"), HasSubstr("'trian'"), HasSubstr("train, test")));
}

// ------------------------------------------------------------------------------------- malformed annotations

TEST_F(MsrvttTest, CutOffJsonIsReportedWithItsLine) {
  const std::string text = document_.dump(1);
  for (size_t length = 0; length < text.size(); length += 7) {
    save(text.substr(0, length));
    EXPECT_THAT(complaint(), AllOf(HasSubstr("MSRVTT_data.json:"), HasSubstr("is not valid JSON"))) << length;
  }
}

TEST_F(MsrvttTest, InvalidUtf8IsReported) {
  save("{\"videos\": [],\n \"sentences\": [{\"caption\": \"caf\xE9\"}]}");
  EXPECT_THAT(complaint(), HasSubstr("MSRVTT_data.json:2: is not valid JSON"));
}

TEST_F(MsrvttTest, OtherShapesOfJsonAreReported) {
  for (const char* text : {"[]", "3", "null", "\"videos\"", "{}", "{\"videos\": {}}", "{\"videos\": []}",
                           "{\"videos\": [], \"sentences\": 1}"}) {
    save(text);
    EXPECT_THAT(complaint(), HasSubstr("MSRVTT_data.json: ")) << text;
  }
}

struct Damage {
  const char* list;
  size_t index;
  Json patch;  // null: the key is removed
  const char* message;
};
class MsrvttDamage : public MsrvttTest, public testing::WithParamInterface<Damage> {};

TEST_P(MsrvttDamage, IsReportedWithItsElement) {
  const auto& damage = GetParam();
  Json& element = document_[damage.list][damage.index];
  if (damage.patch.is_object())
    element.merge_patch(damage.patch);
  else
    element = damage.patch;
  save();
  EXPECT_THAT(complaint(), AllOf(HasSubstr("MSRVTT_data.json: " + std::string(damage.list) + "[" +
                                           std::to_string(damage.index) + "]"),
                                 HasSubstr(damage.message)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, MsrvttDamage,
    testing::Values(Damage{"videos", 1, {{"video_id", nullptr}}, "has no 'video_id'"},
                    Damage{"videos", 1, {{"video_id", 7}}, "text is expected"},
                    Damage{"videos", 1, {{"video_id", ""}}, "empty"},
                    Damage{"videos", 1, {{"video_id", "video0"}}, "repeats the video_id 'video0'"},
                    Damage{"videos", 5, {{"split", 3}}, "text is expected"},
                    Damage{"videos", 2, Json::array({1}), "an object is expected"},
                    Damage{"sentences", 3, "text", "an object is expected"},
                    Damage{"sentences", 3, {{"caption", nullptr}}, "has no 'caption'"},
                    Damage{"sentences", 3, {{"caption", {"a"}}}, "text is expected"},
                    Damage{"sentences", 3, {{"sen_id", nullptr}}, "has no 'sen_id'"},
                    Damage{"sentences", 3, {{"sen_id", 1.5}}, "a number or text is expected"},
                    Damage{"sentences", 3, {{"sen_id", 2}}, "repeats the sen_id 2"},
                    Damage{"sentences", 3, {{"video_id", "video99"}}, "'video99', which is not among the videos"}));

TEST_F(MsrvttTest, DamagedListsAreReportedWithTheirRow) {
  const auto list = [&](const std::string& text) {
    add("list.csv", text);
    return complaint("test", {{"test", "list.csv"}});
  };
  EXPECT_THAT(list(""), HasSubstr("list.csv: is empty"));
  EXPECT_THAT(list("video_id\nvideo1\nvideo77\n"), AllOf(HasSubstr("list.csv: row 3"), HasSubstr("'video77'")));
  EXPECT_THAT(list("video_id\nvideo1\nvideo2\nvideo1\n"), HasSubstr("row 4 repeats the video 'video1'"));
  EXPECT_THAT(list("video1\nvideo1\n"), HasSubstr("row 2 repeats the video 'video1'"));
  EXPECT_THAT(list("id,text\nvideo1,a\n"), HasSubstr("none named video_id"));
  EXPECT_THAT(list("video_id,sentence\nvideo1\n"), HasSubstr("row 2 has 1 fields"));
  EXPECT_THAT(list("key,video_id,sentence\nr0,video1,a\nr0,video2,b\n"), HasSubstr("row 3 repeats the key 'r0'"));
  EXPECT_THAT(list("video_id,sentence\nvideo9,a\n"), HasSubstr("row 2 names the video 'video9'"));
  EXPECT_THAT(list("video_id,sentence\nvideo1,caf\xE9\n"), HasSubstr("row 2 is not valid UTF-8"));
}

TEST_F(MsrvttTest, DamagedTagsAreReportedWithTheirRow) {
  const auto tags = [&](const std::string& text) {
    add("tags.csv", text);
    return complaint();
  };
  EXPECT_THAT(tags("sen_id,video_id,need\n5,video0,a\n"), HasSubstr("unknown column 'pair'"));
  EXPECT_THAT(tags("sen_id,video_id,need,pair\n5,video0,a,p\n5,video0,a,p\n"), HasSubstr("row 3 repeats the sen_id 5"));
  EXPECT_THAT(tags("sen_id,video_id,need,pair\n5,clip,a,p\n"), HasSubstr("row 2 tags 'clip'"));
  fs::remove(folder_.path() / "tags.csv");
  EXPECT_THROW(split("train", {{"tags", "labels.csv"}}), ConfigError);
}

// ------------------------------------------------------------------------------------- whole corpora

TEST(MsrvttDemo, ReadsTheGeneratedCorpusWithItsRootAlone) {
  const test::TemporaryFolder folder;
  DemoCorpusOptions options;
  options.train_pairs = 5;
  options.val_pairs = options.test_pairs = 2;
  const auto drawn = draw_demo_corpus(options);
  write_demo_annotations(folder.path(), options, drawn);
  for (const auto& part : drawn)
    for (const auto& video : part.videos) write_file(folder.path() / "videos" / (video.id + ".mp4"), "x");
  const auto corpus = open_corpus({{"root", folder.path().string()}});
  const char* names[] = {"train", "val", "test"};
  for (size_t i = 0; i < 3; ++i) {
    const auto split = corpus->split(names[i]);
    ASSERT_EQ(split.videos.size(), drawn[i].videos.size());
    size_t next = 0;
    for (size_t v = 0; v < split.videos.size(); ++v) {
      const auto& video = drawn[i].videos[v];
      EXPECT_EQ(split.videos[v].id, video.id);
      for (const auto& text : video.captions) {
        const auto& caption = split.captions.at(next++);
        EXPECT_EQ(caption.text, text);
        EXPECT_EQ(caption.video, static_cast<int64_t>(v));
        EXPECT_EQ(caption.need, kDemoNeeds[static_cast<size_t>(video.need)]);
        EXPECT_EQ(caption.pair, video.pair);
      }
    }
    EXPECT_EQ(next, split.captions.size());
  }
  const auto csv = open_corpus({{"root", folder.path().string()}, {"test", "test.csv"}})->split("test");
  EXPECT_EQ(csv.captions.size(), csv.videos.size());
  EXPECT_EQ(csv.captions[3].text, drawn[2].videos[3].captions[0]);
  EXPECT_EQ(csv.captions[3].pair, drawn[2].videos[3].pair);
}

class MsrvttReal : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("TVR_TEST_DATA");
    if (data == nullptr || !fs::exists(fs::path(data) / "msrvtt" / "MSRVTT_data.json"))
      GTEST_SKIP() << "TVR_TEST_DATA names no folder with msrvtt/MSRVTT_data.json";
    root_ = (fs::path(data) / "msrvtt").string();
  }
  Json options(const std::string& train, const std::string& test) const {
    return {{"root", root_}, {"videos", ""}, {"train", train}, {"test", test}};
  }
  static void expect_sizes(const RetrievalSplit& split, size_t videos, size_t captions) {
    EXPECT_EQ(split.videos.size(), videos) << split.name;
    EXPECT_EQ(split.captions.size(), captions) << split.name;
  }
  std::string root_;
};

TEST_F(MsrvttReal, OfficialSplitsHaveTheirPublishedSizes) {
  const auto corpus = open_corpus(options("train", "test"));
  expect_sizes(corpus->split("train"), 6513, 130260);
  expect_sizes(corpus->split("val"), 497, 9940);
  expect_sizes(corpus->split("test"), 2990, 59800);
}

TEST_F(MsrvttReal, OneThousandAAndNineThousandAreDisjoint) {
  const auto corpus = open_corpus(options("MSRVTT_train.9k.csv", "MSRVTT_JSFUSION_test.csv"));
  const auto train = corpus->split("train"), test = corpus->split("test");
  expect_sizes(train, 9000, 180000);
  expect_sizes(test, 1000, 1000);
  EXPECT_EQ(test.videos[0].id, "video9770");
  EXPECT_EQ(test.captions[0].id, "ret0");
  EXPECT_EQ(sha256(test.captions[0].text), "a94d4a834b779dbce5b8550bf4a51c841bc7847ac410cfa34889c24afe6c00ce");
  std::set<std::string> known;
  for (const auto& video : train.videos) known.insert(video.id);
  for (const auto& video : test.videos) EXPECT_EQ(known.count(video.id), 0u);
}

TEST_F(MsrvttReal, ListsWithoutANewlineAtTheEndAreWhole) {
  const auto corpus = open_corpus(options("ce_lists/train_list_jsfusion.txt", "ce_lists/val_list_jsfusion.txt"));
  expect_sizes(corpus->split("train"), 9000, 180000);
  expect_sizes(corpus->split("test"), 1000, 20000);
  expect_sizes(open_corpus(options("MSRVTT_train.7k.csv", "test"))->split("train"), 7010, 140200);
}

TEST_F(MsrvttReal, OddCaptionsArriveUnharmed) {
  const auto corpus = open_corpus({{"root", root_},
                                   {"videos", ""},
                                   {"train", "MSRVTT_train.full.csv"},
                                   {"val", "MSRVTT_val.full.csv"},
                                   {"test", "MSRVTT_test.full.csv"}});
  int64_t blanks = 0, runs = 0, foreign = 0, backslashes = 0;
  for (const char* name : {"train", "val", "test"}) {
    for (const auto& caption : corpus->split(name).captions) {
      const std::string& text = caption.text;
      blanks += text.starts_with(' ') || text.ends_with(' ');
      runs += text.find("  ") != std::string::npos;
      foreign += std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
      backslashes += text.find('\\') != std::string::npos;
    }
  }
  EXPECT_EQ(blanks, 1266);
  EXPECT_EQ(runs, 3435);
  EXPECT_EQ(foreign, 10);
  EXPECT_EQ(backslashes, 19);
}

}  // namespace
}  // namespace tvr
