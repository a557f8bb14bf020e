#include "tvr/eval/rerank.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "eval/golden_matrix.h"
#include "tvr/base/error.h"
#include "tvr/base/random.h"
#include "tvr/eval/fusion.h"
#include "tvr/eval/metrics.h"
#include "tvr/eval/retrieved.h"

namespace tvr {
namespace {

using test::golden_matrix;
using test::Matrix;
using test::square_matrix;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RerankTest, SpecsParseAndPrint) {
  EXPECT_EQ(parse_rerank("dual_softmax:100").text(), "dual_softmax:100");
  EXPECT_EQ(parse_rerank("dis:20").text(), "dynamic_inverted_softmax:20");
  EXPECT_EQ(parse_rerank("dis:0.8:5").text(), "dynamic_inverted_softmax:0.8:5");
  EXPECT_EQ(parse_rerank("qb:1.99").method, RerankMethod::kQueryBank);
  EXPECT_EQ(parse_rerank("inverted_softmax:1").text(), "inverted_softmax:1");
}

TEST(RerankTest, ATemperatureIsNeverGuessed) {
  for (const char* text : {"dual_softmax", "dual_softmax:", "dual_softmax:0", "dual_softmax:-1", "dual_softmax:x",
                           "dual_softmax:1x", "dual_softmax:nan", "dual_softmax:inf", "dual_softmax:100:2", "dis:20:0"})
    EXPECT_THAT(message_of([&] { parse_rerank(text); }), HasSubstr("temperature above 0")) << text;
  EXPECT_THAT(message_of([] { parse_rerank("dual_softmx:1"); }), HasSubstr("did you mean 'dual_softmax'"));
}

TEST(RerankTest, NanStaysAndAddsNothingWhileInfinityIsRefused) {
  const auto matrix = square_matrix({kNan, 0.5F, -kInf, 0.1F}, 2);
  const auto view = matrix.view();
  const auto texts = rerank_for_texts(view, parse_rerank("dsl:10"), nullptr);
  std::vector<double> values(4);
  texts->read_rows(0, 2, values.data());
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[2], -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(values[1], 0.5 / (1 + std::exp(-4.0)), 1e-8);
  const auto infinite = square_matrix({kInf, 0.5F, 0, 0.1F}, 2);
  const auto infinite_view = infinite.view();
  EXPECT_THAT(message_of([&] { rerank_for_videos(infinite_view, parse_rerank("is:10"), nullptr); }),
              HasSubstr("row 0, column 0"));
}

TEST(RerankTest, ABankOfAnotherWidthIsRefused) {
  const std::vector<float> values(6, 0.5F);
  const DenseScores scores(values.data(), 2, 3), bank(values.data(), 3, 2);
  EXPECT_THAT(message_of([&] { rerank_for_texts(scores, parse_rerank("qb:1"), &bank); }), HasSubstr("2 videos"));
  EXPECT_THAT(message_of([&] { rerank_for_videos(scores, parse_rerank("qb:1"), &bank); }), HasSubstr("3 texts"));
}

TEST(RerankTest, ScoresThatTheTemperatureMakesInfiniteAreRefused) {
  const std::vector<float> values{0.5F, 1e38F, -1e38F, 0.1F};
  const DenseScores scores(values.data(), 2, 2);
  EXPECT_THAT(message_of([&] { rerank_for_texts(scores, parse_rerank("dsl:1e300"), nullptr); }),
              HasSubstr("row 0, column 1 is infinite when multiplied by the temperature"));
  EXPECT_THAT(message_of([&] { rerank_for_videos(scores, parse_rerank("is:1e300"), nullptr); }),
              HasSubstr("row 0, column 1 is infinite when multiplied by the temperature"));
}

TEST(RerankTest, ABankWithoutAnyScoreOfACandidateIsRefused) {
  const std::vector<float> values(6, 0.5F), holes{0.5F, kNan, 0.1F, 0.2F, -kInf, 0.3F};
  const DenseScores scores(values.data(), 2, 3), bank(holes.data(), 2, 3);
  const DenseScores tall(values.data(), 3, 2), tall_bank(holes.data() + 1, 3, 1);
  EXPECT_EQ(
      message_of([&] { rerank_for_texts(scores, parse_rerank("qb:1"), &bank); }),
      "The query bank holds no finite score of column 1, so that its scores cannot be normalised; complete the bank.");
  EXPECT_THAT(message_of([&] { rerank_for_videos(tall, parse_rerank("dis:1"), &tall_bank); }),
              HasSubstr("no finite score of row 0"));
}

TEST(RerankTest, ADepthBeyondTheCandidatesActivatesThemAll) {
  const std::vector<float> values{0.1F, 0.2F, 0.3F, 0.6F, 0.5F, 0.4F};
  const DenseScores scores(values.data(), 2, 3);
  const auto deepest = parse_rerank("dis:1:9223372036854775807");
  BankUse texts, videos;
  rerank_for_texts(scores, deepest, &scores, 1, &texts);
  rerank_for_videos(scores, deepest, &scores, 1, &videos);
  EXPECT_EQ(texts.activated, 3);
  EXPECT_EQ(videos.activated, 2);
}

TEST(RerankTest, WhatWouldUnderflowKeepsItsOrder) {
  const auto matrix = square_matrix({40, 10, 9.5F, 0, -3, -8, 39, 40, 41}, 3);
  const auto view = matrix.view();
  std::vector<double> row(3);
  rerank_for_videos(view, parse_rerank("dsl:100"), nullptr)->read_rows(0, 1, row.data());
  EXPECT_GT(row[0], row[1]);
  EXPECT_GT(row[1], row[2]);
  EXPECT_GT(row[2], 0);
  rerank_for_videos(view, parse_rerank("dsl:500"), nullptr)->read_rows(1, 2, row.data());
  EXPECT_EQ(row[0], 0);
  EXPECT_LT(row[1], 0);  // -3 is nearer to 0 by its score, but its weight is larger than that of -8
  EXPECT_LT(row[2], 0);
  EXPECT_LT(row[1], row[2]);
}

// score * softmax over the column as sign and logarithm, which do not underflow; larger pairs for larger products.
std::pair<int, long double> exact_dual_softmax(const Matrix& matrix, double temperature, int64_t text, int64_t video) {
  const long double score = matrix.row(text)[video];
  if (score == 0) return {0, 0};
  long double most = -1, sum = 0;
  for (int64_t row = 0; row < matrix.texts; ++row) most = std::max<long double>(most, matrix.row(row)[video]);
  for (int64_t row = 0; row < matrix.texts; ++row) sum += std::exp(temperature * (matrix.row(row)[video] - most));
  const auto size = std::log(std::abs(score)) + temperature * (score - most) - std::log(sum);
  return {score < 0 ? -1 : 1, score < 0 ? -size : size};
}

TEST(RerankTest, ADualSoftmaxThatWouldUnderflowKeepsTheOrder) {
  constexpr int64_t kSize = 20;
  Random random(2, "underflow");
  std::vector<float> values(kSize * kSize);
  for (auto& value : values) value = static_cast<float>(random.integer(41) - 20) / 20;
  const auto matrix = square_matrix(values, kSize);
  const auto view = matrix.view();
  for (const char* text : {"dsl:1", "dsl:300", "dsl:1000", "dsl:30000"}) {
    const auto spec = parse_rerank(text);
    std::vector<double> found(values.size());
    rerank_for_texts(view, spec, nullptr)->read_rows(0, kSize, found.data());
    for (int64_t i = 0; i < kSize * kSize * kSize; ++i) {
      const int64_t row = i / kSize / kSize, a = i / kSize % kSize, b = i % kSize;
      const auto left = exact_dual_softmax(matrix, spec.temperature, row, a),
                 right = exact_dual_softmax(matrix, spec.temperature, row, b);
      if (left.first == right.first && std::abs(left.second - right.second) < 1e-9L) continue;
      ASSERT_EQ(left < right, found[row * kSize + a] < found[row * kSize + b]) << text << ", " << i;
    }
  }
}

TEST(RerankTest, TheDirectionsAreEachOthersTranspose) {
  Random random(1, "rerank test");
  constexpr int64_t kTexts = 7, kVideos = 5;
  std::vector<float> values(kTexts * kVideos), turned(values.size());
  for (int64_t t = 0; t < kTexts; ++t)
    for (int64_t v = 0; v < kVideos; ++v)
      turned[v * kTexts + t] = values[t * kVideos + v] = static_cast<float>(random.uniform());
  const DenseScores scores(values.data(), kTexts, kVideos), transposed(turned.data(), kVideos, kTexts);
  for (const char* text : {"dsl:3", "is:3", "qb:3", "dis:3", "dis:3:2"}) {
    const auto spec = parse_rerank(text);
    BankUse texts_use, videos_use;
    const auto texts = rerank_for_texts(scores, spec, spec.needs_bank() ? &scores : nullptr, 2, &texts_use);
    const auto videos = rerank_for_videos(transposed, spec, spec.needs_bank() ? &transposed : nullptr, 1, &videos_use);
    std::vector<double> a(values.size()), b(values.size());
    texts->read_rows(0, kTexts, a.data());
    videos->read_rows(0, kVideos, b.data());
    for (int64_t t = 0; t < kTexts; ++t)
      for (int64_t v = 0; v < kVideos; ++v) EXPECT_NEAR(a[t * kVideos + v], b[v * kTexts + t], 1e-12) << text;
    EXPECT_EQ(texts_use.activated, videos_use.activated);
    EXPECT_EQ(texts_use.normalised, videos_use.normalised);
  }
}

TEST(FusionTest, ScoresAreWeightedSums) {
  const std::vector<float> a{1, 2, 3, 4}, b{10, 20, 30, 40};
  const DenseScores first(a.data(), 2, 2), second(b.data(), 2, 2), narrow(b.data(), 2, 1);
  const FusedScores fused({&first, &second}, {0.5, 2});
  std::vector<double> row(2);
  fused.read_rows(1, 2, row.data());
  EXPECT_THAT(row, ElementsAre(61.5, 82));
  EXPECT_THAT(message_of([&] { FusedScores({&first, &narrow}, {1, 1}); }), HasSubstr("Matrix 2 is 2 x 1"));
}

TEST(FusionTest, AMatrixOfWeightZeroAddsNoNan) {
  const std::vector<float> a{1}, b{kNan};
  const DenseScores first(a.data(), 1, 1), second(b.data(), 1, 1);
  double value = 0;
  FusedScores({&first, &second}, {1, 0}).read_rows(0, 1, &value);
  EXPECT_EQ(value, 1);
}

TEST(FusionTest, TuningFindsTheMatrixThatKnows) {
  Random random(3, "fusion test");
  constexpr int64_t kSize = 30;
  std::vector<float> noise(kSize * kSize), other(noise.size()), good(noise.size());
  for (size_t i = 0; i < noise.size(); ++i) {
    noise[i] = static_cast<float>(random.normal());
    other[i] = static_cast<float>(random.normal());
    good[i] = i % (kSize + 1) == 0 ? 0.1F : 0;
  }
  const DenseScores first(noise.data(), kSize, kSize), second(good.data(), kSize, kSize),
      third(other.data(), kSize, kSize);
  const auto truth = GroundTruth::square(kSize);
  const auto weights =
      tune_fusion({&first, &second, &third}, truth, VideoToText::kBestCaption, TiePolicy::kPessimistic);
  const auto ranks = text_to_video_ranks(FusedScores({&first, &second, &third}, weights), truth);
  EXPECT_EQ(summarize_ranks(ranks, TiePolicy::kPessimistic)[Metric::kR1], 100);
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 1, 1e-12);
}

class GoldenRerankTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto matrix = golden_matrix();
    if (!matrix) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy";
    matrix_ = *matrix;
  }
  // R@1, R@5, R@10, R@50, R@100, MdR, MnR, RSum, GM, or the first of them.
  void expect(const RankList& ranks, TiePolicy policy, const std::vector<double>& golden) const {
    const auto metrics = summarize_ranks(ranks, policy);
    for (size_t i = 0; i < golden.size(); ++i)
      EXPECT_NEAR(metrics[standard_metrics()[i]], golden[i], i < 8 ? 1e-9 : 5e-5) << metric_name(standard_metrics()[i]);
  }
  void expect_texts(const std::string& spec, const std::vector<double>& golden) const {
    const auto view = matrix_.view();
    const auto reranked = rerank_for_texts(view, parse_rerank(spec), &view);
    expect(text_to_video_ranks(*reranked, matrix_.truth()), TiePolicy::kPessimistic, golden);
  }
  void expect_videos(const std::string& spec, const std::vector<double>& optimistic,
                     const std::vector<double>& pessimistic) const {
    const auto view = matrix_.view();
    const auto reranked = rerank_for_videos(view, parse_rerank(spec), &view);
    const auto ranks = video_to_text_ranks(*reranked, matrix_.truth(), VideoToText::kBestCaption);
    expect(ranks, TiePolicy::kOptimistic, optimistic);
    expect(ranks, TiePolicy::kPessimistic, pessimistic);
  }
  Matrix matrix_;
};

