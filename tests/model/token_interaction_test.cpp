#include "tvr/model/token_interaction.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "conformance/random_features.h"

namespace tvr {
namespace {

double cosine(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.dot(b) / (a.norm() * b.norm())).item<double>();
}

// The formula of baselines.md 3.2 written as loops.
double direct(const TextFeatures& text, const VideoFeatures& video, int64_t t, int64_t v,
              const torch::Tensor& word_weights, const torch::Tensor& frame_weights) {
  double sum = 0;
  for (int64_t w = 0; w < text.mask.size(1); ++w) {
    double best = -2;
    for (int64_t f = 0; f < video.mask.size(1); ++f)
      if (text.mask[t][w].item<bool>() && video.mask[v][f].item<bool>())
        best = std::max(best, cosine(text.tokens[t][w], video.frames[v][f]));
    sum += 0.5 * word_weights[t][w].item<double>() * best;
  }
  for (int64_t f = 0; f < video.mask.size(1); ++f) {
    double best = -2;
    for (int64_t w = 0; w < text.mask.size(1); ++w)
      if (text.mask[t][w].item<bool>() && video.mask[v][f].item<bool>())
        best = std::max(best, cosine(text.tokens[t][w], video.frames[v][f]));
    sum += 0.5 * frame_weights[v][f].item<double>() * best;
  }
  return sum;
}

TEST(TokenInteraction, EqualsTheFormulaWrittenAsLoops) {
  const auto text = random_texts({}, 1, torch::kDouble);
  const auto video = random_videos({}, 1, torch::kDouble);
  const WeightedTokens words{text.tokens, text.mask, uniform_weights(text.mask, torch::kDouble)};
  const WeightedTokens frames{video.frames, video.mask, uniform_weights(video.mask, torch::kDouble)};
  const auto score = token_similarity(words, frames);
  for (int64_t t = 0; t < 5; ++t)
    for (int64_t v = 0; v < 4; ++v)
      EXPECT_NEAR(score[t][v].item<double>(), direct(text, video, t, v, words.weights, frames.weights), 1e-12);
}

// Worked example of cmfg.md e.3, "Masking".
TEST(TokenInteraction, PaddingIsLeftOutOrOffersZeroAsInDrl) {
  const auto words_mask = torch::tensor({{true, true, false}}), frames_mask = torch::tensor({{true, true}});
  const WeightedTokens words{torch::tensor({{{1.0, 0.0}, {1.0, 1.0}, {1.0, 0.5}}}, torch::kDouble), words_mask,
                             uniform_weights(words_mask, torch::kDouble)};
  const WeightedTokens frames{torch::tensor({{{-1.0, 0.0}, {-1.0, -2.0}}}, torch::kDouble), frames_mask,
                              uniform_weights(frames_mask, torch::kDouble)};
  EXPECT_NEAR(token_similarity(words, frames).item<double>(), -0.577160, 1e-6);
  TokenSimilarity as_in_drl;
  as_in_drl.padded = 0;
  EXPECT_NEAR(token_similarity(words, frames, as_in_drl).item<double>(), -0.288580, 1e-6);
}

TEST(TokenInteraction, ASingleTokenMeetsTheBestFrame) {
  const auto text = random_texts({}, 1, torch::kDouble);
  const auto video = random_videos({}, 1, torch::kDouble);
  const WeightedTokens frames{video.frames, video.mask, uniform_weights(video.mask, torch::kDouble)};
  TokenSimilarity of_words;
  of_words.direction = Direction::kText;
  const auto score = token_similarity(single_token(text.pooled), frames, of_words);
  double best = -2;
  for (int64_t f = 0; f < video.mask.size(1); ++f)
    if (video.mask[2][f].item<bool>()) best = std::max(best, cosine(text.pooled[1], video.frames[2][f]));
  EXPECT_NEAR(score[1][2].item<double>(), best, 1e-12);
}

TEST(TokenInteraction, BlockByBlockGivesTheSameValuesAndGradients) {
  const auto text = random_texts({}, 2, torch::kDouble);
  const auto video = random_videos({}, 2, torch::kDouble);
  std::vector<std::vector<torch::Tensor>> gradients;
  std::vector<torch::Tensor> scores;
  for (const int64_t budget :
       {int64_t{1} << 30, int64_t{6} * 3 * 8 * 7, int64_t{1}}) {  // whole, a row and a bit, pairs
    WeightedTokens words{text.tokens.clone().requires_grad_(), text.mask,
                         uniform_weights(text.mask, torch::kDouble).requires_grad_()};
    WeightedTokens frames{video.frames.clone().requires_grad_(), video.mask,
                          uniform_weights(video.mask, torch::kDouble).requires_grad_()};
    TokenSimilarity settings;
    settings.block_bytes = budget;
    scores.push_back(token_similarity(words, frames, settings));
    (scores.back() * random_tensor({5, 4}, 3, "gradient", torch::kDouble)).sum().backward();
    gradients.push_back({words.values.grad(), words.weights.grad(), frames.values.grad(), frames.weights.grad()});
  }
  for (size_t run = 1; run < scores.size(); ++run) {
    EXPECT_TRUE(torch::allclose(scores[run], scores[0], 1e-12, 1e-12));
    for (size_t i = 0; i < gradients[0].size(); ++i)
      EXPECT_TRUE(torch::allclose(gradients[run][i], gradients[0][i], 1e-12, 1e-12)) << run << " " << i;
  }
}

TEST(TokenInteraction, UniformWeightsSumToOneOverRealTokens) {
  const auto weights = uniform_weights(torch::tensor({{true, true, false}, {false, false, false}}), torch::kFloat);
  EXPECT_TRUE(weights.equal(torch::tensor({{0.5f, 0.5f, 0.0f}, {0.0f, 0.0f, 0.0f}})));
}

}  // namespace
}  // namespace tvr
