#include "tvr/data/video_survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "data/probe_cache.h"
#include "sample_videos.h"
#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VideoSurveyTest : public testing::Test {
 protected:
  VideoItem add(const std::string& name, const std::string& bytes) {
    write_file(videos() / name, bytes);
    return item(name);
  }
  VideoItem add_sample(const std::string& name, int64_t frames = test::kSampleFrames) {
    test::write_sample(videos() / name, frames);
    return item(name);
  }
  VideoItem item(const std::string& name) const { return {name, videos() / name}; }
  fs::path videos() const { return folder_.path() / "videos"; }
  fs::path cache() const { return folder_.path() / "cache"; }
  SurveyOptions options(ProbeDepth depth = ProbeDepth::kHeaders) const { return {depth, 2, videos()}; }
  std::vector<fs::path> cache_files() const {
    std::vector<fs::path> files;
    if (fs::exists(cache()))
      for (const auto& entry : fs::directory_iterator(cache())) files.push_back(entry.path());
    return files;
  }

  test::TemporaryFolder folder_;
  test::Environment environment_{"TVR_CACHE", (folder_.path() / "cache").string()};
};

// ------------------------------------------------------------------------------------------------ what is found

TEST_F(VideoSurveyTest, EachProblemIsToldFromTheOthers) {
  const std::vector<VideoItem> items{add_sample("good.mp4"),
                                     {"unknown", {}},
                                     item("gone.mp4"),
                                     add("empty.mp4", ""),
                                     add("notes.mp4", "These are not the bytes of a video.\n"),
                                     add("headless.mp4", read_file(add_sample("whole.mp4").path).substr(0, 600)),
                                     add("sound.mp4", test::sound_alone())};
  for (const auto depth : {ProbeDepth::kHeaders, ProbeDepth::kDecode}) {
    VideoSurvey survey(options(depth));
    const auto probes = survey.look(items, "videos");
    std::vector<std::string> states, sentences;
    for (const auto& probe : probes) {
      states.push_back(state_name(probe.state));
      sentences.push_back(sentence_of(probe));
    }
    EXPECT_THAT(states,
                ElementsAre("usable", "missing", "missing", "empty", "not-a-video", "unopenable", "no-video-stream"));
    EXPECT_THAT(sentences,
                ElementsAre("", "has no file", "has no file", "is empty (0 bytes)", HasSubstr("of no media format"),
                            HasSubstr("cut off or broken in its headers"), HasSubstr("sound alone")));
    EXPECT_THAT(survey.notes(), IsEmpty());
  }
}

TEST_F(VideoSurveyTest, AFolderInPlaceOfAFileCannotBeRead) {
  fs::create_directories(videos() / "folder.mp4");
  EXPECT_EQ(probe_video(videos() / "folder.mp4", ProbeDepth::kHeaders).state, VideoState::kUnreadable);
}

TEST_F(VideoSurveyTest, AUsableVideoIsMeasured) {
  const auto sample = add_sample("good.mp4");
  for (const auto depth : {ProbeDepth::kHeaders, ProbeDepth::kDecode}) {
    const auto probe = probe_video(sample.path, depth);
    EXPECT_EQ(probe.frames, test::kSampleFrames);
    EXPECT_EQ(probe.stated_frames, test::kSampleFrames);
    EXPECT_DOUBLE_EQ(probe.duration, 2);
    EXPECT_DOUBLE_EQ(probe.frames_per_second, test::kSampleRate);
    EXPECT_EQ(probe.height, 32);
    EXPECT_EQ(probe.codec, "h264");
    EXPECT_EQ(probe.bytes, static_cast<int64_t>(fs::file_size(sample.path)));
    EXPECT_FALSE(probe.variable_frame_rate);
    EXPECT_EQ(probe.missing_bytes + probe.lost_frames + probe.damaged_packets, 0);
  }
}

