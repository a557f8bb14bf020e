#include "tvr/eval/embedding_scores.h"

#include <gmock/gmock.h>

#include <cmath>

#include "temporary_folder.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

using testing::HasSubstr;

class EmbeddingScoresTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
    write_npy(folder_ / name, {ElementType::kF32, shape, values.data()});
    return (folder_ / name).string();
  }
  std::string write_mask(const std::string& name, const std::vector<int64_t>& shape,
                         const std::vector<uint8_t>& values) {
    write_npy(folder_ / name, {ElementType::kU8, shape, values.data()});
    return (folder_ / name).string();
  }
  static std::vector<float> random_values(int64_t count, uint64_t seed) {
    Random random(seed, "embeddings");
    std::vector<float> values(count);
    for (auto& value : values) value = static_cast<float>(random.normal());
    return values;
  }
  std::vector<float> scores(const EmbeddingFiles& files, EmbeddingSimilarity similarity) {
    notes_.clear();
    const auto matrix = embedding_scores(files, similarity, notes_);
    std::vector<float> values(matrix->texts() * matrix->videos());
    matrix->read_rows(0, matrix->texts(), values.data());
    return values;
  }
  std::string refusal(const EmbeddingFiles& files) {
    try {
      scores(files, EmbeddingSimilarity::kCosine);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
  test::TemporaryFolder folder_;
  std::vector<std::string> notes_;
};

double dot(const float* a, const float* b, int64_t width) {
  double sum = 0;
  for (int64_t i = 0; i < width; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}
double cosine(const float* a, const float* b, int64_t width) {
  return dot(a, b, width) / std::sqrt(dot(a, a, width) * dot(b, b, width));
}

TEST_F(EmbeddingScoresTest, PooledVectorsGiveCosineOrDotAcrossBlocks) {
  constexpr int64_t kTexts = 1030, kVideos = 1027, kWidth = 5;  // more than a block of either
  const auto text = random_values(kTexts * kWidth, 1), video = random_values(kVideos * kWidth, 2);
  const EmbeddingFiles files{write("t.npy", {kTexts, kWidth}, text), write("v.npy", {kVideos, kWidth}, video), "", ""};
  const auto cosines = scores(files, EmbeddingSimilarity::kCosine), dots = scores(files, EmbeddingSimilarity::kDot);
  for (int64_t t = 0; t < kTexts; t += 7) {
    for (int64_t v = 0; v < kVideos; v += 3) {
      const float *a = text.data() + t * kWidth, *b = video.data() + v * kWidth;
      ASSERT_NEAR(cosines[t * kVideos + v], cosine(a, b, kWidth), 1e-7);
      ASSERT_NEAR(dots[t * kVideos + v], dot(a, b, kWidth), 1e-6);
    }
  }
}

TEST_F(EmbeddingScoresTest, TokensAreComparedOneByOneAndPaddingIsLeftOut) {
  constexpr int64_t kTexts = 3, kWords = 4, kVideos = 2, kFrames = 3, kWidth = 6;
  const auto text = random_values(kTexts * kWords * kWidth, 3), video = random_values(kVideos * kFrames * kWidth, 4);
  const std::vector<uint8_t> words{1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0}, frames{1, 0, 1, 1, 1, 1};
  const auto result =
      scores({write("t.npy", {kTexts, kWords, kWidth}, text), write("v.npy", {kVideos, kFrames, kWidth}, video),
              write_mask("tm.npy", {3, 4}, words), write_mask("vm.npy", {2, 3}, frames)},
             EmbeddingSimilarity::kCosine);
  for (int64_t t = 0; t < kTexts; ++t) {
    for (int64_t v = 0; v < kVideos; ++v) {
      std::vector<double> best_words(kFrames, -2), best_frames(kWords, -2);
      for (int64_t w = 0; w < kWords; ++w)
        for (int64_t f = 0; f < kFrames; ++f)
          if (words[t * kWords + w] == 1 && frames[v * kFrames + f] == 1) {
            const double score = cosine(&text[(t * kWords + w) * kWidth], &video[(v * kFrames + f) * kWidth], kWidth);
            best_frames[w] = std::max(best_frames[w], score);
            best_words[f] = std::max(best_words[f], score);
          }
      double word_sum = 0, word_count = 0, frame_sum = 0, frame_count = 0;
      for (int64_t w = 0; w < kWords; ++w)
        if (words[t * kWords + w] == 1) word_sum += best_frames[w], word_count += 1;
      for (int64_t f = 0; f < kFrames; ++f)
        if (frames[v * kFrames + f] == 1) frame_sum += best_words[f], frame_count += 1;
      EXPECT_NEAR(result[t * kVideos + v], (word_sum / word_count + frame_sum / frame_count) / 2, 1e-6);
    }
  }
  EXPECT_THAT(notes_.back(), HasSubstr("token-wise cosine"));
}

TEST_F(EmbeddingScoresTest, AVectorOfLengthZeroGivesNanAndIsCounted) {
  const auto result = scores({write("t.npy", {2, 2}, {0, 0, 1, 0}), write("v.npy", {1, 2}, {1, 1}), "", ""},
                             EmbeddingSimilarity::kCosine);
  EXPECT_TRUE(std::isnan(result[0]));
  EXPECT_NEAR(result[1], std::sqrt(0.5), 1e-7);
  EXPECT_THAT(notes_.front(), HasSubstr("1 embeddings have length 0"));
}

TEST_F(EmbeddingScoresTest, ATextWithoutARealTokenGivesNan) {
  const auto result = scores({write("t.npy", {2, 1, 2}, {1, 0, 1, 0}), write("v.npy", {1, 2}, {1, 1}),
                              write_mask("m.npy", {2, 1}, {0, 1}), ""},
                             EmbeddingSimilarity::kDot);
  EXPECT_TRUE(std::isnan(result[0]));
  EXPECT_EQ(result[1], 1);
}

TEST_F(EmbeddingScoresTest, WhatDoesNotFitIsRefused) {
  const auto flat = write("flat.npy", {2, 3}, std::vector<float>(6, 1)),
             wide = write("wide.npy", {2, 4}, std::vector<float>(8, 1)),
             tokens = write("tokens.npy", {2, 2, 3}, std::vector<float>(12, 1)),
             line = write("line.npy", {3}, {1, 2, 3});
  const auto mask = write_mask("mask.npy", {2, 3}, std::vector<uint8_t>(6, 1));
  EXPECT_THAT(refusal({flat, wide, "", ""}), HasSubstr("same width"));
  EXPECT_THAT(refusal({tokens, flat, "", ""}), HasSubstr("--text-mask all"));
  EXPECT_THAT(refusal({flat, flat, "all", ""}), HasSubstr("has no tokens"));
  EXPECT_THAT(refusal({tokens, flat, mask, ""}), HasSubstr("must be [N,tokens]"));
  EXPECT_THAT(refusal({line, flat, "", ""}), HasSubstr("two dimensions"));
  EXPECT_THROW(parse_similarity("cos"), ConfigError);
  EXPECT_EQ(parse_similarity("dot"), EmbeddingSimilarity::kDot);
}

}  // namespace
}  // namespace tvr
