#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>
#include <fstream>

#include "tvr/base/error.h"
#include "tvr/data/video_source.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kVideos = 300;  // more than one shard

class FeaturePack : public testing::Test {
 protected:
  fs::path folder = fs::temp_directory_path() / ("tvr_pack_" + std::to_string(getpid()));
  std::vector<VideoItem> items;
  MemoryVideoSource videos{torch::arange(kVideos * 2)
                               .view({kVideos, 2, 1, 1, 1})
                               .remainder(251)
                               .expand({kVideos, 2, 3, 2, 2})
                               .to(torch::kUInt8)};
  int64_t encoded = 0;

  void SetUp() override {
    for (int64_t i = 0; i < kVideos; ++i) items.push_back({"video" + std::to_string(i), {}});
  }
  void TearDown() override { fs::remove_all(folder); }
  void make() {
    make_feature_pack(folder, videos, items, [&](const VideoInput& video) {
      encoded += video.pixels.size(0);
      VideoFeatures features;
      features.frames = video.pixels.flatten(2).to(torch::kFloat) * 0.5;
      features.mask = video.mask;
      features.times = video.times;
      return features;
    });
  }
};

TEST_F(FeaturePack, GivesBackWhatTheEncoderMade) {
  make();
  const FeatureVideoSource pack(folder, items);
  const auto loaded = pack.load({299, 3, 3, 256}, {});
  EXPECT_TRUE(loaded.cached.frames.equal(videos.load({299, 3, 3, 256}, {}).pixels.flatten(2).to(torch::kFloat) * 0.5));
  EXPECT_TRUE(loaded.cached.mask.all().item<bool>());
  EXPECT_FALSE(loaded.cached.patches.defined());
}

TEST_F(FeaturePack, ShardsThatAreThereAreNotMadeAgain) {
  make();
  EXPECT_EQ(encoded, kVideos);
  fs::remove(folder / "features-00001.safetensors");
  make();
  EXPECT_EQ(encoded, kVideos + 44);
}

TEST_F(FeaturePack, FindsAFlippedByte) {
  make();
  std::fstream stream(folder / "features-00001.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(-1, std::ios::end);
  stream.put('x');
  stream.close();
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
}

TEST_F(FeaturePack, RefusesOtherVideosAndDamage) {
  make();
  std::swap(items[0], items[1]);
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
  std::swap(items[0], items[1]);
  fs::resize_file(folder / "features-00001.safetensors", 1000);
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
}

}  // namespace
}  // namespace tvr
