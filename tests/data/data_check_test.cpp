#include "tvr/data/data_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#ifdef TVR_WITH_VIDEO
#include "sample_videos.h"
#endif

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using Json = nlohmann::json;

/// Splits that a test makes up.
class MemoryCorpus final : public Corpus {
 public:
  explicit MemoryCorpus(CorpusOptions files) : Corpus(std::move(files)) {}
  std::vector<fs::path> sources() const override { return {}; }
  std::map<std::string, RetrievalSplit> splits;

 protected:
  RetrievalSplit read_split(const std::string& name) const override {
    const auto found = splits.find(name);
    if (found == splits.end()) throw DataError("lists/" + name + ".csv:3: is malformed;\nmend it.");
    return found->second;
  }
};

class DataCheckTest : public testing::Test {
 protected:
  DataCheckTest() : corpus_(files(folder_.path())) {
    fs::create_directories(folder_.path() / "videos");
    for (const char* name : {"train", "val", "test"})
      add(name, {{name + std::string("0"), {"a " + std::string(name)}}});
    options_.verify = "none";
    options_.measured_videos = 0;
    options_.sampling.count = 4;
  }
  static CorpusOptions files(const fs::path& root) {
    CorpusOptions options;
    options.root = root.string();
    return options;
  }

  using Listed = std::vector<std::pair<std::string, std::vector<std::string>>>;  // id, captions
  void add(const std::string& name, const Listed& listed) {
    RetrievalSplit split;
    for (const auto& [id, captions] : listed) {
      for (const auto& text : captions)
        split.captions.push_back(
            {"c" + std::to_string(split.captions.size()), text, static_cast<int64_t>(split.videos.size()), "", ""});
      split.videos.push_back({id, {}});
      write(id, "x");
    }
    corpus_.splits[name] = split;
  }
  void write(const std::string& id, const std::string& bytes) {
    write_file(folder_.path() / "videos" / (id + ".mp4"), bytes);
  }
  void remove(const std::string& id) { fs::remove(folder_.path() / "videos" / (id + ".mp4")); }
  DataCheck check() const { return check_data(corpus_, options_); }
  SplitCheck test_split() const { return check().splits.at(2); }
  static const Finding* find(const std::vector<Finding>& findings, const std::string& kind) {
    for (const auto& finding : findings)
      if (finding.kind == kind) return &finding;
    return nullptr;
  }
  Finding finding(const std::string& kind) const {
    const auto split = test_split();
    const auto* found = find(split.findings, kind);
    return found != nullptr ? *found : Finding{Severity::kNote, "absent: " + kind, ""};
  }
  static std::vector<std::string> ids(const Finding& finding) {
    std::vector<std::string> result;
    for (const auto& item : finding.items) result.push_back(item.id);
    return result;
  }

  test::TemporaryFolder folder_;
  MemoryCorpus corpus_;
  DataCheckOptions options_;
};

// ------------------------------------------------------------------------------------------------ sizes, policies

TEST_F(DataCheckTest, NothingToSayAboutAWholeCorpus) {
  const auto result = check();
  for (const auto& split : result.splits) {
    EXPECT_THAT(split.findings, IsEmpty());
    ASSERT_TRUE(split.used);
    EXPECT_EQ(split.used->videos, 1);
    EXPECT_EQ(split.used->captions, 1);
  }
  EXPECT_THAT(result.between, IsEmpty());
  EXPECT_EQ(result.failure(), "");
}

TEST_F(DataCheckTest, EachPolicyTellsWhatWillBeUsed) {
  add("test", {{"v1", {"one", "two"}}, {"v2", {"three", "four"}}, {"v3", {"five"}}});
  remove("v2");
  write("v3", "");
  for (const auto& [policy, videos, captions] :
       {std::tuple{"fail", 0, 0}, std::tuple{"skip", 1, 2}, std::tuple{"substitute-black", 3, 5}}) {
    SCOPED_TRACE(policy);
    options_.policy = policy;
    const auto split = test_split();
    EXPECT_EQ(split.listed.videos, 3);
    EXPECT_EQ(split.usable.videos, 1);
    EXPECT_EQ(split.usable.captions, 2);
    EXPECT_EQ(split.used.value_or(SplitSize{}).videos, videos);
    EXPECT_EQ(split.used.value_or(SplitSize{}).captions, captions);
    EXPECT_THAT(ids(finding("missing")), ElementsAre("v2"));
    EXPECT_THAT(ids(finding("empty")), ElementsAre("v3"));
    const bool fails = std::string(policy) == "fail";
    EXPECT_EQ(finding("missing").severity, fails ? Severity::kError : Severity::kWarning);
    EXPECT_EQ(check().failure().empty(), !fails);
  }
}

