#include "tvr/model/patch_selection.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "conformance/random_features.h"

namespace tvr {
namespace {

VideoFeatures mostly_background() {
  VideoFeatures video;
  video.patches = torch::tensor({1.0, 0.0}).expand({1, 2, 5, 2}).clone();
  video.patches[0][0][3] = torch::tensor({0.0, 1.0});
  video.patches[0][1][1] = torch::tensor({-1.0, 0.2});
  video.frames = torch::zeros({1, 2, 2});
  video.mask = torch::ones({1, 2}, torch::kBool);
  return video;
}

TEST(PatchSelection, KeepsWhatDiffersFromTheBackground) {
  const auto kept = select_salient_patches(mostly_background(), 2);
  EXPECT_EQ(kept.patches.size(2), 2);
  EXPECT_TRUE(kept.patch_indices[0][0].eq(3).any().item<bool>());
  EXPECT_TRUE(kept.patch_indices[0][1].eq(1).any().item<bool>());
  EXPECT_TRUE(kept.patches[0][0][1].equal(
      torch::tensor({0.0, 1.0})));  // grid order: place 0 (the first of the equal ones), then 3
  EXPECT_EQ(kept.patch_indices[0][0][0].item<int64_t>(), 0);
}

TEST(PatchSelection, ASecondSelectionKeepsGridPlaces) {
  const auto video = random_videos({.patches = 9}, 1, torch::kFloat);
  const auto once = select_salient_patches(video, 6);
  const auto twice = select_salient_patches(once, 6);
  EXPECT_TRUE(once.patch_indices.equal(twice.patch_indices));
}

TEST(PatchSelection, KeepsAllIfAskedForMore) {
  const auto video = random_videos({}, 1, torch::kFloat);
  const auto kept = select_salient_patches(video, 100);
  EXPECT_TRUE(kept.patches.equal(video.patches));
  EXPECT_EQ(kept.patch_indices[1][0][3].item<int64_t>(), 3);
}

TEST(PatchSelection, DoesNotLookAtOtherVideosOrPaddingFrames) {
  auto video = random_videos({}, 1, torch::kFloat);
  video.mask[2] = torch::tensor({true, true, false});
  const auto whole = select_salient_patches(video, 2);
  const auto single = select_salient_patches(rows(video, 2, 3), 2);
  EXPECT_TRUE(whole.patch_indices[2].equal(single.patch_indices[0]));
  video.patches[2][2].fill_(7);
  EXPECT_TRUE(
      select_salient_patches(video, 2).patch_indices[2].slice(0, 0, 2).equal(whole.patch_indices[2].slice(0, 0, 2)));
}

}  // namespace
}  // namespace tvr
