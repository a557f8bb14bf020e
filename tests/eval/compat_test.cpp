#include "tvr/eval/compat.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "eval/golden_matrix.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using test::golden_matrix;
using test::Matrix;
using test::square_matrix;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

CompatNumbers numbers(const Matrix& matrix, Compat compat) {
  return compat_numbers(matrix.view(), matrix.truth(), compat);
}

TEST(CompatTest, AnAllEqualMatrixCountsEveryPlaceAsAQuery) {
  const auto result = numbers(square_matrix(std::vector<float>(9, 1.0F), 3), Compat::kClip4Clip);
  EXPECT_EQ(result.text_to_video.denominator, 9);
  EXPECT_NEAR(result.text_to_video.values[Metric::kR1], 100.0 / 3, 1e-9);
  EXPECT_EQ(result.text_to_video.values[Metric::kMdR], 2);
  EXPECT_EQ(result.text_to_video.values[Metric::kMnR], 2);
  EXPECT_THAT(result.text_to_video.differing, ElementsAre(0, 1, 2));
  EXPECT_THAT(result.text_to_video.explanation, HasSubstr("9 instead of 3"));
}

TEST(CompatTest, WithoutTiesItEqualsTheStrictNumbers) {
  const auto matrix = square_matrix({0.9F, 0.1F, 0.2F, 0.8F, 0.3F, 0.4F, 0.6F, 0.7F, 0.5F}, 3);
  for (const auto compat : {Compat::kClip4Clip, Compat::kCe}) {
    const auto result = numbers(matrix, compat);
    const auto strict = rank_both(matrix.view(), matrix.truth(), VideoToText::kBestCaption);
    for (const auto& [metric, value] : result.text_to_video.values)
      EXPECT_NEAR(value, summarize_ranks(strict.text_to_video, TiePolicy::kPessimistic)[metric], 1e-12);
    for (const auto& [metric, value] : result.video_to_text.values)
      EXPECT_NEAR(value, summarize_ranks(strict.video_to_text, TiePolicy::kPessimistic)[metric], 1e-12);
    EXPECT_THAT(result.text_to_video.explanation, HasSubstr("equal to the strict numbers"));
    EXPECT_THAT(result.text_to_video.differing, ElementsAre());
  }
}

TEST(CompatTest, CeAveragesAVideosOwnEqualCaptions) {
  const auto result = numbers(test::toy_matrix(), Compat::kCe);
  EXPECT_NEAR(result.text_to_video.values[Metric::kMnR], (0 + 2 + 0 + 0 + 1 + 1) / 6.0 + 1, 1e-12);
  EXPECT_NEAR(result.video_to_text.values[Metric::kMnR], (0 + 2 + 0.5) / 3 + 1, 1e-12);
  EXPECT_NEAR(result.video_to_text.values[Metric::kR1], 100.0 / 3, 1e-12);
  EXPECT_THAT(result.video_to_text.differing, ElementsAre(2));
}

TEST(CompatTest, CePrintsNothingWhereItStops) {
  const auto result = numbers(square_matrix({kNan, 0, 0, 1}, 2), Compat::kCe);
  EXPECT_EQ(result.text_to_video.values.size(), 0U);
  EXPECT_THAT(result.text_to_video.explanation, HasSubstr("NaN or infinite"));
}

TEST(CompatTest, OneEvaluatorDropsQueriesThatAreNotFinite) {
  const auto all = numbers(square_matrix({kNan, 0, 0, kNan}, 2), Compat::kClip4Clip);
  EXPECT_EQ(all.text_to_video.denominator, 0);
  EXPECT_EQ(all.text_to_video.values.size(), 0U);
}

TEST(CompatTest, SeveralRightVideosAreRefused) {
  const std::vector<float> scores{1, 2};
  const DenseScores matrix(scores.data(), 1, 2);
  EXPECT_THROW(compat_numbers(matrix, GroundTruth(std::vector<std::vector<int64_t>>{{0, 1}}, 2), Compat::kCe),
               DataError);
}

TEST(CompatTest, NamesParseBack) {
  EXPECT_EQ(parse_compat("clip4clip"), Compat::kClip4Clip);
  EXPECT_EQ(parse_compat(compat_name(Compat::kCe)), Compat::kCe);
  EXPECT_THROW(parse_compat("clip"), ConfigError);
}

class GoldenCompatTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto matrix = golden_matrix();
    if (!matrix) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy";
    matrix_ = *matrix;
  }
  static void expect(const CompatDirection& direction, int64_t denominator, const std::vector<double>& recalls,
                     double median, double mean, double tolerance) {
    EXPECT_EQ(direction.denominator, denominator);
    const Metric metrics[] = {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50};
    for (size_t i = 0; i < recalls.size(); ++i)
      EXPECT_NEAR(direction.values[metrics[i]], recalls[i], tolerance) << metric_name(metrics[i]);
    EXPECT_EQ(direction.values[Metric::kMdR], median);
    EXPECT_NEAR(direction.values[Metric::kMnR], mean, tolerance);
  }
  Matrix matrix_;
};

TEST_F(GoldenCompatTest, Clip4ClipDividesBy1012) {
  const auto result = numbers(matrix_, Compat::kClip4Clip);
  expect(result.text_to_video, 1000, {48.0, 73.0, 82.9, 95.1}, 2, 13.129, 1e-9);
  expect(result.video_to_text, 1012, {45.4545, 73.7154, 82.3123, 96.9368}, 2, 8.83498, 5e-5);
  EXPECT_NEAR(result.video_to_text.values[Metric::kR1], 100.0 * 460 / 1012, 1e-12);
  EXPECT_THAT(result.video_to_text.differing, ElementsAre(98, 323, 527, 554, 582, 666, 803, 839, 945));
  EXPECT_THAT(result.video_to_text.explanation, HasSubstr("1012 instead of 1000"));
}

TEST_F(GoldenCompatTest, CeMixesTwoReadingsOfTheMeanPosition) {
  const auto result = numbers(matrix_, Compat::kCe);
  expect(result.video_to_text, 1000, {45.6, 74.1, 82.8, 97.1}, 2, 8.680, 1e-9);
}

TEST_F(GoldenCompatTest, NanQueriesLeaveClip4ClipsDenominator) {
  const auto before = text_to_video_ranks(matrix_.view(), matrix_.truth());
  for (int64_t i = 0; i < before.size(); ++i)
    if (before.better[i] > 0) matrix_.scores[i * 1000 + i] = kNan;
  const auto result = numbers(matrix_, Compat::kClip4Clip).text_to_video;
  EXPECT_EQ(result.denominator, 480);
  EXPECT_EQ(result.values[Metric::kR1], 100);
}

}  // namespace
}  // namespace tvr