TEST_F(DataCheckTest, TheFailureIsOneLineThatSaysWhatToDo) {
  add("test", {{"v1", {"one"}}, {"v2", {"two"}}});
  remove("v1");
  EXPECT_THAT(check().failure(), AllOf(HasSubstr("split test: 1 of 2 videos cannot be used (1 missing)"),
                                       HasSubstr("data.missing: skip or substitute-black"), Not(HasSubstr("\n"))));
}

TEST_F(DataCheckTest, NotOneUsableVideoFailsWhateverThePolicy) {
  remove("test0");
  options_.policy = "skip";
  const auto result = check();
  EXPECT_FALSE(result.splits[2].used);
  EXPECT_THAT(result.failure(), HasSubstr("split test"));
  EXPECT_TRUE(result.splits[0].used);
}

TEST_F(DataCheckTest, ASplitThatCannotBeReadIsToldBesideTheOthers) {
  corpus_.splits.erase("val");
  const auto result = check();
  EXPECT_EQ(result.splits[1].failure, "lists/val.csv:3: is malformed; mend it.");
  EXPECT_EQ(result.splits[2].used.value_or(SplitSize{}).videos, 1);
  EXPECT_THAT(result.failure(), AllOf(HasSubstr("split val cannot be read: lists/val.csv:3"), Not(HasSubstr("\n"))));
  EXPECT_THAT(data_check_text(result), HasSubstr("val        cannot be read"));
}

TEST_F(DataCheckTest, AVideoOfSeveralFilesFailsButTheCaptionsAreChecked) {
  write_file(folder_.path() / "videos" / "v1.avi", "x");
  add("test", {{"v1", {"one", " "}}, {"v2", {"two"}}});
  EXPECT_THAT(ids(finding("missing")), ElementsAre("v1"));
  EXPECT_THAT(finding("missing").items[0].detail, AllOf(HasSubstr("v1.mp4"), HasSubstr("v1.avi")));
  EXPECT_THAT(ids(finding("blank")), ElementsAre("c1"));
  EXPECT_THAT(check().failure(), HasSubstr("split test: "));
  EXPECT_FALSE(test_split().used);
}

TEST_F(DataCheckTest, OnlyTheNamedSplitsAreRead) {
  corpus_.splits.erase("train");
  options_.splits = {"test"};
  const auto result = check();
  ASSERT_EQ(result.splits.size(), 1u);
  EXPECT_EQ(result.failure(), "");
}

TEST_F(DataCheckTest, WithoutAFolderOfVideosTheAnnotationsAreChecked) {
  auto options = files(folder_.path());
  options.videos = "";
  MemoryCorpus corpus(options);
  corpus.splits = corpus_.splits;
  options_.verify = "headers";
  const auto result = check_data(corpus, options_);
  EXPECT_EQ(result.verify, "none");
  EXPECT_EQ(result.failure(), "");
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("only the annotations")));
}

TEST_F(DataCheckTest, TheOrderIsThatOfWhatIsUsed) {
  add("test", {{"v1", {"one"}}, {"v2", {"two"}}});
  remove("v1");
  const auto whole = order_sha256(corpus_.annotated("test"));
  options_.policy = "substitute-black";
  EXPECT_EQ(test_split().order_sha256, whole);
  options_.policy = "skip";
  const auto skipped = test_split().order_sha256;
  EXPECT_NE(skipped, whole);
  add("test", {{"v2", {"two"}}});
  corpus_.splits["test"].captions[0].id = "c1";
  EXPECT_EQ(test_split().order_sha256, skipped);
}

