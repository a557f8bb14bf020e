// TS2-Net's token shift (baselines.md 3.5), which the vision tower does when it is told which images are one video.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/seeded_weights.h"
#include "tvr/model/vision_tower.h"

namespace tvr {
namespace {

using test::seeded;

const torch::Tensor kTwoVideos = torch::tensor({{true, true, true, true}, {true, true, false, false}});

// 50 tokens a frame (ViT-B/32), fold 7: patches 1, 8, 15, … take the frame before, 4, 11, 18, … that after.
TEST(TokenShift, TakesTheNamedPlacesFromTheNeighbours) {
  const auto tokens = seeded("tokens", {8, 50, 2});
  const auto moved = shifted(tokens, {kTwoVideos, 1, 7});
  for (int64_t video = 0; video < 2; ++video) {
    const int64_t real = video == 0 ? 4 : 2;
    for (int64_t frame = 0; frame < real; ++frame) {
      for (int64_t place = 0; place < 50; ++place) {
        int64_t from = frame;
        if (place % 7 == 1 && frame > 0) from = frame - 1;
        if (place % 7 == 4 && frame + 1 < real) from = frame + 1;
        EXPECT_TRUE(moved[4 * video + frame][place].equal(tokens[4 * video + from][place])) << frame << " " << place;
      }
    }
  }
  EXPECT_TRUE(shifted(tokens, {}).is_same(tokens));
}

TEST(TokenShift, OfOtherGridsTheNextFramesPlacesLieHalfAFoldLater) {
  const auto tokens = seeded("tokens", {4, 197, 1});
  const auto moved = shifted(tokens, {torch::ones({1, 4}, torch::kBool), 1, 28});  // ViT-B/16: 197 div 7
  for (int64_t place = 0; place < 197; ++place) {
    const int64_t from = place % 28 == 1 ? 0 : place % 28 == 15 ? 2 : 1;
    EXPECT_TRUE(moved[1][place].equal(tokens[from][place])) << place;
  }
}

class ShiftingTower : public testing::Test {
 protected:
  ShiftingTower() : tower(config()) { test::fill_seeded(tower, test::own_names(), "visual."); }
  static VisionConfig config() {
    VisionConfig config;
    config.width = 32;
    config.layers = 3;
    config.heads = 2;
    config.mlp_width = 64;
    config.embed_dim = 16;
    config.image_size = 32;
    config.patch_size = 8;
    return config;
  }
  torch::Tensor pooled(const torch::Tensor& images, const TokenShift& shift) {
    return tower.forward(images, false, shift).pooled;
  }

  VisionTower tower;
  const torch::Tensor pixels = seeded("input.image", {8, 3, 32, 32}, 2);
};

TEST_F(ShiftingTower, LetsFramesOfOneVideoSeeEachOther) {
  const auto plain = pooled(pixels, {}), moved = pooled(pixels, {kTwoVideos, 2, 7});
  EXPECT_TRUE(plain.equal(pooled(pixels, {kTwoVideos, 0, 7})));
  EXPECT_FALSE(plain.allclose(moved));
  auto other = pixels.clone();
  other[0] += 1;  // two blocks carry it two frames on, not to the other video
  const auto change = (pooled(other, {kTwoVideos, 2, 7}) - moved).abs().amax(1);
  for (int64_t image = 0; image < 8; ++image) {
    const bool reached = image == 0 || image == 1;
    EXPECT_EQ(change[image].item<double>() > 1e-4, reached || image == 2) << image << change;
  }
}

TEST_F(ShiftingTower, PaddingChangesNothing) {
  auto other = pixels.clone();
  other.slice(0, 6) += 1;  // the second video's padding
  const TokenShift shift{kTwoVideos, 3, 7};
  EXPECT_TRUE(pooled(pixels, shift).slice(0, 0, 6).equal(pooled(other, shift).slice(0, 0, 6)));
}

TEST_F(ShiftingTower, CheckpointingGivesTheSameGradients) {
  const TokenShift shift{kTwoVideos, 2, 7};
  std::vector<torch::Tensor> gradients;
  for (const bool on : {false, true}) {
    tower.set_checkpointing(on);
    tower.zero_grad();
    pooled(pixels, shift).pow(2).sum().backward();
    gradients.push_back(tower.named_parameters()["conv1.weight"].grad().clone());
  }
  EXPECT_TRUE(gradients[0].allclose(gradients[1], 1e-5, 1e-6));
}

TEST_F(ShiftingTower, IsToldWholeVideos) {
  EXPECT_THROW(pooled(pixels.slice(0, 0, 6), {kTwoVideos, 2, 7}), c10::Error);
}

}  // namespace
}  // namespace tvr
