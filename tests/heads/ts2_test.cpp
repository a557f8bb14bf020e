// TS2-Net against tests/reference/heads/ts2.py; its defects that are not copied, and training.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "conformance/random_features.h"
#include "heads/golden_cases.h"

namespace tvr {
namespace {

using test::make_head;
using testing::HasSubstr;

TEST(Ts2, EqualsAnIndependentVersion) {
  EXPECT_EQ(test::expect_golden_cases("ts2.json"), 2U);
}

// D = 2, no transformer to speak of: the weights of frames are a softmax of four times their normalised cosines.
TEST(Ts2, WeighsFramesByTheirSimilarity) {
  const auto head = make_head("ts2, layers: 1", {2, 3, 1});
  const torch::NoGradGuard no_grad;
  for (auto& item : head->named_parameters())  // the blocks add nothing: what comes out is twice what went in
    if (item.key().starts_with("transformerClip") || item.key().starts_with("frame_position")) item.value().zero_();
  TextFeatures text;
  text.pooled = torch::tensor({{3.0, 0.0}}, torch::kDouble);
  text.mask = torch::ones({1, 1}, torch::kBool);
  VideoFeatures video;
  video.frames = torch::tensor({{{0.6, 0.8}, {0.0, 2.0}, {9.0, 0.0}}}, torch::kDouble);
  video.patches = torch::ones({1, 3, 4, 2}, torch::kDouble);
  video.mask = torch::tensor({{true, true, false}});  // cosines 0.6 and 0, normalised 1 and 0
  const auto prepared = head->prepare(video, {});
  EXPECT_NEAR(head->parts(text, prepared, {})[0].value.item<double>(), 0.6 * std::exp(4) / (std::exp(4) + 1), 1e-12);
  const auto matches = head->explain(text, prepared);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].frame, 0);
  EXPECT_NEAR(matches[0].weight, std::exp(4) / (std::exp(4) + 1), 1e-12);
}

// The original's masks of a short video are those of other frames.
TEST(Ts2, AShortVideoScoresAsItDoesAlone) {
  const FeatureSizes sizes;
  const auto head = make_head("ts2", {sizes.dim, sizes.frames, sizes.words});
  fill_parameters(*head, 1);
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  const auto scores = [&](const VideoFeatures& videos) {
    return head->parts(head->prepare(text, {}), head->prepare(videos, {}), {})[0].value;
  };
  const auto together = scores(video);
  for (int64_t v = 0; v < sizes.videos; ++v) {
    const auto real = video.mask[v].sum().item<int64_t>();
    const auto alone =
        transformed(rows(video, v, v + 1), [&](const torch::Tensor& tensor) { return tensor.slice(1, 0, real); });
    EXPECT_TRUE(torch::allclose(together.slice(1, v, v + 1), scores(alone), 0, 1e-12)) << v;
  }
}

// Of the 77 positions a released table has, 19 frames of four tokens use 76.
TEST(Ts2, TellsTheMostFrames) {
  EXPECT_NO_THROW(make_head("ts2", {8, 19, 5}));
  try {
    make_head("ts2", {8, 20, 5});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("20 frames of 4 tokens need 80"));
  }
}

TEST(Ts2, TrainsItsSelectorAndIsPlainOutsideTraining) {
  const FeatureSizes sizes;
  const auto head = make_head("ts2", {sizes.dim, sizes.frames, sizes.words});
  fill_parameters(*head, 1);
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  StepContext step;
  const auto score = [&] { return head->parts(text, head->prepare(video, step), step)[0].value; };
  score().sum().backward();
  const std::string name = "visual_token_selector.score_predictor.out_conv.2.weight";
  EXPECT_FALSE(head->named_parameters()[name].grad().defined());
  step.training = true;
  score().sum().backward();
  EXPECT_GT(head->named_parameters()[name].grad().abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace tvr