TEST_F(DataCheckTest, PublishedCountsAreCompared) {
  corpus_.splits["test"].published = PublishedCounts{"A test", 1, 1};
  EXPECT_THAT(test_split().findings, IsEmpty());
  EXPECT_THAT(data_check_text(check()), HasSubstr("A test: as published"));
  corpus_.splits["test"].published = PublishedCounts{"A test", 3, 2};
  EXPECT_THAT(finding("published-counts").sentence, AllOf(HasSubstr("A test has 3 and 2"), HasSubstr("-2 and -1")));
  EXPECT_EQ(check().failure(), "");
}

// ------------------------------------------------------------------------------------------------ between splits

TEST_F(DataCheckTest, SharedVideosAreListedAndTrainingOnThemIsAWarning) {
  add("train", {{"v1", {"one"}}, {"v2", {"two"}}});
  add("val", {{"v2", {"two"}}, {"v3", {"three"}}});
  add("test", {{"v2", {"two"}}, {"v3", {"three"}}, {"v4", {"four"}}});
  const auto result = check();
  ASSERT_EQ(result.between.size(), 3u);
  EXPECT_THAT(ids(*find(result.between, "train-test")), ElementsAre("v2"));
  EXPECT_EQ(find(result.between, "train-test")->severity, Severity::kWarning);
  EXPECT_THAT(find(result.between, "train-test")->sentence, HasSubstr("1 of 3 videos of test"));
  EXPECT_THAT(ids(*find(result.between, "val-test")), ElementsAre("v2", "v3"));
  EXPECT_EQ(find(result.between, "val-test")->severity, Severity::kNote);
  EXPECT_EQ(result.failure(), "");
}

// ------------------------------------------------------------------------------------------------ captions

TEST_F(DataCheckTest, CaptionsThatAreNoSentencesAreFound) {
  add("test", {{"v1", {"fine", "caf\xE9", " \n ", "bell\a", "tab\tand\nline are fine", ""}}, {"v2", {}}});
  EXPECT_THAT(ids(finding("not-utf8")), ElementsAre("c1"));
  EXPECT_THAT(ids(finding("blank")), ElementsAre("c2", "c5"));
  EXPECT_THAT(ids(finding("control-characters")), ElementsAre("c3"));
  EXPECT_THAT(ids(finding("without-caption")), ElementsAre("v2"));
}

TEST_F(DataCheckTest, EqualTextsTieAcrossVideosAndRepeatWithinOne) {
  add("test", {{"v1", {"same", "own", "own", "own"}}, {"v2", {"same"}}, {"v3", {"other", "same"}}});
  const auto shared = finding("shared-texts");
  EXPECT_THAT(shared.sentence, AllOf(HasSubstr("1 text"), HasSubstr("3 captions"), HasSubstr("tie")));
  ASSERT_EQ(shared.items.size(), 1u);
  EXPECT_EQ(shared.items[0].id, "same");
  EXPECT_EQ(shared.items[0].detail, "v1, v2, v3");
  EXPECT_THAT(finding("repeated-texts").sentence, HasSubstr("2 of 7 captions"));
  EXPECT_EQ(finding("repeated-texts").items.at(0).detail, "3 times of v1");
  add("train", {{"v4", {"same"}}, {"v5", {"same"}}});
  const auto result = check();
  EXPECT_THAT(find(result.splits[0].findings, "shared-texts")->sentence, HasSubstr("false negatives"));
}

TEST_F(DataCheckTest, NothingIsSaidTwice) {
  add("test", {{"v1", {"same", " "}}, {"v2", {"same"}}, {"v3", {}}});
  corpus_.splits["test"].notes = {"a list was odd"};
  EXPECT_EQ(finding("reading").sentence, "a list was odd");
  std::vector<std::string> kinds;
  for (const auto& found : test_split().findings) kinds.push_back(found.kind);
  EXPECT_THAT(kinds, UnorderedElementsAre("blank", "without-caption", "shared-texts", "reading"));
}

