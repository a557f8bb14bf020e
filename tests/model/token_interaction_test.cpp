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
  const auto cosines = token_cosines(words, frames);
  const auto score = 0.5 * (text_to_visual(cosines, words.weights) + visual_to_text(cosines, frames.weights));
  for (int64_t t = 0; t < 5; ++t)
    for (int64_t v = 0; v < 4; ++v)
      EXPECT_NEAR(score[t][v].item<double>(), direct(text, video, t, v, words.weights, frames.weights), 1e-12);
}

TEST(TokenInteraction, UniformWeightsSumToOneOverRealTokens) {
  const auto weights = uniform_weights(torch::tensor({{true, true, false}, {false, false, false}}), torch::kFloat);
  EXPECT_TRUE(weights.equal(torch::tensor({{0.5f, 0.5f, 0.0f}, {0.0f, 0.0f, 0.0f}})));
}

}  // namespace
}  // namespace tvr
