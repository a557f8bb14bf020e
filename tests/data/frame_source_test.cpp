#include <gmock/gmock.h>
#include <torch/torch.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/video_source.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/media_writer.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Videos of 64x48 pixels with a moving gradient; frame counts 3, 9, 30, 47 at 8 frames a second.
class FrameSourceTest : public testing::Test {
 protected:
  test::TemporaryFolder temporary;
  std::vector<VideoItem> videos;
  VideoInputSpec spec;
  FrameOptions options;

  void SetUp() override {
    spec.frames = 6;
    spec.size = 32;
    options.fit = "crop";
    options.interpolation = "bicubic";
    for (const int64_t frames : {3, 9, 30, 47}) {
      MediaContent content;
      for (int64_t i = 0; i < frames; ++i) content.frames.push_back(picture(i));
      const auto id = "v" + std::to_string(frames);
      write_mp4(temporary.path() / (id + ".mp4"), content);
      videos.push_back({id, temporary.path() / (id + ".mp4")});
    }
  }

  static Image picture(int64_t step) {
    Image image{48, 64, std::vector<uint8_t>(48 * 64 * 3)};
    for (int64_t y = 0; y < 48; ++y)
      for (int64_t x = 0; x < 64; ++x)
        for (int64_t c = 0; c < 3; ++c)
          image.pixels[static_cast<size_t>((y * 64 + x) * 3 + c)] = static_cast<uint8_t>(x * 3 + y * c + step * 5);
    return image;
  }

  VideoInput live(const std::vector<int64_t>& rows, const LoadKey& key = {}, int64_t cache = 0) const {
    return FileVideoSource(videos, spec, options, cache, false).load(rows, key);
  }

  std::shared_ptr<const FramePack> packed(int64_t frames, bool cropped = true, const std::string& rule = "") const {
    const auto folder = temporary.path() / ("pack" + std::to_string(frames) + (cropped ? "c" : "u") + rule);
    FramePackOptions made;
    made.sampling = options.sampling_of(false, frames);
    if (!rule.empty()) made.sampling.rule = rule;
    made.size = spec.size;
    made.fit = options.fit;
    made.interpolation = options.interpolation;
    made.cropped = cropped;
    make_frame_pack(folder, videos, made, 1, true);
    return std::make_shared<FramePack>(folder);
  }

  static void expect_equal(const VideoInput& a, const VideoInput& b) {
    EXPECT_TRUE(a.pixels.equal(b.pixels));
    EXPECT_TRUE(a.mask.equal(b.mask));
    EXPECT_TRUE(a.times.equal(b.times));
  }
};

TEST_F(FrameSourceTest, OpenSettingsAreTheModels) {
  options.fit = "square";
  const auto squashed = live({1});
  options.fit = "";
  spec.fit = "square";
  expect_equal(live({1}), squashed);
  options.fit = "square";
  const auto pack = packed(spec.frames);
  options.fit = "";
  expect_equal(PackedVideoSource(pack, videos, spec, options, false).load({1}, {}), squashed);
  spec.fit = "crop";
  EXPECT_FALSE(live({1}).pixels.equal(squashed.pixels));
  EXPECT_THROW(PackedVideoSource(pack, videos, spec, options, false), ConfigError);
}

TEST_F(FrameSourceTest, APackGivesTheBytesOfTheFiles) {
  for (const std::string rule : {"middle", "xpool", "uniform", "clip4clip", "drl", "fps"})
    for (const std::string fit : {"crop", "square"})
      for (const bool cropped : {true, false}) {
        options.sampling = rule;
        options.fit = fit;
        options.interpolation = cropped ? "bicubic" : "bilinear";
        const auto pack = packed(spec.frames, cropped, rule);
        const PackedVideoSource source(pack, videos, spec, options, false);
        expect_equal(source.load({3, 0, 2, 1}, {}), live({3, 0, 2, 1}));
        fs::remove_all(temporary.path() / ("pack6" + std::string(cropped ? "c" : "u") + rule));
      }
}

TEST_F(FrameSourceTest, APackOfManyFramesIsSampledDownToTheSameBytes) {
  options.sampling = "fps";
  options.fps = 4;
  const auto pack = packed(64);
  for (const int64_t frames : {1, 2, 5, 12}) {
    spec.frames = frames;
    expect_equal(PackedVideoSource(pack, videos, spec, options, false).load({0, 1, 2, 3}, {}), live({0, 1, 2, 3}));
  }
}

TEST_F(FrameSourceTest, FramesThePackLacksAreAnErrorOrTheNearest) {
  const auto pack = packed(6);
  options.sampling = "uniform";
  options.pack = "pack6c";
  EXPECT_THAT([&] { PackedVideoSource(pack, videos, spec, options, false); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("frame 1 of 'v9'"), HasSubstr("loader.pack_match=nearest"))));
  options.pack_match = "nearest";
  const auto nearest = PackedVideoSource(pack, videos, spec, options, false).load({3}, {});
  EXPECT_NEAR(nearest.times[0][0].item<double>(), 3.0 / 8, 1e-6);  // the middle of the first of six segments
  EXPECT_NEAR(nearest.times[0][5].item<double>(), 43.0 / 8, 1e-6);
}

