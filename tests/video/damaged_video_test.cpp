// Whatever the bytes, reading ends with the frames that exist or with a DataError.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "test_videos.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/video/video_reader.h"
#include "video/packet_index.h"

namespace tvr {
namespace {

using test::data_folder;

// The MD5 of frames by their time; empty when the file is refused.
std::map<double, std::string> frames_in_time(const std::filesystem::path& file, FrameCount count, bool all) {
  std::map<double, std::string> frames;
  VideoReaderOptions options;
  options.count = count;
  std::vector<double> times;
  const auto choose = [&](const VideoInfo& info) {
    EXPECT_EQ(static_cast<int64_t>(info.times.size()), info.frames);
    std::vector<int64_t> indices;
    for (int64_t k = 0; k < info.frames; k += all ? 1 : 1 + info.frames / 4) indices.push_back(k);
    if (!all) indices.push_back(info.frames - 1);
    times.clear();
    frames.clear();
    for (const int64_t index : indices) times.push_back(info.times[static_cast<size_t>(index)]);
    return indices;
  };
  try {
    read_frames(file, options, choose, [&](int64_t position, const Image& image) {
      EXPECT_EQ(static_cast<int64_t>(image.pixels.size()), image.height * image.width * 3);
      frames[times[static_cast<size_t>(position)]] = test::md5(image.pixels.data(), image.pixels.size());
    });
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    return {};
  }
  return frames;
}

// The number of frames, 0 when the file is refused.
int64_t frames_that_can_be_read(const std::filesystem::path& file) {
  frames_in_time(file, FrameCount::kByPackets, false);
  if (frames_in_time(file, FrameCount::kByDecoding, false).empty()) return 0;
  return open_video(file)->info().frames;
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

// Damage where no wanted frame needs it can spoil frames when everything is decoded, and leave them whole otherwise.
TEST_F(DamagedVideoTest, GivesPicturesOfTheWholeFileOrOfDecodingEverything) {
  TVR_NEED_TEST_DATA();
  std::mt19937_64 random(3);
  int64_t compared = 0;
  for (const auto& video : test::probed_videos()) {
    std::string bytes = read_file(data_folder() / video.path);
    if (video.frames < 2 || bytes.size() > 60'000) continue;
    bytes[bytes.size() / 8 + random() % (bytes.size() * 7 / 8)] ^= static_cast<char>(1 + random() % 255);
    write_file(damaged_, bytes);
    const auto whole = frames_in_time(data_folder() / video.path, FrameCount::kByDecoding, true);
    const auto exact = frames_in_time(damaged_, FrameCount::kByDecoding, true);
    for (const auto& [time, hash] : frames_in_time(damaged_, FrameCount::kByPackets, false)) {
      if (exact.count(time) == 0) continue;  // decoding everything lost the first frame: times count from the next
      const auto intact = whole.find(time);
      EXPECT_TRUE(hash == exact.at(time) || (intact != whole.end() && hash == intact->second))
          << video.path << " at " << time;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100);
}

TEST_F(DamagedVideoTest, CountsAgainWhenDecodingContradictsThePackets) {
  const auto clip = test::write_clip(folder_.path() / "clip.mp4");
  VideoFile file(clip);
  const PacketIndex index(file);
  PacketPass pass(index);
  const AVPacket* packet = pass.next();
  for (int i = 0; i < 26; ++i) packet = pass.next();
  const std::string bytes = read_file(clip);
  const size_t at = bytes.find(std::string(packet->data, packet->data + packet->size));
  ASSERT_NE(at, std::string::npos);
  VideoReaderOptions options;
  options.count = FrameCount::kByPackets;
  int changed = 0;
  for (int bit = 0; bit < 8 * 12; ++bit) {  // somewhere in the header of the slice, behind the length and the type
    std::string damaged = bytes;
    damaged[at + 5 + static_cast<size_t>(bit / 8)] ^= static_cast<char>(1 << bit % 8);
    write_file(damaged_, damaged);
    const auto reader = open_video(damaged_, options);
    const auto nothing = [](int64_t, const Image&) {};
    try {
      reader->read({3, 29}, nothing);
    } catch (const FramesChanged& error) {
      ++changed;
      EXPECT_NE(std::string(error.what()).find("its packets promise 30 frames"), std::string::npos) << error.what();
      EXPECT_EQ(reader->info().frames, open_video(damaged_)->info().frames);
      EXPECT_LT(reader->info().frames, 30);
      EXPECT_EQ(frames_in_time(damaged_, FrameCount::kByPackets, true),
                frames_in_time(damaged_, FrameCount::kByDecoding, true));
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find("frame 29 does not exist"), std::string::npos) << error.what();
    }
  }
  EXPECT_GT(changed, 0);
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
