#include "tvr/model/similarity_attention.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "conformance/random_features.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {

torch::Tensor row(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble);
}
torch::Tensor all_real(int64_t size) {
  return torch::ones({size}, torch::kBool);
}
void expect_values(const torch::Tensor& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.numel(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found.flatten()[static_cast<int64_t>(i)].item<double>(), expected[i], 1e-6) << i;
}

// Set 2 of cmfg.md e.3: three words against two frames, both of unit length.
const auto kWords = unit(torch::tensor({{1.0, 0.0}, {1.0, 1.0}, {1.0, 3.0}}, torch::kDouble));
const auto kFrames = unit(torch::tensor({{2.0, 1.0}, {-1.0, 2.0}}, torch::kDouble));

struct Worked {
  double temperature;
  std::vector<double> of_frames, of_words, orders;
  double both, words_and_video, frames_and_sentence;
};
class WorkedAttention : public testing::TestWithParam<Worked> {};

TEST_P(WorkedAttention, GivesTheNumbersOfTheReference) {
  const auto& expected = GetParam();
  const auto cosines = torch::matmul(kWords, kFrames.t());  // [L,S]
  const auto of = [&](const torch::Tensor& values) {
    return attended(values, all_real(values.size(-1)), {}, expected.temperature);
  };
  const auto of_frames = of(cosines.t()), of_words = of(cosines);
  expect_values(of_frames, expected.of_frames);
  expect_values(of_words, expected.of_words);
  expect_values(torch::stack({of(of_frames), of(of_words)}), expected.orders);
  expect_values(attended_both_ways(cosines, all_real(3), all_real(2), {}, expected.temperature), {expected.both});
  const auto video = unit(kFrames.mean(0)), sentence = unit(row({2, 1}));
  expect_values(of(torch::mv(kWords, video)), {expected.words_and_video});
  expect_values(of(torch::mv(kFrames, sentence)), {expected.frames_and_sentence});
}
INSTANTIATE_TEST_SUITE_P(Temperatures, WorkedAttention,
                         testing::Values(Worked{0.01,
                                                {0.948445, 0.707107},
                                                {0.894427, 0.948683, 0.707107},
                                                {0.948445, 0.948445},
                                                0.948445,
                                                0.999997,
                                                1.000000},
                                         Worked{0.5,
                                                {0.870048, 0.518538},
                                                {0.808606, 0.809461, 0.707107},
                                                {0.753648, 0.779509},
                                                0.766578,
                                                0.874221,
                                                0.880797}));

// Tokens of unit length, learned matrices that are not the identity, and their sizes.
struct Sides {
  AttentionTokens text, video;
  AttentionMatrices matrices;
};
Sides random_sides() {
  const auto text = random_texts({}, 1, torch::kDouble);
  const auto video = random_videos({}, 1, torch::kDouble);
  const auto matrix = [](int64_t size, const char* name) {
    return torch::eye(size, torch::kDouble) + 0.3 * random_tensor({size, size}, 1, name, torch::kDouble);
  };
  return {{unit(text.tokens), text.mask},
          {unit(video.frames), video.mask},
          {matrix(6, "words"), matrix(3, "frames second"), matrix(3, "frames"), matrix(6, "words second")}};
}

// sum_i (softmax(c / temperature) M)_i c_i over the real places, in loops.
double attention(const std::vector<double>& c, const torch::Tensor& matrix, double temperature) {
  double total = 0, result = 0;
  for (const double value : c) total += std::exp(value / temperature);
  for (size_t i = 0; i < c.size(); ++i)
    for (size_t j = 0; j < c.size(); ++j)
      result += std::exp(c[j] / temperature) / total *
                matrix[static_cast<int64_t>(j)][static_cast<int64_t>(i)].item<double>() * c[i];
  return result;
}