TEST_F(GoldenRerankTest, DualSoftmaxTextToVideo) {
  expect_texts("dsl:1", {47.5, 73.5, 83.2, 94.9, 97.7, 2, 12.968, 204.2, 66.2270});
  expect_texts("dsl:20", {46.5, 73.2, 82.4, 95.5, 97.5, 2, 12.923, 202.1, 65.4582});
  expect_texts("dsl:100", {52.8, 78.0, 85.8, 95.4, 98.5, 1, 10.921, 216.6, 70.6977});
}

TEST_F(GoldenRerankTest, DualSoftmaxVideoToText) {
  expect_videos("dsl:1", {46.5, 75.0, 83.4, 97.1, 98.8, 2, 8.532}, {46.1, 74.9, 83.4, 97.1, 98.8, 2, 8.544});
  expect_videos("dsl:20", {47.6, 74.4, 83.5, 96.4, 98.5, 2, 9.978}, {47.2, 74.4, 83.5, 96.4, 98.5, 2, 9.990});
  expect_videos("dsl:100", {52.6, 76.7, 85.0, 96.8, 98.6, 1, 8.150}, {52.3, 76.7, 85.0, 96.8, 98.6, 1, 8.162});
}

TEST_F(GoldenRerankTest, TheTemperatureTable) {
  const std::vector<std::pair<std::string, std::pair<double, double>>> table{
      {"1", {47.5, 46.5}},   {"20", {46.5, 47.6}},  {"50", {50.4, 51.5}},  {"80", {52.7, 51.8}}, {"100", {52.8, 52.6}},
      {"120", {51.7, 52.2}}, {"150", {51.1, 51.5}}, {"200", {50.6, 50.8}}, {"400", {49.5, 49.9}}};
  for (const auto& [temperature, recalls] : table) {
    expect_texts("dsl:" + temperature, {recalls.first});
    expect_videos("dsl:" + temperature, {recalls.second}, {});
  }
}

