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

// What Python writes with protocol 3, without memo.
std::string pickled(const std::vector<std::pair<std::string, std::vector<Strings>>>& captions) {
  const auto text = [](const std::string& t) {
    return std::string("X") + static_cast<char>(t.size()) + std::string(3, '\0') + t;
  };
  std::string bytes = "\x80\x03}(";
  for (const auto& [id, sentences] : captions) {
    bytes += text(id) + "](";
    for (const auto& words : sentences) {
      bytes += "](";
      for (const auto& word : words) bytes += text(word);
      bytes += "e";
    }
    bytes += "e";
  }
  return bytes + "u.";
}

class MsvdTest : public test::CorpusTest {
 protected:
  MsvdTest() : CorpusTest("msvd") {
    add("captions_msvd.json",
        "{\"-a_1_2\": [\"a dog runs\", \"a dog\"],\n \"b_3_4\": [\"a cat\"],\n \"c_5_6\": [\"a cat\"]}");
    add("train_list.txt", "b_3_4\n-a_1_2");
    add("test_list.txt", "c_5_6\nb_3_4\n");
  }
  std::string pickle_complaint(const std::string& bytes) const {
    add("raw-captions.pkl", bytes);
    return complaint("train");
  }
};

TEST_F(MsvdTest, ReadsListsInTheirOrderWithEveryCaption) {
  const auto corpus = open();
  EXPECT_EQ(texts(corpus->split("train")), (Strings{"b_3_4:a cat", "-a_1_2:a dog runs", "-a_1_2:a dog"}));
  EXPECT_EQ(corpus->split("train").captions[2].id, "-a_1_2#1");
  EXPECT_EQ(ids(corpus->split("test")), (Strings{"c_5_6", "b_3_4"}));
  EXPECT_THAT(corpus->split("test").notes, testing::ElementsAre(HasSubstr("more than one video: 1")));
  EXPECT_THAT(error_text<DataError>([&] { corpus->split("val"); }),
              AllOf(HasSubstr("data.val"), HasSubstr("val_list.txt")));
  EXPECT_EQ(corpus->sources().size(), 3u);
}

TEST_F(MsvdTest, PickleJsonAndLinesAreEqual) {
  const auto expected = order_sha256(split("train"));
  add("raw-captions.pkl",
      pickled(
          {{"-a_1_2", {{"a", "dog", "runs"}, {"a", "dog"}}}, {"b_3_4", {{"a", "cat"}}}, {"c_5_6", {{"a", "cat"}}}}));
  EXPECT_EQ(order_sha256(split("train")), expected);
  fs::remove(folder_.path() / "raw-captions.pkl");
  fs::remove(folder_.path() / "captions_msvd.json");
  add("AllVideoDescriptions.txt", "# comment\n-a_1_2 a dog runs\n\n-a_1_2 a dog\nb_3_4 a cat\nc_5_6 a cat");
  EXPECT_EQ(order_sha256(split("train")), expected);
}

TEST_F(MsvdTest, FindsFilesByIdOrByTheirMappedName) {
  add("youtube_mapping.txt", "-a_1_2 vid1\nb_3_4 vid2\nc_5_6 vid3\n");
  add("videos/-a_1_2.avi");
  add("videos/vid2.avi");
  const auto train = split("train", {{"videos", "videos"}});
  EXPECT_EQ(train.videos[0].path.filename(), "vid2.avi");
  EXPECT_EQ(train.videos[1].path.filename(), "-a_1_2.avi");
  add("youtube_mapping.txt", "-a_1_2 vid1\n-a_1_2 vid2\n");
  EXPECT_THAT(complaint("train"), HasSubstr("youtube_mapping.txt:2: repeats the video '-a_1_2'"));
  add("youtube_mapping.txt", "-a_1_2\n");
  EXPECT_THAT(complaint("train"), HasSubstr("youtube_mapping.txt:1: is '-a_1_2', an id, a blank"));
}