TEST_F(VideoSurveyTest, ACutOffVideoIsSeenByItsHeadersAndCountedByDecoding) {
  fs::create_directories(videos());
  constexpr size_t kMissing = 200;
  const auto file = test::write_cut_off(videos() / "cut.mp4", kMissing);
  const auto headers = probe_video(file, ProbeDepth::kHeaders), decoded = probe_video(file, ProbeDepth::kDecode);
  EXPECT_TRUE(headers.usable());
  EXPECT_EQ(headers.missing_bytes, static_cast<int64_t>(kMissing));
  EXPECT_EQ(headers.lost_frames, 0);
  EXPECT_EQ(decoded.missing_bytes, static_cast<int64_t>(kMissing));
  EXPECT_GE(decoded.lost_frames, 1);
  EXPECT_EQ(decoded.frames + decoded.lost_frames, test::kSampleFrames);
}

TEST_F(VideoSurveyTest, WhateverTheBytesALookEndsWithAnAnswer) {
  const auto whole = read_file(add_sample("whole.mp4").path), sound = test::sound_alone();
  Random random(1, "damage");
  for (int round = 0; round < 200; ++round) {
    auto bytes = round % 4 == 3 ? sound : whole;
    const auto place = [&] { return static_cast<size_t>(random.integer(static_cast<int64_t>(bytes.size()))); };
    for (int i = 0; i < 1 + round % 10; ++i) bytes[place()] = static_cast<char>(random.integer(256));
    if (round % 3 == 0) bytes.resize(place());
    const auto file = add("damaged.mp4", bytes).path;
    const auto probe = probe_video(file, ProbeDepth::kDecode);
    EXPECT_EQ(probe.usable(), sentence_of(probe).empty());
    EXPECT_LE(probe.frames, 2 * test::kSampleFrames);
    EXPECT_EQ(probe.usable(), probe.frames > 0);
  }
}

// ------------------------------------------------------------------------------------------------ the cache

TEST_F(VideoSurveyTest, AKnownFileIsNotOpenedAgain) {
  const auto sample = add_sample("good.mp4");
  const auto before = VideoSurvey(options()).look({sample}, "videos");
  // Of the same size and time of change: whoever opened it would see that it is no video.
  const auto time = fs::last_write_time(sample.path);
  write_file(sample.path, std::string(fs::file_size(sample.path), 'x'));
  fs::last_write_time(sample.path, time);
  VideoSurvey again(options());
  EXPECT_EQ(again.look({sample}, "videos"), before);
  EXPECT_EQ(again.opened(), 0);

  fs::last_write_time(sample.path, time + std::chrono::nanoseconds(1000));
  EXPECT_EQ(again.look({sample}, "videos")[0].state, VideoState::kNotAVideo);
  EXPECT_EQ(again.opened(), 1);
}

TEST_F(VideoSurveyTest, AFullDecodeServesALookAtTheHeadersButNotTheOtherWay) {
  const auto sample = add_sample("good.mp4");
  for (const auto& [depth, opened] :
       {std::pair{ProbeDepth::kHeaders, 1}, std::pair{ProbeDepth::kDecode, 1}, std::pair{ProbeDepth::kHeaders, 0}}) {
    VideoSurvey survey(options(depth));
    survey.look({sample}, "videos");
    EXPECT_EQ(survey.opened(), opened);
  }
}

TEST_F(VideoSurveyTest, AMissingFileIsLookedForAgain) {
  VideoSurvey(options()).look({item("late.mp4")}, "videos");
  add_sample("late.mp4");
  EXPECT_TRUE(VideoSurvey(options()).look({item("late.mp4")}, "videos")[0].usable());
}

