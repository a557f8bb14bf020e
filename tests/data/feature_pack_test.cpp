#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>
#include <fstream>

#include "tvr/base/error.h"
#include "tvr/data/feature_pack.h"
#include "tvr/data/video_source.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kVideos = 300;  // more than one shard

class FeaturePackTest : public testing::Test {
 protected:
  fs::path folder = fs::temp_directory_path() / ("tvr_pack_" + std::to_string(getpid()));
  std::vector<std::string> items;
  MemoryVideoSource videos{torch::arange(kVideos * 2)
                               .view({kVideos, 2, 1, 1, 1})
                               .remainder(251)
                               .expand({kVideos, 2, 3, 2, 2})
                               .to(torch::kUInt8)};
  int64_t encoded = 0;

  void SetUp() override {
    for (int64_t i = 0; i < kVideos; ++i) items.push_back("video" + std::to_string(i));
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

TEST_F(FeaturePackTest, GivesBackWhatTheEncoderMade) {
  make();
  const FeatureVideoSource pack(folder, items);
  const auto loaded = pack.load({299, 3, 3, 256}, {});
  EXPECT_TRUE(loaded.cached.frames.equal(videos.load({299, 3, 3, 256}, {}).pixels.flatten(2).to(torch::kFloat) * 0.5));
  EXPECT_TRUE(loaded.cached.mask.all().item<bool>());
  EXPECT_FALSE(loaded.cached.patches.defined());
}

TEST_F(FeaturePackTest, ShardsThatAreThereAreNotMadeAgain) {
  make();
  EXPECT_EQ(encoded, kVideos);
  fs::remove(folder / "features-00001.safetensors");
  make();
  EXPECT_EQ(encoded, kVideos + 44);
}

TEST_F(FeaturePackTest, FindsAFlippedByte) {
  make();
  std::fstream stream(folder / "features-00001.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(-1, std::ios::end);
  stream.put('x');
  stream.close();
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
}

TEST_F(FeaturePackTest, RefusesOtherVideosAndDamage) {
  make();
  std::swap(items[0], items[1]);
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
  std::swap(items[0], items[1]);
  fs::resize_file(folder / "features-00001.safetensors", 1000);
  EXPECT_THROW(FeatureVideoSource(folder, items), DataError);
}

// A token is a character, so that texts differ in length.
class Characters final : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view text) const override { return {text.begin(), text.end()}; }
  int64_t vocabulary_size() const override { return 256; }
  int64_t start_id() const override { return 1; }
  int64_t end_id() const override { return 2; }
  int64_t pad_id() const override { return 0; }
};

TEST_F(FeaturePackTest, GivesTextsTheFeaturesOfTheirWords) {
  std::vector<std::string> captions;
  for (int64_t i = 0; i < kVideos; ++i) captions.push_back(std::string(static_cast<size_t>(1 + i % 9), 'a'));
  TextTable texts(Characters(), captions, 12);
  const auto encode = [](const TextInput& text) {
    TextFeatures features;
    features.tokens = text.ids.to(torch::kFloat).unsqueeze(-1).expand({-1, -1, 3}).contiguous();
    features.pooled = features.tokens.sum(1);
    features.mask = text.mask;
    return features;
  };
  make_feature_pack(folder, texts, captions, encode);
  const std::vector<int64_t> rows{299, 0, 256, 0};
  const auto expected = encode(texts.rows(rows));
  texts.attach(std::make_shared<FeaturePack>(folder, captions));
  const auto loaded = texts.rows(rows);
  EXPECT_TRUE(loaded.cached.tokens.equal(expected.tokens));
  EXPECT_TRUE(loaded.cached.pooled.equal(expected.pooled));
  EXPECT_TRUE(loaded.cached.mask.equal(loaded.mask));
}

}  // namespace
}  // namespace tvr