TEST_F(GoldenRerankTest, ScaledLogitsTakeTemperatureOne) {
  for (auto& score : matrix_.scores) score *= 100;
  expect_texts("dsl:1", {52.8});
  expect_texts("dsl:100", {49.3});
}

TEST_F(GoldenRerankTest, InvertedSoftmax) {
  expect_texts("is:1", {44.9, 72.0, 80.5, 94.8, 97.1, 2, 13.865, 197.4, 63.8447});
  expect_texts("is:20", {45.7, 72.7, 81.7, 95.1, 97.4, 2, 13.238, 200.1, 64.7477});
  expect_texts("is:100", {52.7, 77.7, 85.4, 95.3, 98.4, 1, 10.981, 215.8, 70.4525});
  expect_videos("is:100", {52.2, 76.5, 85.2, 96.7, 98.7, 1, 8.317}, {51.9, 76.5, 85.2, 96.7, 98.7, 1, 8.329});
}

TEST_F(GoldenRerankTest, DynamicInvertedSoftmaxOfTheOwnQueries) {
  expect_texts("dis:20", {45.7, 72.7, 81.7, 95.1, 97.4, 2, 13.238});
  expect_texts("dis:70", {52.1, 76.9, 85.6, 95.9, 98.4, 1, 11.005});
  const auto view = matrix_.view();
  BankUse use;
  rerank_for_texts(view, parse_rerank("dis:20"), &view, 0, &use);
  EXPECT_EQ(use.activated, 673);
  EXPECT_EQ(use.normalised, 1000);
}

TEST_F(GoldenRerankTest, DynamicInvertedSoftmaxOfAHalfBank) {
  const DenseScores queries(matrix_.row(0), 500, 1000), bank(matrix_.row(500), 500, 1000);
  BankUse use;
  const auto reranked = rerank_for_texts(queries, parse_rerank("dis:20"), &bank, 0, &use);
  EXPECT_EQ(use.activated, 407);
  EXPECT_EQ(use.normalised, 167);
  std::vector<int64_t> video_of_text(500);
  std::iota(video_of_text.begin(), video_of_text.end(), 0);
  const GroundTruth truth(video_of_text, 1000);
  expect(text_to_video_ranks(*reranked, truth), TiePolicy::kPessimistic,
         {46.8, 71.6, 81.4, 94.6, 97.4, 2, 13.974, 199.8, 64.8527});
  expect(text_to_video_ranks(queries, truth), TiePolicy::kPessimistic,
         {46.6, 71.6, 82.4, 93.6, 97.4, 2, 13.438, 200.6, 65.0243});
}

TEST_F(GoldenRerankTest, Hubs) {
  const auto view = matrix_.view();
  const auto videos = top_videos(view, 10);
  const auto first = hubness(videos, 1000, 1000, 1), ten = hubness(videos, 1000, 1000, 10);
  EXPECT_EQ(first.never_retrieved, 327);
  EXPECT_EQ(first.hubs[0], (std::pair<int64_t, int64_t>(825, 7)));
  EXPECT_NEAR(first.skewness, 1.1997, 5e-5);
  EXPECT_NEAR(ten.skewness, 0.7245, 5e-5);
  EXPECT_EQ(ten.never_retrieved, 1);
  EXPECT_EQ(ten.most, 32);
  const auto texts = hubness(top_texts(view, 1), 1000, 1000, 1);
  EXPECT_EQ(texts.never_retrieved, 326);
  EXPECT_EQ(texts.most, 9);
}

}  // namespace
}  // namespace tvr
