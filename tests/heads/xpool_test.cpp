// X-Pool against tests/reference/heads/xpool.py; how it begins, and its dropout.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "conformance/random_features.h"
#include "heads/golden_cases.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {

using test::make_head;

TEST(XPool, EqualsAnIndependentVersion) {
  EXPECT_EQ(test::expect_golden_cases("xpool.json"), 3U);
}

TEST(XPool, HasTheParametersOfItsCheckpoints) {
  const auto head = make_head("xpool", {512, 12, 32});
  int64_t count = 0;
  for (const auto& parameter : head->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 5 * (512 * 512 + 512) + 3 * 2 * 512);
}

// All projections are the identity: a video of one frame is scored by its standardised channels.
TEST(XPool, BeginsWithTheStandardisedFrame) {
  const auto head = make_head("xpool", {8, 1, 5});
  const auto text = random_texts({3, 2, 5, 1, 4, 8}, 1, torch::kDouble);
  const auto video = random_videos({3, 2, 5, 1, 4, 8}, 1, torch::kDouble);
  const auto frames = video.frames.select(1, 0);
  const auto centred = frames - frames.mean(1, true);
  const auto expected = torch::matmul(unit(text.pooled), unit(centred).t());
  const auto score = head->parts(head->prepare(text, {}), head->prepare(video, {}), {})[0].value;
  EXPECT_TRUE(torch::allclose(score, expected, 0, 1e-4)) << score << expected;  // up to the epsilons of the norms
}

TEST(XPool, HeadsMustDivideTheChannels) {
  EXPECT_THROW(make_head("xpool, heads: 3", {8, 3, 5}), ConfigError);
  EXPECT_NO_THROW(make_head("xpool, heads: 8", {1, 1, 1}));  // only asked what it needs
}

class XPoolDropout : public testing::Test {
 protected:
  torch::Tensor scores(const std::string& type, const StepContext& step) {
    const auto head = make_head(type, {sizes.dim, sizes.frames, sizes.words});
    return head->parts(head->prepare(text, step), head->prepare(video, step), step)[0].value;
  }
  static StepContext training(int64_t step) {
    StepContext context;
    context.training = true;
    context.step = step;
    return context;
  }
  const FeatureSizes sizes{6, 5, 5, 3, 4, 64};
  const TextFeatures text = random_texts(sizes, 1, torch::kDouble);
  const VideoFeatures video = random_videos(sizes, 1, torch::kDouble);
};

TEST_F(XPoolDropout, FollowsTheStepAndIsOffOutsideTraining) {
  const auto plain = scores("xpool, dropout: 0", training(1));
  EXPECT_TRUE(plain.equal(scores("xpool, dropout: 0.5", {})));
  EXPECT_TRUE(scores("xpool", training(1)).equal(scores("xpool", training(1))));
  EXPECT_FALSE(scores("xpool", training(1)).equal(scores("xpool", training(2))));
  EXPECT_FALSE(scores("xpool", training(1)).allclose(plain));
}

// Texts and videos that are all alike: what differs between pairs is what was dropped.
TEST_F(XPoolDropout, IsDrawnForEachPairByItself) {
  auto texts = select(text, torch::zeros({6}, torch::kLong));
  auto videos = select(video, torch::zeros({5}, torch::kLong));
  const auto head = make_head("xpool", {sizes.dim, sizes.frames, sizes.words});
  const auto step = training(1);
  const auto score = head->parts(head->prepare(texts, step), head->prepare(videos, step), step)[0].value.flatten();
  const auto sorted = std::get<0>(score.sort());
  EXPECT_GT((sorted.slice(0, 1) - sorted.slice(0, 0, -1)).min().item<double>(), 0) << score;
}

// With a projection of ones the output's mean channel tells how many were kept; over many pairs, the share.
TEST_F(XPoolDropout, KeepsTheShareThatIsAsked) {
  const FeatureSizes many{40, 40, 5, 1, 4, 64};
  const auto head = make_head("xpool, dropout: 0.25", {64, 1, 5});
  const torch::NoGradGuard no_grad;
  for (auto& item : head->named_parameters()) {
    if (item.key() == "pool_frames.layer_norm2.weight") item.value().zero_();  // leaves the bias
    if (item.key() == "pool_frames.linear_proj.bias") item.value().fill_(1);
  }
  // The output is 4/3 where kept and 0 where not, standardised: its cosine with a one-hot sentence is sqrt((1-k)/k)/8
  // if that channel was kept and -sqrt(k/(1-k))/8 if not, for the share k of all channels.
  auto texts = random_texts(many, 1, torch::kDouble);
  texts.pooled = torch::zeros({40, 64}, torch::kDouble);
  for (int64_t t = 0; t < 40; ++t) texts.pooled[t][t] = 1;
  const auto step = training(1);
  const auto videos = random_videos(many, 1, torch::kDouble);
  const auto score = head->parts(head->prepare(texts, step), head->prepare(videos, step), step)[0].value;
  EXPECT_NEAR(score.gt(0).to(torch::kDouble).mean().item<double>(), 0.75, 0.04);  // 1600 draws: deviation 0.011
}

}  // namespace
}  // namespace tvr