TEST_F(DataCheckTest, AVideoListedTwiceIsFound) {
  add("test", {{"v1", {"one"}}, {"v2", {"two"}}, {"v1", {"three"}}});
  EXPECT_THAT(ids(finding("repeated-ids")), ElementsAre("v1"));
}

TEST_F(DataCheckTest, LongCaptionsAreCountedAgainstTheLimit) {
  add("test", {{"v1", {"a", "abc", "abcdefgh", "abcd"}}});
  options_.token_count = [](const std::string& text) { return static_cast<int64_t>(text.size()); };
  options_.token_limit = 3;
  const auto tokens = test_split().tokens.value();
  EXPECT_EQ(tokens.longer, 2);
  EXPECT_EQ(tokens.longest, 8);
  EXPECT_EQ(tokens.limit, 3);
  EXPECT_THAT(finding("longer-than-limit").sentence, HasSubstr("2 of 4 captions (50.0 %)"));
  EXPECT_THAT(ids(finding("longer-than-limit")), ElementsAre("c2", "c3"));
}

// ------------------------------------------------------------------------------------------------ the report

TEST_F(DataCheckTest, JsonHoldsEverything) {
  Listed listed;
  for (int i = 0; i < 25; ++i) listed.push_back({"v" + std::to_string(i), {"caption \xE9 " + std::to_string(i)}});
  add("test", listed);
  for (int i = 0; i < 24; ++i) remove("v" + std::to_string(i));
  corpus_.splits.erase("val");
  options_.policy = "skip";
  auto result = check();
  result.origin = "my.yaml";
  const auto json = Json::parse(data_check_json(result));
  EXPECT_EQ(json["origin"], "my.yaml");
  EXPECT_EQ(json["policy"], "skip");
  EXPECT_THAT(json["failure"].get<std::string>(), HasSubstr("split val"));
  EXPECT_THAT(json["splits"][1]["failure"].get<std::string>(), HasSubstr("lists/val.csv:3"));
  const auto& test = json["splits"][2];
  EXPECT_EQ(test["listed"], (Json{{"videos", 25}, {"captions", 25}}));
  EXPECT_EQ(test["used"], (Json{{"videos", 1}, {"captions", 1}}));
  EXPECT_EQ(test["published"], nullptr);
  EXPECT_EQ(test["order_sha256"], result.splits[2].order_sha256);
  const auto& missing = test["findings"][0];
  EXPECT_EQ(missing["kind"], "missing");
  EXPECT_EQ(missing["severity"], "warning");
  EXPECT_EQ(missing["count"], 24);
  ASSERT_EQ(missing["items"].size(), 24u);
  EXPECT_EQ(missing["items"][23], (Json{{"id", "v23"}, {"detail", "has no file"}}));
}

TEST_F(DataCheckTest, TextShowsTheFirstTenTheWorstFirst) {
  Listed listed;
  for (int i = 10; i < 35; ++i)
    listed.push_back({"v" + std::to_string(i), {i < 12 ? "same" : "c" + std::to_string(i)}});
  add("test", listed);
  for (int i = 10; i < 34; ++i) remove("v" + std::to_string(i));
  const auto text = data_check_text(check());
  EXPECT_THAT(
      text, AllOf(HasSubstr("24 of 25 videos without a file"), HasSubstr("v19, … and 14 more"), Not(HasSubstr("v20"))));
  EXPECT_LT(text.find("Errors"), text.find("Notes"));
  EXPECT_THAT(text, HasSubstr("-> restore them"));
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
    EXPECT_LE(end - begin, 140u) << text.substr(begin, end - begin);
}

#ifdef TVR_WITH_VIDEO

// ------------------------------------------------------------------------------------------------ videos

class VideoCheckTest : public DataCheckTest {
 protected:
  VideoCheckTest() {
    options_.verify = "headers";
    for (const char* id : {"train0", "val0", "test0"}) write_video(id);
  }
  void write_video(const std::string& id, int64_t frames = test::kSampleFrames) {
    test::write_sample(folder_.path() / "videos" / (id + ".mp4"), frames);
  }
  VideoItem& video(size_t index) { return corpus_.splits["test"].videos.at(index); }