TEST(SimilarityAttention, EqualsTheFormulaWrittenAsLoopsOverRealTokens) {
  const auto sides = random_sides();
  const auto scores = similarity_attention(sides.text, sides.video, sides.matrices, {0.3});
  for (int64_t t = 0; t < 5; ++t) {
    for (int64_t v = 0; v < 4; ++v) {
      const auto words = sides.text.mask[t].sum().item<int64_t>(), frames = sides.video.mask[v].sum().item<int64_t>();
      const auto cosine = [&](int64_t l, int64_t n) {
        return sides.text.values[t][l].dot(sides.video.values[v][n]).item<double>();
      };
      std::vector<double> of_frames, of_words;
      for (int64_t n = 0; n < frames; ++n) {
        std::vector<double> column;
        for (int64_t l = 0; l < words; ++l) column.push_back(cosine(l, n));
        of_frames.push_back(attention(column, sides.matrices.words_first, 0.3));
      }
      for (int64_t l = 0; l < words; ++l) {
        std::vector<double> line;
        for (int64_t n = 0; n < frames; ++n) line.push_back(cosine(l, n));
        of_words.push_back(attention(line, sides.matrices.visual_first, 0.3));
      }
      const double expected = 0.5 * (attention(of_frames, sides.matrices.visual_second, 0.3) +
                                     attention(of_words, sides.matrices.words_second, 0.3));
      EXPECT_NEAR(scores[t][v].item<double>(), expected, 1e-12);
    }
  }
}

TEST(SimilarityAttention, BlockByBlockGivesTheSameValuesAndGradients) {
  std::vector<torch::Tensor> scores;
  std::vector<std::vector<torch::Tensor>> gradients;
  for (const int64_t block_bytes : {int64_t{1} << 30, int64_t{6} * 3 * 8 * 5, int64_t{1}}) {
    auto sides = random_sides();
    std::vector<torch::Tensor> leaves{sides.text.values,           sides.video.values,
                                      sides.matrices.words_first,  sides.matrices.visual_second,
                                      sides.matrices.visual_first, sides.matrices.words_second};
    for (auto& leaf : leaves) leaf.requires_grad_();
    scores.push_back(similarity_attention(sides.text, sides.video, sides.matrices, {0.2, block_bytes}));
    (scores.back() * random_tensor({5, 4}, 3, "gradient", torch::kDouble)).sum().backward();
    gradients.emplace_back();
    for (const auto& leaf : leaves) gradients.back().push_back(leaf.grad());
  }
  for (size_t run = 1; run < scores.size(); ++run) {
    EXPECT_TRUE(torch::allclose(scores[run], scores[0], 1e-12, 1e-12));
    for (size_t i = 0; i < gradients[0].size(); ++i)
      EXPECT_TRUE(torch::allclose(gradients[run][i], gradients[0][i], 1e-12, 1e-12)) << run << " " << i;
  }
}

TEST(SimilarityAttention, AMatrixUsedTwiceGetsBothGradients) {
  std::vector<torch::Tensor> gradients;
  for (const int64_t block_bytes : {int64_t{1} << 30, int64_t{1}}) {
    const auto sides = random_sides();
    auto words = sides.matrices.words_first.clone().requires_grad_();
    similarity_attention(sides.text, sides.video, {words, {}, {}, words}, {0.2, block_bytes}).sum().backward();
    gradients.push_back(words.grad());
  }
  EXPECT_TRUE(torch::allclose(gradients[0], gradients[1], 1e-12, 1e-12));
}

TEST(SimilarityAttention, AMatrixFitsShorterAndLongerSets) {
  const auto matrix = torch::tensor({{1.0, 2.0}, {3.0, 4.0}}, torch::kDouble);
  EXPECT_TRUE(fitted(matrix, 1).equal(torch::tensor({{1.0}}, torch::kDouble)));
  EXPECT_TRUE(
      fitted(matrix, 3).equal(torch::tensor({{1.0, 2.0, 0.0}, {3.0, 4.0, 0.0}, {0.0, 0.0, 1.0}}, torch::kDouble)));
  EXPECT_FALSE(fitted({}, 3).defined());
}

TEST(SimilarityAttention, NothingRealGivesTheLowestScore) {
  const auto nothing = torch::zeros({3}, torch::kBool);
  expect_values(attended(row({0.5, 0.9, -0.3}), nothing, {}, 0.01), {-1});
}

// As X-CLIP's code: a mask that is all true lets padding take part.
TEST(SimilarityAttention, PaddingCountsOnlyIfTheMaskSaysSo) {
  const auto values = row({0.2, 0.4, 0.9});
  expect_values(attended(values, torch::tensor({true, true, false}), {}, 0.5),
                {attention({0.2, 0.4}, torch::eye(2), 0.5)});
  expect_values(attended(values, all_real(3), {}, 0.5), {attention({0.2, 0.4, 0.9}, torch::eye(3), 0.5)});
}

}  // namespace
}  // namespace tvr
