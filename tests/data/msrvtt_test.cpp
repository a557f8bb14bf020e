#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "corpus_files.h"
#include "tvr/data/demo_corpus.h"

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

std::shared_ptr<Corpus> open_corpus(const Json& options) {
  return test::open_corpus("msrvtt", options);
}

// Three videos of each of two splits, two sentences each, files for all.
class MsrvttTest : public testing::Test {
 protected:
  MsrvttTest() {
    fs::create_directories(folder_.path() / "videos");
    for (int i = 0; i < 6; ++i) {
      const std::string id = "video" + std::to_string(i);
      document_["videos"].push_back({{"video_id", id}, {"split", i < 3 ? "train" : "test"}, {"start time", 1.5}});
      add("videos/" + id + ".mp4", "x");
    }
    // As in the real file, sentences are not ordered by video.
    for (int i = 0; i < 12; ++i)
      document_["sentences"].push_back({{"video_id", "video" + std::to_string(5 - i % 6)},
                                        {"sen_id", i},
                                        {"caption", "caption " + std::to_string(i)}});
    save();
  }
  void save() const { save(document_.dump(1)); }
  void save(const std::string& text) const { add("MSRVTT_data.json", text); }
  void add(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
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

TEST_F(MsrvttTest, ReadsANamedSplitInFileOrder) {
  const auto train = split("train");
  EXPECT_EQ(train.name, "train");
  EXPECT_EQ(ids(train), (Strings{"video0", "video1", "video2"}));
  EXPECT_EQ(train.videos[1].path, folder_.path() / "videos" / "video1.mp4");
  EXPECT_EQ(texts(train), (Strings{"video0:caption 5", "video0:caption 11", "video1:caption 4", "video1:caption 10",
                                   "video2:caption 3", "video2:caption 9"}));
  EXPECT_EQ(train.captions[0].id, "5");
  EXPECT_EQ(train.captions[0].need, "");
  EXPECT_TRUE(train.unusable.empty());
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

TEST_F(MsrvttTest, ReadsTheListsOfOtherProjects) {
  add("clips.jsonl",
      "{\"clip_id\": \"video5\", \"text\": \"a\"}\n{\"clip_id\": \"video3\", \"text\": [\"b\", \"c\"]}\n");
  add("list.json",
      "[{\"video\": \"video5.mp4\", \"caption\": [\"a\"]}, {\"video\": \"x/video3.avi\", \"caption\": \"b\"}]");
  const auto clips = split("test", {{"test", "clips.jsonl"}});
  EXPECT_EQ(texts(clips), (Strings{"video5:a", "video3:b", "video3:c"}));
  EXPECT_EQ(clips.captions[2].id, "video3#1");
  EXPECT_EQ(texts(split("test", {{"test", "list.json"}})), (Strings{"video5:a", "video3:b"}));
  EXPECT_EQ(texts(split("test", {{"test", "list.json"}, {"captions", "first"}})),
            (Strings{"video5:caption 0", "video3:caption 2"}));
}

TEST_F(MsrvttTest, ReadsTheOfficialPairAndItsUnionAlike) {
  const auto whole = split("train");
  const auto part = [&](size_t begin, size_t end) {
    Json half{{"videos", Json::array()}, {"sentences", Json::array()}};
    for (size_t i = begin; i < end; ++i) {
      half["videos"].push_back(document_["videos"][i]);
      for (const auto& sentence : document_["sentences"])
        if (sentence["video_id"] == document_["videos"][i]["video_id"]) half["sentences"].push_back(sentence);
    }
    return half.dump();
  };
  add("train_val_videodatainfo.json", part(0, 3));
  add("test_videodatainfo.json", part(3, 6));
  EXPECT_EQ(open_corpus({{"root", folder_.path().string()}})->sources().size(), 1u);  // the union comes first
  fs::remove(folder_.path() / "MSRVTT_data.json");
  EXPECT_EQ(open_corpus({{"root", folder_.path().string()}})->sources().size(), 2u);
  EXPECT_EQ(order_sha256(split("train")), order_sha256(whole));
  EXPECT_EQ(split("test").videos.size(), 3u);
  add("test_videodatainfo.json", part(2, 6));
  EXPECT_THAT(complaint(), AllOf(HasSubstr("test_videodatainfo.json:1: videos[0]"), HasSubstr("'video2'")));
  fs::remove(folder_.path() / "test_videodatainfo.json");
  EXPECT_THAT(error_text<ConfigError>([&] { split("train"); }), HasSubstr("there is no MSRVTT_data.json"));
}

TEST_F(MsrvttTest, ReadsCocosStyleWithLists) {
  fs::remove(folder_.path() / "MSRVTT_data.json");
  Json coco{{"images", Json::array()}, {"annotations", Json::array()}};
  for (int i = 0; i < 4; ++i)
    coco["annotations"].push_back(
        {{"image_id", "video" + std::to_string(3 - i % 2)}, {"id", i}, {"caption", "c" + std::to_string(i)}});
  add("MSR_VTT.json", coco.dump());
  add("train_list_full.txt", "video2\nvideo3");
  EXPECT_EQ(texts(split("train", {{"train", "full"}})), (Strings{"video2:c1", "video2:c3", "video3:c0", "video3:c2"}));
  EXPECT_THAT(complaint("test"), AllOf(HasSubstr("data.test"), HasSubstr("MSRVTT_test.full.csv")));
  coco["annotations"][2].erase("caption");
  add("MSR_VTT.json", coco.dump(1));
  EXPECT_THAT(complaint(), HasSubstr("annotations[2] has no 'caption'"));
}

TEST_F(MsrvttTest, ShortNamesAreTheListsInCirculation) {
  add("MSRVTT_JSFUSION_test.csv", "key,vid_key,video_id,sentence\nret0,msr5,video5,x\n");
  add("MSRVTT_train.9k.csv", "video_id\nvideo0\nvideo4\n");
  const Json options{{"train", "9k"}, {"val", "full"}, {"test", "1ka"}};
  EXPECT_EQ(ids(split("train", options)), (Strings{"video0", "video4"}));
  const auto test = split("test", options);
  EXPECT_EQ(texts(test), (Strings{"video5:x"}));
  ASSERT_TRUE(test.published);
  EXPECT_EQ(test.published->videos, 1000);
  EXPECT_THAT(test.notes, testing::ElementsAre(HasSubstr("is not the file in circulation")));
  EXPECT_FALSE(split("test", {{"test", "1ka"}, {"captions", "all"}}).published);
  EXPECT_THAT(complaint("val", options), HasSubstr("data.val: 'validate' is neither a split"));
  add("tags.csv", "sen_id,video_id,need,pair\n");
  EXPECT_FALSE(split("test", options).published);  // another corpus in this format
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
  ASSERT_EQ(train.unusable.size(), 1u);
  EXPECT_EQ(train.unusable[0].id, "video1");
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
    EXPECT_THAT(complaint(), HasSubstr("MSRVTT_data.json:1: ")) << text;
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
  EXPECT_THAT(complaint(), AllOf(HasSubstr("MSRVTT_data.json:"),
                                 HasSubstr(": " + std::string(damage.list) + "[" + std::to_string(damage.index) + "]"),
                                 HasSubstr(damage.message)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, MsrvttDamage,
    testing::Values(Damage{"videos", 1, {{"video_id", nullptr}}, "has no 'video_id'"},
                    Damage{"videos", 1, {{"video_id", 7}}, "text is expected"},
                    Damage{"videos", 1, {{"video_id", ""}}, "is empty"},
                    Damage{"videos", 1, {{"video_id", "video0"}}, "repeats the video_id 'video0'"},
                    Damage{"videos", 5, {{"split", 3}}, "text is expected"},
                    Damage{"videos", 2, Json::array({1}), "an object is expected"},
                    Damage{"sentences", 3, "text", "an object is expected"},
                    Damage{"sentences", 3, {{"caption", nullptr}}, "has no 'caption'"},
                    Damage{"sentences", 3, {{"caption", {"a"}}}, "text is expected"},
                    Damage{"sentences", 3, {{"sen_id", nullptr}}, "has no 'sen_id'"},
                    Damage{"sentences", 3, {{"sen_id", 1.5}}, "a number or text is expected"},
                    Damage{"sentences", 3, {{"sen_id", 2}}, "repeats the sen_id '2'"},
                    Damage{"sentences", 3, {{"video_id", "video99"}}, "'video99', which is not among the videos"}));

TEST_F(MsrvttTest, DamagedListsAreReportedWithTheirRow) {
  const auto list = [&](const std::string& text) {
    add("list.csv", text);
    return complaint("test", {{"test", "list.csv"}});
  };
  EXPECT_THAT(list(""), HasSubstr("list.csv: is empty"));
  EXPECT_THAT(list("video_id\nvideo1\nvideo77\n"), AllOf(HasSubstr("list.csv:3: names"), HasSubstr("'video77'")));
  EXPECT_THAT(list("video_id\nvideo1\nvideo2\nvideo1\n"), HasSubstr("list.csv:4: repeats the video 'video1'"));
  EXPECT_THAT(list("video1\nvideo1\n"), HasSubstr("list.csv:2: repeats the video 'video1'"));
  EXPECT_THAT(list("id,text\nvideo1,a\n"), HasSubstr("none named video_id"));
  EXPECT_THAT(list("video_id,sentence\nvideo1\n"), HasSubstr("list.csv:2: has 1 fields"));
  EXPECT_THAT(list("key,video_id,sentence\nr0,video1,a\nr0,video2,b\n"), HasSubstr("list.csv:3: repeats the key 'r0'"));
  EXPECT_THAT(list("video_id,sentence\nvideo9,a\n"), HasSubstr("list.csv:2: names the video 'video9'"));
  EXPECT_THAT(list("video_id,sentence\nvideo1,caf\xE9\n"), HasSubstr("list.csv:2: is not valid UTF-8"));
}

TEST_F(MsrvttTest, DamagedTagsAreReportedWithTheirRow) {
  const auto tags = [&](const std::string& text) {
    add("tags.csv", text);
    return complaint();
  };
  EXPECT_THAT(tags("sen_id,video_id,need\n5,video0,a\n"), HasSubstr("unknown column 'pair'"));
  EXPECT_THAT(tags("sen_id,video_id,need,pair\n5,video0,a,p\n5,video0,a,p\n"),
              HasSubstr("tags.csv:3: repeats the sen_id '5'"));
  EXPECT_THAT(tags("sen_id,video_id,need,pair\n5,clip,a,p\n"), HasSubstr("tags.csv:2: tags 'clip'"));
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
  const auto same = test::open_corpus("demo", {{"root", folder.path().string()}});
  EXPECT_EQ(order_sha256(same->split("test")), order_sha256(corpus->split("test")));
  EXPECT_FALSE(same->split("test").published);
  const auto csv = open_corpus({{"root", folder.path().string()}, {"test", "test.csv"}})->split("test");
  EXPECT_EQ(csv.captions.size(), csv.videos.size());
  EXPECT_EQ(csv.captions[3].text, drawn[2].videos[3].captions[0]);
  EXPECT_EQ(csv.captions[3].pair, drawn[2].videos[3].pair);
}

class MsrvttReal : public test::RealCorpusTest {
 protected:
  MsrvttReal() : RealCorpusTest("msrvtt", "msrvtt/MSRVTT_data.json") {}
  std::shared_ptr<Corpus> open(const std::string& train, const std::string& test) const {
    return RealCorpusTest::open({{"train", train}, {"test", test}});
  }
};

TEST_F(MsrvttReal, OfficialSplitsHaveTheirPublishedSizes) {
  const auto corpus = RealCorpusTest::open({{"train", "full"}, {"val", "full"}, {"test", "full"}});
  expect_sizes(corpus->split("train"), 6513, 130260);
  expect_sizes(corpus->split("val"), 497, 9940);
  expect_sizes(corpus->split("test"), 2990, 59800);
  const auto by_default = RealCorpusTest::open();
  for (const char* name : {"train", "val", "test"}) {
    expect_published(corpus->split(name));
    EXPECT_EQ(order_sha256(by_default->split(name)), order_sha256(corpus->split(name)));
  }
}

TEST_F(MsrvttReal, OneThousandAAndNineThousandAreDisjoint) {
  const auto corpus = open("9k", "1ka");
  const auto train = corpus->split("train"), test = corpus->split("test");
  expect_sizes(train, 9000, 180000);
  expect_published(train);
  expect_sizes(test, 1000, 1000);
  expect_published(test);
  EXPECT_EQ(test.videos[0].id, "video9770");
  EXPECT_EQ(test.videos[323].id, "video7461");
  EXPECT_EQ(test.captions[0].id, "ret0");
  EXPECT_EQ(sha256(test.captions[0].text), "a94d4a834b779dbce5b8550bf4a51c841bc7847ac410cfa34889c24afe6c00ce");
  EXPECT_EQ(test.captions[323].text, test.captions[945].text);
  EXPECT_THAT(test.notes, testing::ElementsAre(HasSubstr("more than one video: 4, in 9 captions")));
  EXPECT_TRUE(train.notes.empty());
  std::set<std::string> known;
  for (const auto& video : train.videos) known.insert(video.id);
  for (const auto& video : test.videos) EXPECT_EQ(known.count(video.id), 0u);
}

TEST_F(MsrvttReal, OtherBytesOfAKnownListAreANote) {
  const test::TemporaryFolder folder;
  auto list = read_file(root_ / "MSRVTT_JSFUSION_test.csv");
  const auto notes = [&] {
    write_file(folder.path() / "MSRVTT_JSFUSION_test.csv", list);
    return open("train", (folder.path() / "MSRVTT_JSFUSION_test.csv").string())->split("test").notes;
  };
  EXPECT_EQ(notes().size(), 1u);  // the ties
  list = "\xEF\xBB\xBF" + list;
  EXPECT_THAT(notes()[0], HasSubstr("in other bytes"));
  list.erase(list.rfind("ret999"));
  EXPECT_THAT(notes()[0], HasSubstr("is not the file in circulation"));
}

TEST_F(MsrvttReal, ListsWithoutANewlineAtTheEndAreWhole) {
  const auto corpus = open("ce_lists/train_list_jsfusion.txt", "ce_lists/val_list_jsfusion.txt");
  const auto train = corpus->split("train");
  expect_sizes(train, 9000, 180000);
  expect_published(train);
  EXPECT_EQ(order_sha256(train), order_sha256(open("9k", "1ka")->split("train")));
  expect_sizes(corpus->split("test"), 1000, 20000);
  const auto seven = open("7k", "test")->split("train");
  expect_sizes(seven, 7010, 140200);
  expect_published(seven);
  const auto miech = open("ce_lists/train_list_miech.txt", "ce_lists/test_list_miech.txt");
  expect_sizes(miech->split("train"), 6656, 133120);
  expect_sizes(miech->split("test"), 1000, 20000);
  const auto one_a = open("9k", "1ka")->split("test");
  std::set<std::string> known;
  for (const auto& video : one_a.videos) known.insert(video.id);
  int64_t shared = 0;
  for (const auto& video : miech->split("test").videos) shared += static_cast<int64_t>(known.count(video.id));
  EXPECT_EQ(shared, 296);
}

TEST_F(MsrvttReal, WithoutCaptionExpansionEveryVideoHasOne) {
  const auto corpus = RealCorpusTest::open({{"train", "9k"}, {"test", "1ka"}, {"captions", "first"}});
  expect_sizes(corpus->split("train"), 9000, 9000);
  expect_sizes(corpus->split("test"), 1000, 1000);
  EXPECT_FALSE(corpus->split("train").published);
}

TEST_F(MsrvttReal, TheOfficialPairEqualsTheirUnion) {
  const test::TemporaryFolder folder;
  for (const char* name : {"train_val_annotation.zip", "test_videodatainfo.json.zip"}) {
    const auto command = "unzip -q -j '" + (root_ / name).string() + "' -d '" + folder.path().string() + "'";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "there is no unzip to open the official files with";
  }
  const auto pair = open_corpus({{"root", folder.path().string()}, {"videos", ""}});
  const auto whole = RealCorpusTest::open();
  for (const char* name : {"train", "val", "test"})
    EXPECT_EQ(order_sha256(pair->split(name)), order_sha256(whole->split(name))) << name;
  EXPECT_EQ(pair->sources().size(), 2u);
}

TEST_F(MsrvttReal, OddCaptionsArriveUnharmed) {
  const auto corpus = RealCorpusTest::open(
      {{"train", "MSRVTT_train.full.csv"}, {"val", "MSRVTT_val.full.csv"}, {"test", "MSRVTT_test.full.csv"}});
  int64_t blanks = 0, runs = 0, foreign = 0, backslashes = 0, words = 0;
  for (const char* name : {"train", "val", "test"}) {
    const auto split = corpus->split(name);
    expect_published(split);
    for (const auto& caption : split.captions) {
      const std::string& text = caption.text;
      blanks += text.starts_with(' ') || text.ends_with(' ');
      runs += text.find("  ") != std::string::npos;
      foreign += std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
      backslashes += text.find('\\') != std::string::npos;
      std::istringstream stream(text);
      words = std::max<int64_t>(words, std::distance(std::istream_iterator<std::string>(stream), {}));
    }
  }
  EXPECT_EQ(blanks, 1266);
  EXPECT_EQ(runs, 3435);
  EXPECT_EQ(foreign, 10);
  EXPECT_EQ(backslashes, 19);
  EXPECT_EQ(words, 72);
}

}  // namespace
}  // namespace tvr
