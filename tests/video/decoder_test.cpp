#include "video/decoder.h"

#include <gtest/gtest.h>

#include <set>

#include "native_frames.h"
#include "test_videos.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using test::data_folder;
using test::md5_of_planes;

std::vector<std::string> golden_hashes(const std::string& path) {
  std::string name = path;
  for (size_t at; (at = name.find('/')) != std::string::npos;) name.replace(at, 1, "__");
  std::ifstream stream(data_folder() / "golden/framemd5" / (name + ".framemd5"));
  std::vector<std::string> hashes;
  for (std::string line; std::getline(stream, line);)
    if (line[0] != '#') hashes.push_back(line.substr(line.rfind(' ') + 1));
  return hashes;
}

// What is damaged decodes differently with the number of threads; the golden of this clip was made with several.
constexpr const char* kDamaged = "video/generated/bitflip.mp4";

TEST(Decoder, GivesEveryFrameAndTheNativePlanesOfEveryExactCodec) {
  TVR_NEED_TEST_DATA();
  const std::set<std::string> exact{"h264", "hevc", "vp8", "vp9", "av1", "ffv1"};
  int counted = 0, compared = 0;
  for (const auto& video : test::probed_videos()) {
    if (video.frames == 0) continue;
    SCOPED_TRACE(video.path);
    const auto golden = golden_hashes(video.path);
    const bool compare = exact.count(video.codec) > 0 && !golden.empty() && video.path != kDamaged;
    VideoFile file(data_folder() / video.path);
    const PacketIndex index(file);
    Decoder decoder(index, 1);
    int64_t frames = 0;
    std::vector<std::string> hashes;
    while (const AVFrame* frame = decoder.next()) {
      ++frames;
      if (compare) hashes.push_back(md5_of_planes(*frame));
    }
    EXPECT_EQ(frames, video.frames);
    EXPECT_EQ(file.codec_name(), video.codec);
    EXPECT_EQ(decoder.next(), nullptr) << "after the end";
    ++counted;
    if (!compare) continue;
    EXPECT_EQ(hashes, golden);
    ++compared;
  }
  EXPECT_EQ(counted, 101);
  EXPECT_EQ(compared, 77);
}

TEST(Decoder, GivesTheSameFramesWithSeveralThreads) {
  TVR_NEED_TEST_DATA();
  for (const char* path :
       {"video/generated/h264_bframes_opengop.mp4", "video/generated/hevc_10bit.mkv", "video/generated/vp9.webm"}) {
    VideoFile file(data_folder() / path);
    const PacketIndex index(file);
    Decoder decoder(index, 3);
    std::vector<std::string> hashes;
    while (const AVFrame* frame = decoder.next()) hashes.push_back(md5_of_planes(*frame));
    EXPECT_EQ(hashes, golden_hashes(path)) << path;
  }
}

}  // namespace
}  // namespace tvr
