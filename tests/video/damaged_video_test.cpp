// Whatever the bytes, reading ends with the frames that exist or with a DataError.
#include <gtest/gtest.h>

#include <random>

#include "test_videos.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/video/video_reader.h"

namespace tvr {
namespace {

using test::data_folder;

// The number of frames, 0 when the file is refused.
int64_t frames_that_can_be_read(const std::filesystem::path& file) {
  try {
    const auto reader = open_video(file);
    const int64_t frames = reader->info().frames;
    EXPECT_EQ(static_cast<int64_t>(reader->info().times.size()), frames);
    reader->read({0, frames / 2, frames - 1}, [&](int64_t, const Image& image) {
      EXPECT_EQ(static_cast<int64_t>(image.pixels.size()), reader->info().height * reader->info().width * 3);
    });
    return frames;
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    return 0;
  }
}

class DamagedVideoTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path damaged_ = folder_.path() / "damaged";
};

TEST_F(DamagedVideoTest, TruncatedRealFilesNeverGiveMoreThanTheWhole) {
  TVR_NEED_TEST_DATA();
  for (const auto& video : test::probed_videos()) {
    const std::string bytes = read_file(data_folder() / video.path);
    if (bytes.size() > 300'000) continue;
    for (const size_t percent : {30u, 60u, 90u}) {
      write_file(damaged_, bytes.substr(0, bytes.size() * percent / 100));
      EXPECT_LE(frames_that_can_be_read(damaged_), video.frames) << video.path << " " << percent;
    }
  }
}

TEST_F(DamagedVideoTest, GivesTheFramesThatExistAndCountsWhatIsDamaged) {
  TVR_NEED_TEST_DATA();
  const auto truncated = open_video(data_folder() / "video/generated/truncated_faststart_60pct.mp4")->info();
  EXPECT_EQ(truncated.frames, 44);
  const auto flipped = open_video(data_folder() / "video/generated/bitflip.mp4")->info();
  EXPECT_EQ(flipped.frames, 74);
  EXPECT_GE(truncated.damaged_packets + flipped.damaged_packets, 1);
}

TEST_F(DamagedVideoTest, FlippedBytesNeverCrash) {
  const auto clip = test::write_clip(folder_.path() / "clip.mp4");
  const std::string bytes = read_file(clip);
  std::mt19937_64 random(1);
  for (int round = 0; round < 150; ++round) {
    std::string changed = bytes;
    for (int i = 0; i < 1 + round % 20; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    write_file(damaged_, changed);
    frames_that_can_be_read(damaged_);
  }
}

TEST_F(DamagedVideoTest, FlippedBytesOfTheHeadersNeverCrash) {
  const auto clip = test::write_clip(folder_.path() / "clip.mp4");
  const std::string bytes = read_file(clip);
  const size_t header = bytes.find("moov");
  ASSERT_NE(header, std::string::npos);
  const size_t size = std::min<size_t>(bytes.size() - header, 1200);
  std::mt19937_64 random(2);
  for (int round = 0; round < 250; ++round) {
    std::string changed = bytes;
    changed[header + random() % size] = static_cast<char>(random() % 2 == 0 ? 0xFF : random());
    write_file(damaged_, changed);
    frames_that_can_be_read(damaged_);
  }
}

TEST_F(DamagedVideoTest, RefusesPicturesThatAreTooLarge) {
  // A GIF of one frame whose screen is 65535 x 65535.
  std::string gif("GIF89a\xFF\xFF\xFF\xFF\x80\x00\x00", 13);
  gif += std::string("\x00\x00\x00\xFF\xFF\xFF", 6);
  gif += std::string(",\x00\x00\x00\x00\xFF\xFF\xFF\xFF\x00\x02\x02\x44\x01\x00;", 16);
  write_file(damaged_, gif);
  EXPECT_EQ(frames_that_can_be_read(damaged_), 0);
}

TEST_F(DamagedVideoTest, AnswersATableOfBillionsOfSamplesInTime) {
  const auto clip = test::write_clip(folder_.path() / "clip.mp4");
  std::string bytes = read_file(clip);
  const size_t sizes = bytes.find("stsz");
  ASSERT_NE(sizes, std::string::npos);
  // Every sample of one byte, and as many of them as fit into 32 bits.
  bytes.replace(sizes + 8, 8, std::string("\x00\x00\x00\x01\x7F\xFF\xFF\xFF", 8));
  write_file(damaged_, bytes);
  EXPECT_LE(frames_that_can_be_read(damaged_), test::kClipFrames);
}

}  // namespace
}  // namespace tvr
