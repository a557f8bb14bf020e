#include "tvr/video/video_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "test_videos.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

using test::data_folder;
using test::first_frames;
using test::hashes_of;
using testing::HasSubstr;

std::string error_of(const std::filesystem::path& file) {
  try {
    open_video(file);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

class ClipTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path clip_ = test::write_clip(folder_.path() / "clip.mp4");
};

TEST_F(ClipTest, TellsWhatIsInTheFile) {
  const auto reader = open_video(clip_);
  const auto& info = reader->info();
  EXPECT_EQ(info.frames, test::kClipFrames);
  EXPECT_EQ(info.height, test::kClipHeight);
  EXPECT_EQ(info.width, test::kClipWidth);
  EXPECT_EQ(info.rotation, 0);
  EXPECT_EQ(info.codec, "h264");
  EXPECT_EQ(info.pixel_format, "yuv420p");
  EXPECT_EQ(info.damaged_packets, 0);
  EXPECT_DOUBLE_EQ(info.frames_per_second, 8);
  EXPECT_DOUBLE_EQ(info.stated_frames_per_second, 8);
  EXPECT_DOUBLE_EQ(info.duration, test::kClipFrames / 8.0);
  ASSERT_EQ(static_cast<int64_t>(info.times.size()), info.frames);
  for (int64_t k = 0; k < info.frames; ++k)
    EXPECT_DOUBLE_EQ(info.times[static_cast<size_t>(k)], static_cast<double>(k) / 8);
}

TEST_F(ClipTest, GivesThePicturesThatWereWritten) {
  open_video(clip_)->read({3, 17}, [](int64_t position, const Image& image) {
    const Image written = test::clip_frame(position == 0 ? 3 : 17);
    ASSERT_EQ(image.pixels.size(), written.pixels.size());
    double difference = 0;
    for (size_t i = 0; i < image.pixels.size(); ++i) difference += std::abs(image.pixels[i] - written.pixels[i]);
    EXPECT_LT(difference / static_cast<double>(image.pixels.size()), 6);
  });
}

TEST_F(ClipTest, GivesIndicesInAnyOrderAndAsOftenAsAsked) {
  const auto reader = open_video(clip_);
  const auto all = hashes_of(*reader, first_frames(*reader, test::kClipFrames));
  const std::vector<int64_t> wanted{29, 0, 12, 12, 5, 29, 13, 0};
  const auto given = hashes_of(*reader, wanted);
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(given[i], all[static_cast<size_t>(wanted[i])]) << wanted[i];
}

TEST_F(ClipTest, VisitsFramesInPresentationOrder) {
  std::vector<int64_t> positions;
  open_video(clip_)->read({9, 2, 9, 5}, [&](int64_t position, const Image&) { positions.push_back(position); });
  EXPECT_EQ(positions, (std::vector<int64_t>{1, 3, 0, 2}));
}

TEST_F(ClipTest, ReadsNothingWhenNothingIsAsked) {
  open_video(clip_)->read({}, [](int64_t, const Image&) { FAIL(); });
}

TEST_F(ClipTest, RefusesIndicesOutsideTheVideo) {
  const auto reader = open_video(clip_);
  const auto nothing = [](int64_t, const Image&) { FAIL(); };
  EXPECT_THROW(reader->read({0, -1}, nothing), DataError);
  try {
    reader->read({0, 30}, nothing);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("clip.mp4: frame 30 does not exist; the frames are 0 to 29"));
  }
}

TEST_F(ClipTest, FindsTheFrameOnScreenAtATime) {
  const auto reader = open_video(clip_);
  EXPECT_EQ(reader->indices_at({-1, 0, 0.1249, 0.125, 1.0, 1.05, 3.7, 99}),
            (std::vector<int64_t>{0, 0, 0, 1, 8, 8, 29, 29}));
  EXPECT_EQ(reader->indices_at({std::nan("")}).size(), 1u);
}