TEST_F(FrameSourceTest, TrainingDrawsByTheKeyAlone) {
  options.train_sampling = "random";
  options.train_crop = "random";
  options.train_flip = true;
  const FileVideoSource source(videos, spec, options, 1 << 20, false);
  const LoadKey key{true, 5, 2, 0};
  const auto first = source.load({2, 3}, key);
  expect_equal(first, source.load({2, 3}, key));
  EXPECT_FALSE(first.pixels.equal(source.load({2, 3}, {true, 5, 3, 0}).pixels));
  EXPECT_FALSE(first.pixels.equal(source.load({2, 3}, {true, 5, 2, 1}).pixels));
  const auto evaluated = source.load({2, 3}, {});
  options = {};
  expect_equal(evaluated, live({2, 3}));
}

TEST_F(FrameSourceTest, AnUncroppedPackGivesTheSameRandomCrops) {
  options.train_crop = "random";
  options.train_flip = true;
  const auto pack = packed(6, false);
  const PackedVideoSource source(pack, videos, spec, options, false);
  for (int64_t epoch = 0; epoch < 5; ++epoch)
    expect_equal(source.load({0, 3}, {true, 1, epoch, 0}), live({0, 3}, {true, 1, epoch, 0}));
  EXPECT_THAT([&] { PackedVideoSource(packed(6), videos, spec, options, false); },
              ThrowsMessage<ConfigError>(HasSubstr("--uncropped")));
}

TEST_F(FrameSourceTest, ShortVideosArePaddedAndMasked) {
  options.sampling = "clip4clip";
  const auto video = live({0, 3});  // 3 frames at 8 a second: one; 47 frames: seconds 0 to 5
  EXPECT_EQ(video.mask.sum(1)[0].item<int64_t>(), 1);
  EXPECT_EQ(video.mask.sum(1)[1].item<int64_t>(), 6);
  EXPECT_EQ(video.pixels[0].slice(0, 1).max().item<int64_t>(), 0);
}

TEST_F(FrameSourceTest, TheCacheChangesNothing) {
  for (const int64_t bytes : {0, 6 * 3 * 32 * 32 * 2, 1 << 30}) {
    const FileVideoSource source(videos, spec, options, bytes, false);
    const auto first = source.load({0, 1, 2, 3}, {});
    expect_equal(source.load({0, 1, 2, 3}, {}), first);
    expect_equal(live({0, 1, 2, 3}), first);
  }
}

TEST_F(FrameSourceTest, UnreadableVideosFollowThePolicy) {
  write_file(videos[1].path, "broken");
  EXPECT_THAT([&] { live({0, 1}); }, ThrowsMessage<DataError>(HasSubstr("video 'v9'")));
  const FileVideoSource tolerant(videos, spec, options, 0, true);
  const auto video = tolerant.load({0, 1}, {});
  EXPECT_EQ(video.pixels[1].max().item<int64_t>(), 0);
  EXPECT_TRUE(video.mask[1].all().item<bool>());
  EXPECT_GT(video.pixels[0].max().item<int64_t>(), 0);
  videos[1].black = true;
  EXPECT_EQ(live({1}).pixels.max().item<int64_t>(), 0);
}

TEST_F(FrameSourceTest, AWindowRestrictsTheFrames) {
  videos[3].start = 2;
  videos[3].end = 4;
  const auto times = live({3}).times;
  EXPECT_GE(times.min().item<double>(), 2);
  EXPECT_LE(times.max().item<double>(), 4);
}

TEST_F(FrameSourceTest, RefusesPacksOfOtherPixels) {
  const auto pack = packed(6);
  spec.size = 40;
  EXPECT_THAT([&] { PackedVideoSource(pack, videos, spec, options, false); },
              ThrowsMessage<ConfigError>(HasSubstr("holds frames of 32 pixels, the model takes 40")));
  spec.size = 32;
  options.fit = "square";
  EXPECT_THAT([&] { PackedVideoSource(pack, videos, spec, options, false); },
              ThrowsMessage<ConfigError>(HasSubstr("fit crop")));
}

}  // namespace
}  // namespace tvr
#endif

namespace tvr {
namespace {

TEST(BatchMemory, IsUsedAgainOnceTheTensorIsGone) {
  const BatchMemory memory;
  const void* first = nullptr;
  {
    const auto tensor = memory.take({4, 1000});
    first = tensor.data_ptr();
    const auto other = memory.take({4, 1000});
    EXPECT_NE(other.data_ptr(), first);
  }
  const auto again = memory.take({1000, 4}), more = memory.take({1000, 4});
  EXPECT_TRUE(again.data_ptr() == first || more.data_ptr() == first);
}

TEST(BatchMemory, TensorsOutliveIt) {
  torch::Tensor tensor;
  {
    const BatchMemory memory;
    tensor = memory.take({10});
  }
  tensor.fill_(3);
  EXPECT_EQ(tensor.sum().item<int64_t>(), 30);
}

}  // namespace
}  // namespace tvr
