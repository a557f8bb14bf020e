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
