#include "tvr/video/media_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/video/video_reader.h"
#include "video/ffmpeg_raii.h"
#include "video/test_videos.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

// A flat background with a bright square that moves, and a tone.
MediaContent example(bool sound) {
  MediaContent content;
  for (int64_t frame = 0; frame < 24; ++frame) {
    Image image{96, 96, std::vector<uint8_t>(96 * 96 * 3, 90)};
    for (int64_t y = 30; y < 60; ++y)
      for (int64_t x = frame; x < frame + 30; ++x) image.pixels[static_cast<size_t>((y * 96 + x) * 3)] = 220;
    content.frames.push_back(std::move(image));
  }
  for (int i = 0; sound && i < 48000; ++i) content.samples.push_back(0.3f * static_cast<float>(std::sin(i * 0.2)));
  return content;
}

double mean_error(const fs::path& file, const MediaContent& content) {
  double sum = 0, count = 0;
  const auto reader = open_video(file);
  std::vector<int64_t> indices(content.frames.size());
  std::iota(indices.begin(), indices.end(), 0);
  reader->read(indices, [&](int64_t position, const Image& image) {
    const auto& wanted = content.frames[static_cast<size_t>(position)].pixels;
    for (size_t i = 0; i < wanted.size(); ++i, ++count) sum += std::abs(static_cast<int>(wanted[i]) - image.pixels[i]);
  });
  return sum / count;
}

class MediaWriter : public testing::Test {
 protected:
  fs::path file(const std::string& name = "x.mp4") const { return folder_.path() / name; }
  test::TemporaryFolder folder_;
};

TEST_F(MediaWriter, FramesSurviveTheRoundTrip) {
  for (const bool sound : {false, true}) {
    write_mp4(file(), example(sound));
    const auto info = open_video(file())->info();
    EXPECT_EQ(info.frames, 24);
    EXPECT_DOUBLE_EQ(info.duration, 3.0);
    EXPECT_DOUBLE_EQ(info.frames_per_second, 8.0);
    EXPECT_EQ(info.codec, "h264");
    EXPECT_EQ(info.pixel_format, "yuv420p");
    EXPECT_EQ(info.damaged_packets, 0);
    EXPECT_LT(mean_error(file(), example(sound)), 4.0);
  }
}

TEST_F(MediaWriter, QualityIsTheEncodersFactor) {
  auto content = example(false);
  content.quality = 0;
  write_mp4(file("fine.mp4"), content);
  content.quality = 45;
  write_mp4(file("coarse.mp4"), content);
  EXPECT_GT(fs::file_size(file("fine.mp4")), fs::file_size(file("coarse.mp4")));
  EXPECT_LT(mean_error(file("fine.mp4"), content), mean_error(file("coarse.mp4"), content));
}

TEST_F(MediaWriter, EqualInputGivesEqualBytes) {
  write_mp4(file("a.mp4"), example(true));
  write_mp4(file("b.mp4"), example(true));
  EXPECT_EQ(sha256_file(file("a.mp4")), sha256_file(file("b.mp4")));
}

TEST_F(MediaWriter, HasTheStreamsAndKeyframesAskedFor) {
  write_mp4(file(), example(true));
  AVFormatContext* opened = nullptr;
  ASSERT_GE(avformat_open_input(&opened, file().c_str(), nullptr, nullptr), 0);
  const ffmpeg::InputFormat input(opened);
  ASSERT_GE(avformat_find_stream_info(input.get(), nullptr), 0);
  ASSERT_EQ(input->nb_streams, 2u);
  const auto& audio = *input->streams[1]->codecpar;
  EXPECT_EQ(audio.codec_id, AV_CODEC_ID_AAC);
  EXPECT_EQ(audio.sample_rate, 16000);
  EXPECT_EQ(audio.ch_layout.nb_channels, 1);
  EXPECT_NEAR(static_cast<double>(input->streams[1]->duration) * av_q2d(input->streams[1]->time_base), 3.0, 0.1);
  EXPECT_EQ(av_dict_get(input->metadata, "creation_time", nullptr, 0), nullptr);
  std::vector<int64_t> keyframes;
  const auto packet = ffmpeg::new_packet();
  for (int64_t frame = 0; av_read_frame(input.get(), packet.get()) >= 0; av_packet_unref(packet.get())) {
    if (packet->stream_index != 0) continue;
    if ((packet->flags & AV_PKT_FLAG_KEY) != 0) keyframes.push_back(frame);
    ++frame;
  }
  EXPECT_EQ(keyframes, (std::vector<int64_t>{0, 12}));
}

TEST_F(MediaWriter, TheIndexComesFirstSoThatPlayersStartAtOnce) {
  write_mp4(file(), example(true));
  const auto bytes = read_file(file());
  EXPECT_LT(bytes.find("moov"), bytes.find("mdat"));
}

TEST_F(MediaWriter, OddNamesAndNewFoldersWork) {
  for (const char* name : {"-start.mp4", "a:b.mp4", "new/folder/x.mp4", "ünïcode name.mp4"}) {
    write_mp4(file(name), example(false));
    EXPECT_EQ(open_video(file(name))->info().frames, 24) << name;
  }
}

TEST_F(MediaWriter, AnUnwritablePlaceIsTheUsersError) {
  EXPECT_THROW(write_mp4("/proc/x.mp4", example(false)), DataError);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(MediaWriter, WrongFramesAreAFaultOfTheCaller) {
  MediaContent content;
  EXPECT_THROW(write_mp4(file(), content), std::logic_error);
  content.frames.push_back({95, 96, std::vector<uint8_t>(95 * 96 * 3)});
  EXPECT_THROW(write_mp4(file(), content), std::logic_error);
  content = example(false);
  content.frames.back().pixels.pop_back();
  EXPECT_THROW(write_mp4(file(), content), std::logic_error);
  EXPECT_FALSE(fs::exists(file()));
}

}  // namespace
}  // namespace tvr