TEST_F(ClipTest, OpensFilesOfAnyName) {
  for (const char* name :
       {"-dash.mp4", "a:b.mp4", "http:x", "f%03d.mp4", "with space'quote.mp4", "no_extension", "wrong.jpg"}) {
    std::filesystem::copy_file(clip_, folder_.path() / name);
    EXPECT_EQ(open_video(folder_.path() / name)->info().frames, test::kClipFrames) << name;
  }
}

TEST_F(ClipTest, KeepsWhatItReadWhenTheFileGoesAway) {
  const auto reader = open_video(clip_);
  const auto before = hashes_of(*reader, {29, 3});
  std::filesystem::remove(clip_);
  EXPECT_EQ(hashes_of(*reader, {29, 3}), before);
}

TEST_F(ClipTest, NamesTheFileThatIsNoVideo) {
  EXPECT_THAT(error_of(folder_.path() / "missing.mp4"), HasSubstr("missing.mp4: there is no such file"));
  EXPECT_THAT(error_of(folder_.path()), HasSubstr("is not a regular file"));
  EXPECT_THAT(error_of("/dev/zero"), HasSubstr("/dev/zero: is not a regular file"));
  write_file(folder_.path() / "text.mp4", "this is no video\n");
  EXPECT_THAT(error_of(folder_.path() / "text.mp4"), HasSubstr("text.mp4: cannot be opened as a video"));
  write_file(folder_.path() / "empty.mp4", "");
  EXPECT_THAT(error_of(folder_.path() / "empty.mp4"), HasSubstr("empty.mp4: cannot be opened as a video"));
}

TEST_F(ClipTest, OpensNoOtherFileThanTheOneGiven) {
  write_file(folder_.path() / "list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nclip.mp4\n");
  EXPECT_THAT(error_of(folder_.path() / "list.m3u8"), HasSubstr("is a list of other files (hls)"));
  write_file(folder_.path() / "list.ffconcat", "ffconcat version 1.0\nfile clip.mp4\n");
  EXPECT_THAT(error_of(folder_.path() / "list.ffconcat"), HasSubstr("is a list of other files (concat)"));
}

TEST_F(ClipTest, DecodesWithSeveralThreads) {
  const auto one = open_video(clip_), several = open_video(clip_, {3});
  const auto indices = first_frames(*one, test::kClipFrames);
  EXPECT_EQ(hashes_of(*one, indices), hashes_of(*several, indices));
  EXPECT_THROW(open_video(clip_, {-1}), std::invalid_argument);
}

TEST(RealVideos, HaveTheFramesTimesAndSizesThatFfprobeTells) {
  TVR_NEED_TEST_DATA();
  for (const auto& video : test::probed_videos()) {
    if (video.width * video.height > 300'000) continue;  // the decoder's own tests count those
    SCOPED_TRACE(video.path);
    if (video.frames == 0) {
      EXPECT_THAT(error_of(data_folder() / video.path), HasSubstr(video.path));
      continue;
    }
    const auto info = open_video(data_folder() / video.path)->info();
    EXPECT_EQ(info.frames, video.frames);
    const bool turned = info.rotation == 90 || info.rotation == 270;
    EXPECT_EQ(turned ? info.height : info.width, video.width);
    EXPECT_EQ(turned ? info.width : info.height, video.height);
    EXPECT_EQ(info.times.front(), 0);
    EXPECT_TRUE(std::is_sorted(info.times.begin(), info.times.end()));
    EXPECT_NEAR(info.times.back(), video.last_time - video.first_time,
                5e-4);  // the table is in units of the frame rate
    EXPECT_GT(info.duration, info.times.back());
  }
}

VideoReaderOptions by_packets() {
  VideoReaderOptions options;
  options.count = FrameCount::kByPackets;
  return options;
}

void expect_equal(const VideoInfo& a, const VideoInfo& b) {
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_EQ(a.times, b.times);
  EXPECT_EQ(a.frames_per_second, b.frames_per_second);
  EXPECT_EQ(a.stated_frames_per_second, b.stated_frames_per_second);
  EXPECT_EQ(a.duration, b.duration);
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.rotation, b.rotation);
  EXPECT_EQ(a.codec, b.codec);
  EXPECT_EQ(a.pixel_format, b.pixel_format);
  EXPECT_EQ(a.damaged_packets, b.damaged_packets);
}

