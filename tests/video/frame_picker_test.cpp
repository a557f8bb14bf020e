#include "video/frame_picker.h"

#include <gtest/gtest.h>

#include <random>

#include "native_frames.h"
#include "test_videos.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "video/decoder.h"

namespace tvr {
namespace {

using test::data_folder;
using test::md5_of_planes;

std::vector<std::string> hashes_of_everything(const PacketIndex& index) {
  std::vector<std::string> hashes;
  Decoder decoder(index, 1);
  while (const AVFrame* frame = decoder.next()) hashes.push_back(md5_of_planes(*frame));
  return hashes;
}

// The hashes of chosen frames; empty when decoding contradicts the index.
std::vector<std::string> hashes_of_picked(FramePicker& picker, const std::vector<int64_t>& wanted) {
  std::vector<std::string> hashes;
  const bool agrees = picker.pick(wanted, [&](int64_t frame, const AVFrame& picture) {
    ASSERT_LT(hashes.size(), wanted.size());
    EXPECT_EQ(frame, wanted[hashes.size()]);
    hashes.push_back(md5_of_planes(picture));
  });
  return agrees ? hashes : std::vector<std::string>();
}

// Rising and none twice: one frame, every one, 12 of equal segments, and random ones more and less dense.
std::vector<std::vector<int64_t>> index_sets(int64_t frames, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto size = static_cast<uint64_t>(frames);
  std::vector<std::vector<int64_t>> sets{{static_cast<int64_t>(random() % size)}, {frames - 1}, {}, {}};
  for (int64_t k = 0; k < frames; ++k) sets[2].push_back(k);
  for (int64_t i = 0; i < 12; ++i) {
    const int64_t index = (2 * i + 1) * frames / 24;
    if (sets[3].empty() || sets[3].back() != index) sets[3].push_back(index);
  }
  for (const uint64_t spacing : {3u, 20u}) {
    sets.emplace_back(1, static_cast<int64_t>(random() % std::min<uint64_t>(size, spacing)));
    while (sets.back().back() + 1 < frames) sets.back().push_back(sets.back().back() + 1 + random() % spacing);
    while (sets.back().back() >= frames) sets.back().pop_back();
  }
  return sets;
}

void expect_frames_of_everything(const PacketIndex& index, const std::vector<std::string>& everything) {
  FramePicker picker(index, 1);
  for (const auto& wanted : index_sets(static_cast<int64_t>(everything.size()), everything.size())) {
    std::vector<std::string> expected;
    for (const int64_t frame : wanted) expected.push_back(everything[static_cast<size_t>(frame)]);
    EXPECT_EQ(hashes_of_picked(picker, wanted), expected) << wanted.size() << " frames";
  }
}

TEST(FramePicker, GivesTheFramesOfDecodingEverythingOfAllRealVideos) {
  TVR_NEED_TEST_DATA();
  int promised = 0;
  for (const auto& video : test::probed_videos()) {
    if (video.frames == 0 || video.width * video.height * video.frames > 30'000'000) continue;
    SCOPED_TRACE(video.path);
    VideoFile file(data_folder() / video.path);
    const PacketIndex index(file);
    if (!index.doubt().empty()) continue;
    ++promised;
    const auto everything = hashes_of_everything(index);
    ASSERT_EQ(index.presented().size(), everything.size());
    expect_frames_of_everything(index, everything);
  }
  EXPECT_EQ(promised, 68);
}

TEST(FramePicker, DoubtsWhatThePacketsCannotTell) {
  TVR_NEED_TEST_DATA();
  for (const char* path : {"bitflip.mp4", "truncated_faststart_60pct.mp4", "mpeg4_xvid.avi", "mpeg2_interlaced.ts"}) {
    VideoFile file(data_folder() / "video/generated" / path);
    EXPECT_FALSE(PacketIndex(file).doubt().empty()) << path;
  }
}

class PickedClipTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  VideoFile file_{test::write_clip(folder_.path() / "clip.mp4")};  // a key frame every 12, no B-frames
};

TEST_F(PickedClipTest, SendsNoMorePacketsThanTheFramesNeed) {
  const PacketIndex index(file_);
  ASSERT_EQ(index.doubt(), "");
  const auto sent = [&](const std::vector<int64_t>& wanted) {
    FramePicker picker(index, 1);
    EXPECT_EQ(hashes_of_picked(picker, wanted).size(), wanted.size());
    return picker.packets_sent();
  };
  EXPECT_EQ(sent({}), 0);
  EXPECT_EQ(sent({0}), 1);
  EXPECT_EQ(sent({12}), 1);
  EXPECT_EQ(sent({29}), 6);
  EXPECT_EQ(sent({5, 26}), 6 + 3);
  EXPECT_EQ(sent({5, 7, 12}), 8 + 1);
}

TEST(FramePicker, LeavesOutUnreferencedFrames) {
  TVR_NEED_TEST_DATA();
  VideoFile file(data_folder() / "video/torchcodec/nasa_13013.mp4");  // 390 frames, 186 of them unreferenced
  const PacketIndex index(file);
  FramePicker picker(index, 1);
  EXPECT_EQ(hashes_of_picked(picker, {389}).size(), 1u);
  EXPECT_LT(picker.packets_sent(), 205);
}

TEST_F(PickedClipTest, ReadsStreamsThatAreTooLargeForMemoryFromTheFile) {
  const PacketIndex kept(file_);
  VideoFile again(file_.path());
  const PacketIndex index(again, 10'000);
  EXPECT_TRUE(kept.kept());
  EXPECT_FALSE(index.kept());
  const auto everything = hashes_of_everything(kept);
  EXPECT_EQ(hashes_of_everything(index), everything);
  expect_frames_of_everything(index, everything);
}

TEST_F(PickedClipTest, SaysThatTheFileChanged) {
  const PacketIndex index(file_, 0);
  std::filesystem::resize_file(file_.path(), std::filesystem::file_size(file_.path()) / 2);
  FramePicker picker(index, 1);
  EXPECT_THROW(hashes_of_picked(picker, {29}), DataError);
}

TEST_F(PickedClipTest, NoticesDamageInAPacketThatIsNeeded) {
  const PacketIndex whole(file_);
  PacketPass pass(whole);
  const AVPacket* packet = pass.next();
  for (int i = 0; i < 25; ++i) packet = pass.next();
  auto bytes = read_file(file_.path());
  const size_t at = bytes.find(std::string(packet->data, packet->data + packet->size));
  ASSERT_NE(at, std::string::npos);
  for (int i = packet->size / 2; i < packet->size; ++i) bytes[at + static_cast<size_t>(i)] ^= 0x5A;
  write_file(folder_.path() / "damaged.mp4", bytes);
  VideoFile file(folder_.path() / "damaged.mp4");
  const PacketIndex index(file);
  ASSERT_EQ(index.doubt(), "");
  FramePicker picker(index, 1);
  EXPECT_EQ(hashes_of_picked(picker, {29}).size(), 0u);
  FramePicker other(index, 1);
  EXPECT_EQ(hashes_of_picked(other, {13, 24}).size(), 2u) << "frames before it need not suffer";
}

}  // namespace
}  // namespace tvr
