#include "tvr/data/frame_pack.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <set>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/media_writer.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Videos of 40x30 pixels and 5 + i frames whose grey tells video and frame.
class FramePackTest : public testing::Test {
 protected:
  test::TemporaryFolder temporary;
  fs::path folder = temporary.path() / "pack";
  std::vector<VideoItem> videos;
  FramePackOptions options;

  void SetUp() override {
    for (int64_t i = 0; i < 5; ++i) {
      MediaContent content;
      for (int64_t frame = 0; frame < 5 + i; ++frame)
        content.frames.push_back({30, 40, std::vector<uint8_t>(30 * 40 * 3, static_cast<uint8_t>(40 * i + 8 * frame))});
      const auto file = temporary.path() / ("v" + std::to_string(i) + ".mp4");
      write_mp4(file, content);
      videos.push_back({"v" + std::to_string(i), file});
    }
    options.sampling.count = 4;
    options.size = 16;
  }

  FramePackReport make() { return make_frame_pack(folder, videos, options, 2, true); }

  // Every file of the pack by name.
  std::map<std::string, std::string> bytes() const {
    std::map<std::string, std::string> result;
    for (const auto& entry : fs::directory_iterator(folder))
      result[entry.path().filename().string()] = read_file(entry.path());
    return result;
  }

  static void flip_byte(const fs::path& file, int64_t from_end) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-from_end, std::ios::end);
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(-from_end, std::ios::end);
    stream.put(byte);
  }
};

TEST_F(FramePackTest, HoldsTheSampledFramesAndTheTimeline) {
  const auto report = make();
  EXPECT_EQ(report.videos, 5);
  EXPECT_TRUE(report.unusable.empty());
  const FramePack pack(folder);
  const auto video = pack.at("v3");  // 8 frames
  EXPECT_EQ(video.frames, 4);
  EXPECT_EQ(video.height, 16);
  EXPECT_EQ(video.width, 16);
  EXPECT_EQ(video.timeline.frames, 8);
  EXPECT_DOUBLE_EQ(video.timeline.times[7], 7.0 / 8);
  EXPECT_DOUBLE_EQ(video.timeline.stated_frames_per_second, 8);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(video.indices[i], 2 * i + 1);
    EXPECT_NEAR(video.pixels[i * 3 * 16 * 16], 120 + 8 * (2 * i + 1), 4);
  }
  EXPECT_THAT([&] { (void)pack.at("v9"); }, ThrowsMessage<DataError>(HasSubstr("'v9' is not in the pack")));
}

TEST_F(FramePackTest, KeepsTheLongSideWhenUncropped) {
  options.cropped = false;
  make();
  const FramePack pack(folder);
  EXPECT_EQ(pack.at("v0").height, 16);
  EXPECT_EQ(pack.at("v0").width, 21);
}

TEST_F(FramePackTest, ToldSizeIsTheSize) {
  const auto plan = plan_frame_pack(folder, videos, options);
  EXPECT_EQ(plan.videos, 5);
  EXPECT_EQ(plan.bytes, 5 * 4 * 3 * 16 * 16);
  EXPECT_TRUE(plan.exact);
  make();
  EXPECT_EQ(plan_frame_pack(folder, videos, options).shards_done, 1);
}

TEST_F(FramePackTest, AFinishedPackIsKeptAndAnUnfinishedOneRefused) {
  make();
  const auto first = bytes();
  EXPECT_EQ(make().shards_made, 0);
  EXPECT_EQ(bytes(), first);
  fs::remove(folder / "pack.json");
  EXPECT_THAT([&] { FramePack{folder}; }, ThrowsMessage<DataError>(HasSubstr("is not finished")));
  EXPECT_EQ(make().shards_kept, 1);
  EXPECT_EQ(bytes(), first);
  fs::remove(folder / "frames-00000.safetensors");
  EXPECT_EQ(make().shards_made, 1);
  EXPECT_EQ(bytes(), first);
}

TEST_F(FramePackTest, DamagedShardsAreMadeAgain) {
  make();
  const auto whole = bytes();
  const auto shard = folder / "frames-00000.safetensors";
  flip_byte(shard, 10);
  EXPECT_EQ(make().shards_made, 1);
  EXPECT_EQ(bytes(), whole);
  for (const auto size : {uintmax_t{0}, fs::file_size(shard) / 2}) {
    fs::resize_file(shard, size);
    EXPECT_EQ(make().shards_made, 1);
    EXPECT_EQ(bytes(), whole);
  }
  write_file(folder / "pack.json.tmp", "{");  // a kill while the index was written
  EXPECT_EQ(make().shards_kept, 1);
}