TEST(RealVideos, AreTheSameCountedByPackets) {
  TVR_NEED_TEST_DATA();
  for (const auto& video : test::probed_videos()) {
    if (video.frames == 0 || video.width * video.height > 200'000) continue;
    SCOPED_TRACE(video.path);
    const auto exact = open_video(data_folder() / video.path);
    const auto quick = open_video(data_folder() / video.path, by_packets());
    expect_equal(quick->info(), exact->info());
    const int64_t n = video.frames;
    const std::vector<int64_t> wanted{n - 1, n / 2, n / 2, 0, n / 3, n / 2, n * 3 / 4, 0};
    EXPECT_EQ(hashes_of(*quick, wanted), hashes_of(*exact, wanted));
    if (video.frames > 100) continue;
    const auto all = first_frames(*exact, n);
    EXPECT_EQ(hashes_of(*quick, all), hashes_of(*exact, all));
  }
}

TEST(RealVideos, StateTheirFrameRate) {
  TVR_NEED_TEST_DATA();
  const auto stated = [](const char* path) {
    return open_video(data_folder() / "video" / path, by_packets())->info().stated_frames_per_second;
  };
  EXPECT_NEAR(stated("generated/ntsc_2997.mp4"), 30000.0 / 1001, 1e-9);
  EXPECT_DOUBLE_EQ(stated("moviepy/smpte-2997.mp4"), 25);
}

TEST(RealVideos, HaveTheTimesKeptByAnotherProject) {
  TVR_NEED_TEST_DATA();
  const auto info = open_video(data_folder() / "video/torchcodec/nasa_13013.mp4")->info();
  const auto kept =
      nlohmann::json::parse(read_file(data_folder() / "torch_files/nasa_13013.mp4.stream3.all_frames_info.json"));
  ASSERT_EQ(info.times.size(), kept.size());
  for (size_t k = 0; k < kept.size(); ++k)
    EXPECT_NEAR(info.times[k], std::stod(kept[k].at("pts_time").get<std::string>()), 1e-6) << k;
}

TEST(RealVideos, TellTheRotationThatWasApplied) {
  TVR_NEED_TEST_DATA();
  const auto rotation = [](const char* path) { return open_video(data_folder() / "video" / path)->info().rotation; };
  EXPECT_EQ(rotation("generated/rot90.mp4"), 270);
  EXPECT_EQ(rotation("generated/rot180.mp4"), 180);
  EXPECT_EQ(rotation("generated/rot270.mp4"), 90);
  EXPECT_EQ(rotation("generated/hevc_8bit.mp4"), 0);
}

TEST(RealVideos, GiveEachFrameAloneAsInASequence) {
  TVR_NEED_TEST_DATA();
  for (const char* path : {"generated/h264_bframes_opengop.mp4", "generated/vp9.webm", "generated/mpeg4_xvid.avi",
                           "generated/rot90.mp4", "torchcodec/animated.gif", "torchcodec/discard_first_keyframe.mp4"}) {
    const auto reader = open_video(data_folder() / "video" / path);
    const auto all = hashes_of(*reader, first_frames(*reader, 1000));
    for (int64_t index = 0; index < reader->info().frames; index += 1 + reader->info().frames / 6)
      EXPECT_EQ(hashes_of(*reader, {index})[0], all[static_cast<size_t>(index)]) << path << " " << index;
  }
}

TEST(RealVideos, EqualFramesKeptByAnotherProject) {
  TVR_NEED_TEST_DATA();
  const auto reader = open_video(data_folder() / "video/torchcodec/nasa_13013.mp4");
  reader->read({0, 389}, [](int64_t position, const Image& image) {
    const auto file = data_folder() / "torch_files" /
                      ("nasa_13013.mp4.stream3.frame000" + std::string(position == 0 ? "000" : "389") + ".pt");
    const std::string pixels(image.pixels.begin(), image.pixels.end());
    // The file is a zip of stored, not compressed, members; one is the pixels.
    EXPECT_NE(read_file(file).find(pixels), std::string::npos) << position;
  });
}

}  // namespace
}  // namespace tvr
