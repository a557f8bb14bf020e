#include "tvr/model/score.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>

namespace tvr {
namespace {

Parts two_parts() {
  return {{"a", torch::tensor({{1.0f, 2.0f}}), {}},
          {"b", torch::tensor({{10.0f, 20.0f}}), torch::tensor({{true, false}})}};
}

TEST(Score, SumsWeightedPartsAndFillsInvalidPairs) {
  ScoreOptions options;
  options.weights = {{"b", 0.1}};
  options.fill = -5;
  options.logit_scale = 2;
  Score score(options, {{"a", 1}, {"b", 1}});
  EXPECT_TRUE(torch::allclose(score.sum(two_parts()), torch::tensor({{2.0f, 1.5f}})));
  EXPECT_TRUE(torch::allclose(score.logits(two_parts()), torch::tensor({{4.0f, 3.0f}})));
  EXPECT_TRUE(torch::allclose(score.part_logits(two_parts())[1].value, torch::tensor({{20.0f, -10.0f}})));
}

TEST(Score, AWeightOfZeroSwitchesAPartOff) {
  ScoreOptions options;
  options.weights = {{"b", 0}};
  Score score(options, {{"a", 1}, {"b", 1}});
  EXPECT_EQ(score.part_logits(two_parts()).size(), 1u);
}

TEST(Score, SeparateScalesAreLearnedApart) {
  ScoreOptions options;
  options.separate_scales = true;
  options.logit_scale = 2;
  Score score(options, {{"a", 1}, {"b", 1}});
  score.part_logits(two_parts())[0].value.sum().backward();
  const auto gradient = score.parameters()[0].grad();
  EXPECT_NE(gradient[0].item<double>(), 0);
  EXPECT_EQ(gradient[1].item<double>(), 0);
}

TEST(Score, LearnedWeightsStartAtTheGivenOnesAndKeepTheirSum) {
  ScoreOptions options;
  options.weights = {{"b", 0.5}, {"c", 0}};
  options.learned_weights = true;
  Score score(options, {{"a", 1.5}, {"b", 1}, {"c", 1}});
  auto parts = two_parts();
  parts.push_back({"c", torch::full({1, 2}, 1000.0f), {}});
  const auto before = score.sum(parts);
  EXPECT_TRUE(torch::allclose(before, torch::tensor({{6.5f, 3.0f}})));
  score.sum(parts)[0][0].backward();
  const auto logits = score.named_parameters()["weight_logits"];
  // d/dg_b of 2 (w_a 1 + w_b 10), with w = softmax = (0.75, 0.25, 0): 2 * 0.75 * 0.25 * (10 - 1)
  EXPECT_TRUE(torch::allclose(logits.grad(), torch::tensor({-3.375f, 3.375f, 0.0f})));
  torch::NoGradGuard no_grad;
  logits[1] += std::log(3.0);  // now as much as a
  EXPECT_TRUE(torch::allclose(score.sum(parts), torch::tensor({{11.0f, 2.0f}})));
}

TEST(Score, NegativeWeightsCannotBeLearned) {
  ScoreOptions options;
  options.weights = {{"b", -1}};
  options.learned_weights = true;
  EXPECT_THROW(Score(options, {{"a", 1}, {"b", 1}}), ConfigError);
}

TEST(Score, ClampsTheLogitScale) {
  ScoreOptions options;
  options.logit_scale = 1000;
  Score score(options, {{"a", 1}});
  score.clamp();
  EXPECT_NEAR(score.parameters()[0].item<double>(), std::log(100.0), 1e-6);
}

TEST(Score, RefusesUnknownPartsAndNothingAtAll) {
  ScoreOptions options;
  options.weights = {{"sentense-video", 1}};
  EXPECT_THAT(
      [&] {
        Score(options, {{"sentence-video", 1}});
      },
      testing::ThrowsMessage<ConfigError>(testing::HasSubstr("did you mean 'sentence-video'?")));
  options.weights = {{"sentence-video", 0}};
  EXPECT_THROW(Score(options, {{"sentence-video", 1}}), ConfigError);
}

}  // namespace
}  // namespace tvr