  test::TemporaryFolder cache_;
  test::Environment environment_{"TVR_CACHE", cache_.path().string()};
};

TEST_F(VideoCheckTest, EveryKindOfBadFileIsAFindingOfItsOwn) {
  add("test", {{"good", {"a"}}, {"noise", {"b"}}, {"sound", {"c"}}, {"gone", {"d"}}, {"cut", {"e"}}});
  write_video("good");
  write("noise", "not a video at all, not even near one");
  write("sound", test::sound_alone());
  remove("gone");
  test::write_cut_off(folder_.path() / "videos" / "cut.mp4", 200);
  const auto split = test_split();
  EXPECT_EQ(split.usable.videos, 2);
  EXPECT_THAT(ids(finding("not-a-video")), ElementsAre("noise"));
  EXPECT_THAT(ids(finding("no-video-stream")), ElementsAre("sound"));
  EXPECT_THAT(ids(finding("missing")), ElementsAre("gone"));
  EXPECT_THAT(ids(finding("cut-off")), ElementsAre("cut"));
  EXPECT_EQ(finding("cut-off").severity, Severity::kWarning);
  options_.verify = "decode";
  EXPECT_THAT(finding("cut-off").items.at(0).detail, HasSubstr("frames are left"));
}

TEST_F(VideoCheckTest, LengthsAreTakenFromTheFiles) {
  add("test", {{"long", {"a"}}, {"short", {"b"}}, {"single", {"c"}}});
  write_video("long", 16);
  write_video("short", 3);
  write_video("single", 1);
  for (const char* depth : {"headers", "decode"}) {
    options_.verify = depth;
    const auto split = test_split();
    const auto durations = split.durations.value();
    EXPECT_EQ(durations.videos, 3);
    EXPECT_NEAR(durations.total, 2.5, 0.01);
    EXPECT_NEAR(durations.longest, 2, 0.01);
    const auto sampling = split.sampling.value();
    EXPECT_EQ(sampling.videos, 3);
    EXPECT_EQ(sampling.wanted, 4);
    EXPECT_EQ(sampling.fewer, 2);
    EXPECT_EQ(sampling.single, 1);
    EXPECT_THAT(ids(finding("few-frames")), ElementsAre("short", "single"));
  }
}

TEST_F(VideoCheckTest, TheWindowCountsForSampling) {
  add("test", {{"v1", {"a"}}});
  write_video("v1", 16);
  EXPECT_EQ(test_split().sampling.value().fewer, 0);
  video(0).end = 0.2;  // two frames at 8 a second
  EXPECT_EQ(finding("few-frames").items.at(0).detail, "2 frames");
}

TEST_F(VideoCheckTest, VideosShorterThanAnnotatedAreNoted) {
  add("test", {{"v1", {"a"}}, {"v2", {"b"}}, {"v3", {"c"}}});
  for (const char* id : {"v1", "v2", "v3"}) write_video(id);  // 2 s
  video(0).end = 2.5, video(1).end = 10, video(2).end = 20, video(2).start = 5;
  EXPECT_THAT(ids(finding("shorter-than-annotated")), ElementsAre("v2", "v3"));
  EXPECT_THAT(ids(finding("outside-window")), ElementsAre("v3"));
  for (size_t i = 0; i < 3; ++i) video(i).end = 31;  // a rule, the same for all
  EXPECT_EQ(find(test_split().findings, "shorter-than-annotated"), nullptr);
}

TEST_F(VideoCheckTest, AnEpochIsEstimatedFromAFewVideos) {
  options_.measured_videos = 2;
  options_.loader_threads = 2;
  const auto speed = check().speed.value();
  EXPECT_EQ(speed.split, "train");
  EXPECT_EQ(speed.measured_videos, 1);
  EXPECT_EQ(speed.epoch_videos, 1);
  EXPECT_GT(speed.seconds_a_video, 0);
  EXPECT_DOUBLE_EQ(speed.epoch_seconds(), speed.seconds_a_video / 2);
}

#endif

}  // namespace
}  // namespace tvr