TEST_F(FramePackTest, OneWriterAtATime) {
  fs::create_directories(folder);
  const int other = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_THAT([&] { make(); }, ThrowsMessage<DataError>(HasSubstr("another tvr data pack is writing here")));
  ::close(other);
  EXPECT_EQ(make().videos, 5);
}

TEST_F(FramePackTest, RefusesIdsThatAreNamesOfOtherArrays) {
  videos[1].id = "v0/indices";
  EXPECT_THAT([&] { make(); }, ThrowsMessage<ConfigError>(HasSubstr("cannot hold the video 'v0'")));
}

TEST_F(FramePackTest, AChangedVideoIsPackedAgain) {
  make();
  MediaContent content;
  content.frames.assign(6, {30, 40, std::vector<uint8_t>(30 * 40 * 3, 200)});
  write_mp4(videos[2].path, content);
  EXPECT_EQ(make().shards_made, 1);
  EXPECT_NEAR(FramePack(folder).at("v2").pixels[0], 200, 4);
}

TEST_F(FramePackTest, NamesTheVideoOfAFlippedByte) {
  make();
  flip_byte(folder / "frames-00000.safetensors", 10);  // the last array is v4's
  const FramePack pack(folder);
  EXPECT_NO_THROW(pack.at("v3"));
  EXPECT_THAT([&] { (void)pack.at("v4"); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("frames-00000.safetensors"), HasSubstr("'v4' is damaged"))));
  EXPECT_THAT([&] { pack.verify(); }, ThrowsMessage<DataError>(HasSubstr("'v4' is damaged")));
}

TEST_F(FramePackTest, FindsEveryFlippedByteOfAShard) {
  make();
  const auto file = folder / "frames-00000.safetensors";
  const auto size = static_cast<int64_t>(fs::file_size(file));
  for (int64_t at = 1; at < size; at += 997) {
    flip_byte(file, at);
    EXPECT_THROW(FramePack(folder).verify(), DataError) << at;
    flip_byte(file, at);
  }
  EXPECT_NO_THROW(FramePack(folder).verify());
}

TEST_F(FramePackTest, RefusesOtherSettingsAndForeignFolders) {
  make();
  options.size = 20;
  EXPECT_THAT([&] { make(); }, ThrowsMessage<ConfigError>(HasSubstr("belongs to a pack of other settings")));
  folder = temporary.path();  // holds the videos
  EXPECT_THAT([&] { make(); }, ThrowsMessage<DataError>(HasSubstr("which is not of a frame pack")));
  folder = temporary.path() / "random";
  options.sampling.rule = "random";
  EXPECT_THAT([&] { make(); }, ThrowsMessage<ConfigError>(HasSubstr("cannot hold random frames")));
}

TEST_F(FramePackTest, VideosThatDoNotDecodeAreNamedAndTriedAgain) {
  const auto good = read_file(videos[1].path);
  write_file(videos[1].path, "no video");
  EXPECT_THAT([&] { make(); }, ThrowsMessage<DataError>(HasSubstr("v1: ")));
  const auto report = make_frame_pack(folder, videos, options, 2, false);
  ASSERT_EQ(report.unusable.size(), 1u);
  EXPECT_EQ(report.unusable[0].id, "v1");
  EXPECT_FALSE(FramePack(folder).has("v1"));
  EXPECT_THAT(FramePack(folder).reason("v1"), HasSubstr("cannot be opened"));
  EXPECT_EQ(make_frame_pack(folder, videos, options, 2, false).shards_made, 0);
  write_file(videos[1].path, good);
  EXPECT_EQ(make().videos, 5);
}

TEST_F(FramePackTest, RefusesAnIndexThatIsNotItsOwn) {
  make();
  const auto text = read_file(folder / "pack.json");
  for (const auto& damaged : std::vector<std::string>{
           "{}", "[1", text.substr(0, text.size() / 2), std::string(text).replace(text.find("\"v2\""), 4, "\"w2\""),
           std::string(text).replace(text.find("\"size\": 16"), 10, "\"size\": 96"),
           std::string(text).replace(text.find("\"middle\""), 8, "\"muddle\""), R"({"format": 5, "version": 1})",
           R"({"format": "tvr frame pack", "version": "1"})",
           text.substr(0, text.find("\"shards\"")) + R"("shards": []})",
           text.substr(0, text.find("\"shards\"")) + R"("shards": 5})"}) {
    write_file(folder / "pack.json", damaged);
    EXPECT_THROW(FramePack{folder}, DataError) << damaged.substr(0, 40);
  }
}

}  // namespace
}  // namespace tvr
#endif