TEST_F(VideoSurveyTest, WhatAKilledSurveyFoundOutIsKept) {
  std::vector<VideoItem> items;
  for (int i = 0; i < 6; ++i) items.push_back(add_sample("v" + std::to_string(i) + ".mp4", 4));
  const pid_t child = ::fork();
  if (child == 0) {
    VideoSurvey survey({ProbeDepth::kHeaders, 1, videos()});
    survey.look({items[0], items[1], items[2]}, "videos");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  VideoSurvey survey(options());
  survey.look(items, "videos");
  EXPECT_EQ(survey.opened(), 3);
}

TEST_F(VideoSurveyTest, ADamagedCacheCostsWhatIsDamaged) {
  const std::vector<VideoItem> items{add_sample("a.mp4"), add_sample("b.mp4")};
  VideoSurvey(options()).look(items, "videos");
  ASSERT_EQ(cache_files().size(), 1u);
  const auto file = cache_files()[0];
  const auto whole = read_file(file);
  // The end cut off as by a full disk, rubbish, and lines of JSON that say something else.
  for (const auto& content :
       {whole.substr(0, whole.size() - 20), std::string("\0\xFF rubbish", 10), whole + "{\"path\": 3}\n[]\n"}) {
    write_file(file, content);
    VideoSurvey survey(options());
    EXPECT_THAT(survey.notes(), ElementsAre(AllOf(HasSubstr(file.string()), HasSubstr("damaged"))));
    for (const auto& probe : survey.look(items, "videos")) EXPECT_TRUE(probe.usable());
    VideoSurvey again(options());
    again.look(items, "videos");
    EXPECT_EQ(again.opened(), 0);
    EXPECT_THAT(again.notes(), IsEmpty());
  }
}

TEST_F(VideoSurveyTest, ACacheThatCannotBeWrittenIsANote) {
  const auto sample = add_sample("good.mp4");
  write_file(folder_.path() / "file", "x");
  const test::Environment blocked("TVR_CACHE", (folder_.path() / "file" / "cache").string());
  VideoSurvey survey(options());
  EXPECT_TRUE(survey.look({sample}, "videos")[0].usable());
  survey.look({sample}, "videos");
  EXPECT_EQ(survey.opened(), 1);  // memory remains
  EXPECT_THAT(survey.notes(), ElementsAre(HasSubstr("cannot be kept")));
}

TEST_F(VideoSurveyTest, NothingIsWrittenAmongTheVideos) {
  const auto sample = add_sample("good.mp4");
  VideoSurvey(options(ProbeDepth::kDecode)).look({sample}, "videos");
  EXPECT_EQ(std::distance(fs::directory_iterator(videos()), {}), 1);
}

TEST_F(VideoSurveyTest, TheCacheIsSoughtWhereTheEnvironmentSays) {
  EXPECT_EQ(cache_folder(), cache());
  const test::Environment none("TVR_CACHE", "");
  const test::Environment standard("XDG_CACHE_HOME", "/standard");
  EXPECT_EQ(cache_folder(), "/standard/tvr");
  const test::Environment neither("XDG_CACHE_HOME", "");
  const test::Environment home("HOME", "/home/someone");
  EXPECT_EQ(cache_folder(), "/home/someone/.cache/tvr");
}

VideoProbe probe_of(int64_t frames) {
  VideoProbe probe;
  probe.state = VideoState::kUsable;
  probe.frames = frames;
  return probe;
}

TEST_F(VideoSurveyTest, TwoWritersAtOnceLoseNothing) {
  constexpr int64_t kEach = 500;
  const auto name = [](int64_t i) { return "/videos/" + std::to_string(i); };
  std::vector<std::jthread> writers;
  for (const int64_t first : {int64_t{0}, kEach})
    writers.emplace_back([&, first] {
      ProbeCache cache(videos(), "1");
      for (int64_t i = first; i < first + kEach; ++i) cache.add({name(i), i, 2 * i}, ProbeDepth::kHeaders, probe_of(i));
    });
  writers.clear();
  const ProbeCache cache(videos(), "1");
  EXPECT_THAT(cache.notes(), IsEmpty());
  for (int64_t i = 0; i < 2 * kEach; ++i)
    EXPECT_EQ(cache.find({name(i), i, 2 * i}, ProbeDepth::kHeaders), probe_of(i)) << i;
}

TEST_F(VideoSurveyTest, AnotherVersionOfTheLibrariesKnowsNothing) {
  const FileStamp stamp{"/videos/a", 1, 2};
  ProbeCache(videos(), "5.1").add(stamp, ProbeDepth::kHeaders, probe_of(3));
  EXPECT_EQ(ProbeCache(videos(), "5.1").find(stamp, ProbeDepth::kHeaders), probe_of(3));
  EXPECT_EQ(ProbeCache(videos(), "7.0").find(stamp, ProbeDepth::kHeaders), std::nullopt);
}

TEST_F(VideoSurveyTest, LinesThatNoLongerCountAreSweptOut) {
  const FileStamp stamp{"/videos/a", 1, 2};
  {
    ProbeCache cache(videos(), "1");
    for (int64_t i = 0; i < 1500; ++i) cache.add(stamp, ProbeDepth::kHeaders, probe_of(i));
  }
  const ProbeCache cache(videos(), "1");
  const auto text = read_file(cache.file());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(cache.find(stamp, ProbeDepth::kHeaders), probe_of(1499));
}

// ------------------------------------------------------------------------------------------------ before work

RetrievalSplit split_of(const std::vector<VideoItem>& videos) {
  RetrievalSplit split;
  split.name = "test";
  split.videos = videos;
  for (size_t i = 0; i < videos.size(); ++i)
    split.captions.push_back({std::to_string(i), "caption", static_cast<int64_t>(i), "", ""});
  return split;
}

class VerifyVideosTest : public VideoSurveyTest {
 protected:
  CorpusOptions files(const std::string& missing, const std::string& verify = "headers") const {
    CorpusOptions options;
    options.root = folder_.path().string();
    options.missing = missing;
    options.verify = verify;
    return options;
  }
  const std::vector<VideoItem> items_{add_sample("good.mp4"), add("sound.mp4", test::sound_alone()),
                                      add_sample("fine.mp4")};
};

TEST_F(VerifyVideosTest, FailTellsTheReason) {
  auto split = split_of(items_);
  try {
    verify_videos(split, files("fail"));
    FAIL() << "no DataError";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sound.mp4"), HasSubstr("sound alone")));
  }
}

TEST_F(VerifyVideosTest, SkipLeavesOutTheVideoWithItsCaptions) {
  auto split = split_of(items_);
  verify_videos(split, files("skip"));
  ASSERT_EQ(split.videos.size(), 2u);
  EXPECT_EQ(split.videos[1].id, "fine.mp4");
  EXPECT_EQ(split.captions.size(), 2u);
  ASSERT_EQ(split.unusable.size(), 1u);
  EXPECT_THAT(split.unusable[0].reason, HasSubstr("sound alone"));
}

TEST_F(VerifyVideosTest, BlackFramesStandIn) {
  auto split = split_of(items_);
  verify_videos(split, files("substitute-black"));
  ASSERT_EQ(split.videos.size(), 3u);
  EXPECT_TRUE(split.videos[1].black);
  EXPECT_FALSE(split.videos[0].black || split.videos[2].black);
}

TEST_F(VerifyVideosTest, NoneAndNoFolderOfVideosLookAtNothing) {
  auto split = split_of(items_);
  verify_videos(split, files("fail", "none"));
  auto options = files("fail");
  options.videos = "";
  verify_videos(split, options);
  EXPECT_EQ(split.videos.size(), 3u);
  EXPECT_THAT(cache_files(), IsEmpty());
}

TEST_F(VerifyVideosTest, WhatIsCutOffIsUsedAndNoted) {
  auto split = split_of({items_[0], {"cut.mp4", test::write_cut_off(videos() / "cut.mp4", 200)}});
  verify_videos(split, files("fail"));
  EXPECT_EQ(split.videos.size(), 2u);
  EXPECT_THAT(split.notes, ElementsAre(HasSubstr("1 video is cut off")));
}

// ------------------------------------------------------------------------------------------------ real files

fs::path data_folder() {
  const char* folder = std::getenv("TVR_TEST_DATA");
  return folder != nullptr && fs::exists(fs::path(folder) / "golden/video_probe.tsv") ? folder : "";
}

#define NEED_TEST_DATA() \
  if (data_folder().empty()) GTEST_SKIP() << "TVR_TEST_DATA names no folder with golden/video_probe.tsv"

std::vector<std::vector<std::string>> golden_rows() {
  std::ifstream stream(data_folder() / "golden/video_probe.tsv");
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(stream, line);  // the heading
  while (std::getline(stream, line)) {
    rows.emplace_back();
    std::istringstream columns(line);
    for (std::string field; std::getline(columns, field, '\t');) rows.back().push_back(field);
    rows.back().resize(20);
  }
  return rows;
}

double ratio(const std::string& text) {
  const double divisor = std::stod(text.substr(text.find('/') + 1));
  return divisor > 0 ? std::stod(text) / divisor : 0;
}

// What FFmpeg's own program says of the same file; columns as in the table's heading.
void expect_agreement(const std::vector<std::string>& row, const VideoProbe& probe) {
  EXPECT_EQ(probe.codec, row[2]);
  const int rotation = row[16].empty() ? 0 : (360 - std::stoi(row[16])) % 360;
  EXPECT_EQ(probe.rotation, rotation);
  const auto first = rotation % 180 == 0 ? probe.width : probe.height,
             second = rotation % 180 == 0 ? probe.height : probe.width;
  EXPECT_EQ(std::to_string(first) + "x" + std::to_string(second), row[5]);
  EXPECT_NEAR(probe.frames_per_second, ratio(row[7]), 0.01);
}

TEST(RealVideos, AllAgreeWithTheTable) {
  NEED_TEST_DATA();
  const std::vector<std::string> damaged{"video/generated/bitflip.mp4",
                                         "video/generated/truncated_faststart_60pct.mp4"};
  const auto rows = golden_rows();
  ASSERT_EQ(rows.size(), 105u);
  for (const auto& row : rows) {
    SCOPED_TRACE(row[0]);
    const auto headers = probe_video(data_folder() / row[0], ProbeDepth::kHeaders),
               decoded = probe_video(data_folder() / row[0], ProbeDepth::kDecode);
    EXPECT_EQ(headers.state, decoded.state);
    EXPECT_EQ(decoded.usable(), row[2] != "NO_VIDEO");
    if (!decoded.usable()) continue;
    const bool whole = std::find(damaged.begin(), damaged.end(), row[0]) == damaged.end();
    expect_agreement(row, headers);
    expect_agreement(row, decoded);
    EXPECT_EQ(std::to_string(decoded.frames), row[10]);
    EXPECT_EQ(decoded.variable_frame_rate, row[15] == "VFR");
    EXPECT_EQ(decoded.lost_frames + decoded.damaged_packets == 0, whole);
    if (!whole) continue;
    EXPECT_THAT(headers.stated_frames, AnyOf(0, decoded.frames));
    EXPECT_THAT(headers.duration, AnyOf(0, DoubleNear(decoded.duration, 0.1)));
  }
}

TEST(RealVideos, WhatCannotBeUsedIsNamed) {
  NEED_TEST_DATA();
  const auto state = [](const char* name) {
    return state_name(probe_video(data_folder() / "video/generated" / name, ProbeDepth::kHeaders).state);
  };
  EXPECT_EQ(state("empty.mp4"), "empty");
  EXPECT_EQ(state("random_bytes.mp4"), "not-a-video");
  EXPECT_EQ(state("truncated_no_moov.mp4"), "unopenable");
  EXPECT_EQ(state("audio_only.mp4"), "no-video-stream");
}

TEST(RealVideos, ACutOffEndIsSeenInEveryContainerThatStatesItsSize) {
  NEED_TEST_DATA();
  const test::TemporaryFolder folder;
  for (const char* name : {"h264_vfr_bframes.mkv", "vp9.webm", "mpeg4_xvid.avi", "truncated_faststart_60pct.mp4"}) {
    const auto bytes = read_file(data_folder() / "video/generated" / name);
    write_file(folder / name, bytes.substr(0, bytes.size() * 9 / 10));
    const auto probe = probe_video(folder / name, ProbeDepth::kHeaders);
    EXPECT_TRUE(probe.usable()) << name;
    EXPECT_GE(probe.missing_bytes, static_cast<int64_t>(bytes.size() / 10)) << name;
  }
}

}  // namespace
}  // namespace tvr