TEST_F(MsvdTest, NothingInAPickleIsExecuted) {
  const auto marker = folder_.path() / "executed";
  EXPECT_THAT(pickle_complaint("cos\nsystem\n(S'touch " + marker.string() + "'\ntR."), HasSubstr("raw-captions.pkl"));
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(MsvdTest, DamagedPicklesAreReported) {
  const auto whole = pickled({{"-a_1_2", {{"a", "dog"}}}, {"b_3_4", {{"a"}}}});
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_THAT(pickle_complaint(whole.substr(0, length)), HasSubstr("raw-captions.pkl")) << length;
  EXPECT_THAT(pickle_complaint("]."), HasSubstr("is no dictionary"));
  EXPECT_THAT(pickle_complaint("}(K\x01]u."), HasSubstr("a key that is no text"));
  EXPECT_THAT(pickle_complaint("}(X\x01" + std::string(3, '\0') + "vK\x01u."),
              HasSubstr("video 'v' has something else"));
  EXPECT_THAT(pickle_complaint("}(X\x01" + std::string(3, '\0') + "v](K\x01" + "eu."), HasSubstr("caption (number 0)"));
  EXPECT_THAT(pickle_complaint(pickled({{"v", {}}, {"v", {}}})), HasSubstr("video 'v' occurs twice"));
}

TEST_F(MsvdTest, DamagedTextsAreReportedWithTheirLine) {
  fs::remove(folder_.path() / "captions_msvd.json");
  add("AllVideoDescriptions.txt", "a b\nnothing\n");
  EXPECT_THAT(complaint("train"), HasSubstr("AllVideoDescriptions.txt:2: is 'nothing', an id, a blank and a caption"));
  add("AllVideoDescriptions.txt", "a b\nb_3_4 caf\xE9\n");
  EXPECT_THAT(complaint("train"), HasSubstr("AllVideoDescriptions.txt:2: is not valid UTF-8"));
  add("AllVideoDescriptions.txt", "b_3_4 x\n");
  EXPECT_THAT(complaint("train"),
              AllOf(HasSubstr("train_list.txt:2: names the video '-a_1_2'"), HasSubstr("AllVideo")));
}

TEST_F(MsvdTest, MissingFilesAreConfigurationErrors) {
  fs::remove(folder_.path() / "captions_msvd.json");
  EXPECT_THAT(error_text<ConfigError>([&] { open(); }), HasSubstr("raw-captions.pkl', nor captions_msvd.json"));
  EXPECT_THAT(error_text<ConfigError>([&] { open({{"test", "tset"}}); }), HasSubstr("did you mean 'test'"));
}

class MsvdReal : public test::RealCorpusTest {
 protected:
  MsvdReal() : RealCorpusTest("msvd", "msvd/raw-captions.pkl") {}
};

TEST_F(MsvdReal, SplitsHaveTheirPublishedSizes) {
  const auto corpus = open();
  expect_sizes(corpus->split("train"), 1200, 48774);
  expect_sizes(corpus->split("val"), 100, 4290);
  expect_sizes(corpus->split("test"), 670, 27763);
  std::set<std::string> all;
  int64_t dashes = 0;
  for (const char* name : {"train", "val", "test"}) {
    const auto split = corpus->split(name);
    expect_published(split);
    for (const auto& video : split.videos) dashes += video.id.starts_with('-') && all.insert(video.id).second;
    for (const auto& video : split.videos) all.insert(video.id);
  }
  EXPECT_EQ(all.size(), 1970u);
  EXPECT_EQ(dashes, 46);
  EXPECT_THAT(corpus->split("test").notes,
              testing::ElementsAre(HasSubstr("more than one video: 961, in 4372 captions")));
}

TEST_F(MsvdReal, PickleAndJsonAreEqual) {
  const auto pickle = open(), json = open({{"annotations", "captions_msvd.json"}});
  for (const char* name : {"train", "val", "test"})
    EXPECT_EQ(order_sha256(pickle->split(name)), order_sha256(json->split(name))) << name;
}

TEST_F(MsvdReal, CaptionsAVideoAreAsCounted) {
  const auto corpus = open();
  for (const auto& [name, least, most] : {std::tuple{"train", 18, 66}, {"val", 25, 62}, {"test", 21, 81}}) {
    const auto split = corpus->split(name);
    std::vector<int> counts(split.videos.size());
    for (const auto& caption : split.captions) ++counts[static_cast<size_t>(caption.video)];
    EXPECT_EQ(*std::min_element(counts.begin(), counts.end()), least) << name;
    EXPECT_EQ(*std::max_element(counts.begin(), counts.end()), most) << name;
  }
}

}  // namespace
}  // namespace tvr
