#include "tvr/eval/metrics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "eval/golden_matrix.h"
#include "tvr/base/error.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

using test::golden_matrix;
using test::Matrix;
using test::square_matrix;
using test::toy_matrix;
using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr TiePolicy kPolicies[] = {TiePolicy::kOptimistic, TiePolicy::kAverage, TiePolicy::kPessimistic};

RankList t2v(const Matrix& matrix) {
  return text_to_video_ranks(matrix.view(), matrix.truth());
}
RankList v2t(const Matrix& matrix, VideoToText variant = VideoToText::kBestCaption) {
  return video_to_text_ranks(matrix.view(), matrix.truth(), variant);
}

// Scores of few distinct values, so that ties are common.
Matrix random_matrix(uint64_t seed, int64_t size, int64_t levels) {
  Random random(seed, "metrics test");
  std::vector<float> scores(size * size);
  for (auto& score : scores) score = static_cast<float>(random.integer(levels)) / 8.0F;
  return square_matrix(std::move(scores), size);
}

Matrix transposed(const Matrix& matrix) {
  auto result = matrix;
  for (int64_t i = 0; i < matrix.texts; ++i)
    for (int64_t j = 0; j < matrix.videos; ++j)
      result.scores[j * matrix.texts + i] = matrix.scores[i * matrix.videos + j];
  return result;
}

void expect_values(const DirectionMetrics& metrics, const std::vector<double>& recalls, double median, double mean) {
  for (size_t i = 0; i < recalls.size(); ++i)
    EXPECT_NEAR(metrics[standard_metrics()[i]], recalls[i], 1e-9) << metric_name(standard_metrics()[i]);
  EXPECT_NEAR(metrics[Metric::kMdR], median, 1e-9);
  EXPECT_NEAR(metrics[Metric::kMnR], mean, 1e-9);
}

TEST(MetricsTest, ToyTextToVideoMatchesTheHandRanks) {
  const auto ranks = t2v(toy_matrix());
  EXPECT_THAT(ranks.positions(TiePolicy::kOptimistic), ElementsAre(0, 2, 0, 0, 1, 0));
  EXPECT_THAT(ranks.positions(TiePolicy::kPessimistic), ElementsAre(0, 2, 0, 0, 1, 2));
  EXPECT_THAT(ranks.positions(TiePolicy::kAverage), ElementsAre(0, 2, 0, 0, 1, 1));
  const auto metrics = summarize_ranks(ranks, TiePolicy::kOptimistic);
  EXPECT_NEAR(metrics[Metric::kR1], 66.667, 1e-3);
  EXPECT_EQ(metrics[Metric::kR5], 100);
  EXPECT_EQ(metrics[Metric::kMdR], 1);
  EXPECT_EQ(metrics[Metric::kMnR], 1.5);
  EXPECT_EQ(metrics.queries, 6);
  EXPECT_EQ(metrics.tied_queries, 1);
}

TEST(MetricsTest, ToyVideoToTextMatchesTheHandRanksOfBothDefinitions) {
  EXPECT_THAT(v2t(toy_matrix()).positions(TiePolicy::kPessimistic), ElementsAre(0, 1, 0));
  EXPECT_THAT(v2t(toy_matrix(), VideoToText::kEveryCaption).positions(TiePolicy::kPessimistic), ElementsAre(0, 2, 0));
  EXPECT_EQ(v2t(toy_matrix()).candidates, 3);
  EXPECT_EQ(v2t(toy_matrix(), VideoToText::kEveryCaption).candidates, 6);
}

TEST(MetricsTest, OwnCaptionsNeverCompeteWithEachOther) {
  const Matrix matrix{{0.5F, 0.1F, 0.5F, 0.1F, 0.2F, 0.9F}, 3, 2, {0, 0, 1}};
  EXPECT_THAT(v2t(matrix, VideoToText::kEveryCaption).tied, ElementsAre(0, 0));
}

TEST(MetricsTest, CaptionsOfAVideoNeedNotBeAdjacent) {
  auto toy = toy_matrix();
  const std::vector<int64_t> order{3, 0, 5, 2, 1, 4};
  auto mixed = toy;
  for (size_t i = 0; i < order.size(); ++i) {
    std::copy_n(toy.scores.begin() + order[i] * 3, 3, mixed.scores.begin() + static_cast<int64_t>(i) * 3);
    mixed.video_of_text[i] = toy.video_of_text[order[i]];
  }
  for (const auto variant : {VideoToText::kBestCaption, VideoToText::kEveryCaption}) {
    EXPECT_EQ(v2t(mixed, variant).better, v2t(toy, variant).better);
    EXPECT_EQ(v2t(mixed, variant).tied, v2t(toy, variant).tied);
  }
}

TEST(MetricsTest, VideosWithoutACaptionAreNoQueriesOfVideoToTextButCandidatesOfTextToVideo) {
  const Matrix matrix{{0.1F, 0.9F, 0.2F, 0.3F, 0.8F, 0.7F}, 2, 3, {0, 2}};
  EXPECT_THAT(v2t(matrix).queries, ElementsAre(0, 2));
  EXPECT_EQ(v2t(matrix).candidates, 2);
  EXPECT_EQ(t2v(matrix).candidates, 3);
  EXPECT_THAT(t2v(matrix).better, ElementsAre(2, 1));
}

TEST(MetricsTest, AnAllEqualMatrixScoresNothingUnlessOptimistic) {
  constexpr int64_t kSize = 60;
  const auto matrix = square_matrix(std::vector<float>(kSize * kSize, 0.25F), kSize);
  for (const auto& ranks : {t2v(matrix), v2t(matrix), v2t(matrix, VideoToText::kEveryCaption)}) {
    expect_values(summarize_ranks(ranks, TiePolicy::kPessimistic), {0, 0, 0, 0}, kSize, kSize);
    expect_values(summarize_ranks(ranks, TiePolicy::kOptimistic), {100, 100, 100, 100}, 1, 1);
    expect_values(summarize_ranks(ranks, TiePolicy::kAverage), {0, 0, 0, 100}, (kSize + 1) / 2.0, (kSize + 1) / 2.0);
    EXPECT_EQ(summarize_ranks(ranks, TiePolicy::kAverage).tied_queries, kSize);
  }
}

TEST(MetricsTest, ATwoWayTieAtTheTopIsAHitUnderTheAveragePolicy) {
  const Matrix matrix{{0.5F, 0.5F}, 1, 2, {0}};
  EXPECT_EQ(summarize_ranks(t2v(matrix), TiePolicy::kAverage)[Metric::kR1], 100);
  EXPECT_EQ(summarize_ranks(t2v(matrix), TiePolicy::kAverage)[Metric::kMnR], 1.5);
}

TEST(MetricsTest, DegenerateShapes) {
  expect_values(summarize_ranks(t2v(square_matrix({-1}, 1)), TiePolicy::kPessimistic), {100, 100, 100, 100}, 1, 1);
  const Matrix one_video{{0.3F, 0.1F, 0.2F}, 3, 1, {0, 0, 0}};
  expect_values(summarize_ranks(t2v(one_video), TiePolicy::kPessimistic), {100, 100, 100, 100}, 1, 1);
  EXPECT_THAT(v2t(one_video, VideoToText::kEveryCaption).better, ElementsAre(0));
  const Matrix one_text{{0.3F, 0.1F, 0.2F}, 1, 3, {1}};
  EXPECT_THAT(t2v(one_text).better, ElementsAre(2));
  EXPECT_THAT(v2t(one_text).better, ElementsAre(0));
}

TEST(MetricsTest, ANanOwnScoreRanksLastUnderEveryPolicyAndIsCounted) {
  const auto matrix = square_matrix({kNan, 0.1F, kNan, 0.1F, 0.5F, 0.2F, 0.3F, kNan, 0.9F}, 3);
  for (const auto policy : kPolicies) {
    EXPECT_THAT(t2v(matrix).positions(policy), ElementsAre(2, 0, 0));
    EXPECT_THAT(v2t(matrix).positions(policy), ElementsAre(2, 0, 0));
    EXPECT_THAT(v2t(matrix, VideoToText::kEveryCaption).positions(policy), ElementsAre(2, 0, 0));
  }
  EXPECT_EQ(summarize_ranks(t2v(matrix), TiePolicy::kPessimistic).nan_queries, 2);
  EXPECT_EQ(summarize_ranks(v2t(matrix), TiePolicy::kPessimistic).nan_queries, 3);
  EXPECT_EQ(summarize_ranks(t2v(matrix), TiePolicy::kPessimistic).queries, 3);
}

TEST(MetricsTest, ANanCompetitorRanksBelowMinusInfinity) {
  const auto matrix = square_matrix({-kInf, kNan, kNan, -kInf}, 2);
  EXPECT_THAT(t2v(matrix).positions(TiePolicy::kPessimistic), ElementsAre(0, 0));
}

TEST(MetricsTest, ANanCaptionDoesNotHideItsVideosOtherCaptions) {
  const Matrix matrix{{kNan, 0.1F, 0.8F, 0.1F, 0.5F, 0.9F}, 3, 2, {0, 0, 1}};
  for (const auto variant : {VideoToText::kBestCaption, VideoToText::kEveryCaption})
    EXPECT_THAT(v2t(matrix, variant).positions(TiePolicy::kPessimistic), ElementsAre(0, 0));
}

TEST(MetricsTest, AnAllNanVideoRanksBehindAllCandidatesOfItsDefinition) {
  const Matrix matrix{{kNan, 0.1F, kNan, 0.1F, 0.5F, 0.9F, 0.4F, 0.7F}, 4, 2, {0, 0, 1, 1}};
  EXPECT_EQ(v2t(matrix).better[0], 1);
  EXPECT_EQ(v2t(matrix, VideoToText::kEveryCaption).better[0], 2);
}

TEST(MetricsTest, InfinitiesAreOrdinaryValues) {
  const auto matrix = square_matrix({kInf, kInf, 0, 0.1F, -kInf, 0.2F, -kInf, 0, kInf}, 3);
  const auto ranks = t2v(matrix);
  EXPECT_THAT(ranks.better, ElementsAre(0, 2, 0));
  EXPECT_THAT(ranks.tied, ElementsAre(1, 0, 0));
  EXPECT_EQ(summarize_ranks(ranks, TiePolicy::kPessimistic).nan_queries, 0);
}

TEST(MetricsTest, TextToVideoEqualsVideoToTextOfTheTranspose) {
  for (const int64_t levels : {3, 50}) {
    const auto matrix = random_matrix(7, 37, levels);
    for (const auto variant : {VideoToText::kBestCaption, VideoToText::kEveryCaption}) {
      const auto columns = v2t(transposed(matrix), variant);
      EXPECT_EQ(t2v(matrix).better, columns.better);
      EXPECT_EQ(t2v(matrix).tied, columns.tied);
    }
  }
}

TEST(MetricsTest, RanksSurviveAnIncreasingTransformAndFollowAPermutationOfVideos) {
  const auto matrix = random_matrix(3, 25, 6);
  auto stretched = matrix;
  for (auto& score : stretched.scores) score = score * 1024 - 5;
  EXPECT_EQ(t2v(stretched).better, t2v(matrix).better);
  EXPECT_EQ(t2v(stretched).tied, t2v(matrix).tied);
  auto moved = matrix;  // column v becomes column (v + 4) mod 25
  for (int64_t text = 0; text < 25; ++text) {
    moved.video_of_text[text] = (text + 4) % 25;
    for (int64_t video = 0; video < 25; ++video)
      moved.scores[text * 25 + (video + 4) % 25] = matrix.scores[text * 25 + video];
  }
  EXPECT_EQ(t2v(moved).better, t2v(matrix).better);
  EXPECT_EQ(t2v(moved).tied, t2v(matrix).tied);
}

TEST(MetricsTest, ThePoliciesBracketAndAgreeWithoutTies) {
  const auto metrics = [](const Matrix& matrix, TiePolicy policy) { return summarize_ranks(v2t(matrix), policy); };
  const auto tied = random_matrix(5, 40, 4);
  EXPECT_GT(metrics(tied, TiePolicy::kOptimistic)[Metric::kR5], metrics(tied, TiePolicy::kPessimistic)[Metric::kR5]);
  EXPECT_GE(metrics(tied, TiePolicy::kOptimistic)[Metric::kR5], metrics(tied, TiePolicy::kAverage)[Metric::kR5]);
  EXPECT_GE(metrics(tied, TiePolicy::kAverage)[Metric::kR5], metrics(tied, TiePolicy::kPessimistic)[Metric::kR5]);
  EXPECT_LT(metrics(tied, TiePolicy::kOptimistic)[Metric::kMnR], metrics(tied, TiePolicy::kAverage)[Metric::kMnR]);
  EXPECT_LT(metrics(tied, TiePolicy::kAverage)[Metric::kMnR], metrics(tied, TiePolicy::kPessimistic)[Metric::kMnR]);
  auto distinct = random_matrix(5, 40, 4);
  for (size_t i = 0; i < distinct.scores.size(); ++i) distinct.scores[i] += static_cast<float>(i) * 1e-5F;
  for (const auto& [metric, value] : metrics(distinct, TiePolicy::kOptimistic).values)
    EXPECT_EQ(value, metrics(distinct, TiePolicy::kPessimistic)[metric]) << metric_name(metric);
}

TEST(MetricsTest, EveryCaptionIsNeverEasierThanBestCaption) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    auto matrix = random_matrix(seed, 30, 40);
    for (int64_t text = 0; text < 30; ++text) matrix.video_of_text[text] = text / 3;
    const auto best = v2t(matrix), every = v2t(matrix, VideoToText::kEveryCaption);
    for (int64_t i = 0; i < best.size(); ++i)
      EXPECT_LE(best.position(i, TiePolicy::kPessimistic), every.position(i, TiePolicy::kPessimistic));
  }
}

TEST(MetricsTest, TheMedianOfAnEvenCountIsTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(metrics_of(query_values({0, 3, 1, 9}))[Metric::kMdR], 3);
  EXPECT_EQ(metrics_of(query_values({0, 4, 1, 9}))[Metric::kMdR], 3.5);
  EXPECT_EQ(metrics_of(query_values({4, 0, 9}))[Metric::kMdR], 5);
}

TEST(MetricsTest, TheGeometricMeanMatchesPublishedLogs) {
  const std::vector<Metric> means{Metric::kR1, Metric::kR5, Metric::kR10};
  const auto from = [&](const std::vector<double>& recalls) {
    return metrics_from_means({Metric::kGM, Metric::kRSum}, means, recalls.data(), 0);
  };
  EXPECT_NEAR(from({24.1, 56.4, 69.6})[Metric::kGM], 45.56539387310681, 1e-10);
  EXPECT_NEAR(from({24.1, 56.4, 69.6})[Metric::kRSum], 150.1, 1e-10);
  EXPECT_NEAR(from({25.9, 58.1, 69.3})[Metric::kGM], 47.06915231647284, 1e-10);
}

TEST(MetricsTest, ARandomOrderFindsOneOfVCandidatesKTimesInV) {
  const auto thousand = random_ranking(1000);
  EXPECT_NEAR(thousand[Metric::kR1], 0.1, 1e-9);
  EXPECT_NEAR(thousand[Metric::kR10], 1, 1e-9);
  EXPECT_NEAR(thousand[Metric::kMdR], 500.5, 1e-9);
  EXPECT_NEAR(thousand[Metric::kMnR], 500.5, 1e-9);
  EXPECT_NEAR(random_ranking(7)[Metric::kMdR], 4, 1e-9);
  EXPECT_NEAR(random_ranking(7)[Metric::kR10], 100, 1e-9);
}

TEST(MetricsTest, ARandomOrderFindsOneOfSeveralRightCaptionsSooner) {
  // 2 right ones of 4: P(rank <= 1) = 1/2, P(rank <= 2) = 5/6; mean (4 + 1) / (2 + 1).
  const auto two = random_ranking(4, {2, 2});
  EXPECT_NEAR(two[Metric::kR1], 50, 1e-9);
  EXPECT_NEAR(two[Metric::kMnR], 5.0 / 3, 1e-9);
  EXPECT_NEAR(two[Metric::kMdR], 1.5, 1e-9);
  EXPECT_NEAR(random_ranking(4, {2, 1})[Metric::kR1], 37.5, 1e-9);
}

TEST(MetricsTest, BadInputIsRefusedWithWhatIsWrong) {
  const auto message = [](const Matrix& matrix) {
    try {
      t2v(matrix);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message({{}, 0, 0, {}}), testing::HasSubstr("at least one text"));
  EXPECT_THAT(message({{1, 2}, 2, 1, {0}}), testing::HasSubstr("2 rows"));
  EXPECT_THAT(message({{1, 2}, 2, 1, {0, 1}}), testing::HasSubstr("columns 0 to 0"));
  EXPECT_THAT(message({{1, 2}, 2, 1, {0, -1}}), testing::HasSubstr("-1"));
  EXPECT_THROW(v2t({{1, 2}, 2, 1, {0, 1}}), DataError);
  EXPECT_THROW(metrics_of(query_values(std::vector<double>{})), DataError);
}

TEST(MetricsTest, NamesParseBackAndUnknownOnesAreRefused) {
  for (const auto policy : kPolicies) EXPECT_EQ(parse_tie_policy(tie_policy_name(policy)), policy);
  EXPECT_EQ(parse_video_to_text("every-caption"), VideoToText::kEveryCaption);
  EXPECT_THROW(parse_tie_policy("optimist"), ConfigError);
  EXPECT_THROW(parse_video_to_text("best"), ConfigError);
}

class GoldenMetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto matrix = golden_matrix();
    if (!matrix) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy";
    matrix_ = *matrix;
  }
  Matrix matrix_;
};

TEST_F(GoldenMetricsTest, TextToVideoIsTheSameUnderEveryPolicy) {
  for (const auto policy : kPolicies) {
    const auto metrics = summarize_ranks(t2v(matrix_), policy);
    expect_values(metrics, {48.0, 73.0, 82.9, 95.1}, 2, 13.129);
    EXPECT_NEAR(metrics[Metric::kRSum], 203.9, 1e-9);
    EXPECT_NEAR(metrics[Metric::kGM], 66.2277, 5e-5);
    EXPECT_EQ(metrics.tied_queries, 0);
  }
}

TEST_F(GoldenMetricsTest, VideoToTextFollowsTheTiePolicy) {
  const auto ranks = v2t(matrix_);
  const auto optimistic = summarize_ranks(ranks, TiePolicy::kOptimistic),
             pessimistic = summarize_ranks(ranks, TiePolicy::kPessimistic);
  expect_values(optimistic, {46.0, 74.1, 82.8, 97.1}, 2, 8.674);
  EXPECT_NEAR(optimistic[Metric::kGM], 65.5947, 5e-5);
  expect_values(pessimistic, {45.6, 74.1, 82.7, 97.1}, 2, 8.686);
  EXPECT_NEAR(pessimistic[Metric::kGM], 65.3777, 5e-5);
  expect_values(summarize_ranks(ranks, TiePolicy::kAverage), {46.0, 74.1, 82.8, 97.1}, 2, 8.680);
  EXPECT_EQ(pessimistic.tied_queries, 9);
}

TEST_F(GoldenMetricsTest, TheTiedVideosAreTheOnesWithARepeatedSentence) {
  const auto ranks = v2t(matrix_);
  std::map<int64_t, int64_t> tied;
  for (int64_t i = 0; i < ranks.size(); ++i)
    if (ranks.tied[i] > 0) tied[ranks.queries[i]] = ranks.tied[i];
  std::vector<int64_t> columns;
  for (const auto& [column, count] : tied) columns.push_back(column);
  EXPECT_THAT(columns, ElementsAre(98, 323, 527, 554, 582, 666, 803, 839, 945));
  EXPECT_EQ(std::count_if(tied.begin(), tied.end(), [](const auto& entry) { return entry.second == 2; }), 3);
}

TEST_F(GoldenMetricsTest, TheGoldenFileAgreesInBothDirections) {
  const auto file = test::test_data("golden/msrvtt_video_metrics.json");
  if (!file) GTEST_SKIP() << "TVR_TEST_DATA holds no golden/msrvtt_video_metrics.json";
  const auto golden = nlohmann::json::parse(read_file(*file)).at("msrvtt_video_matrix.npy");
  const std::map<std::string, TiePolicy> policies{{"optimistic_ties_below", TiePolicy::kOptimistic},
                                                  {"pessimistic_ties_above", TiePolicy::kPessimistic},
                                                  {"average", TiePolicy::kAverage}};
  for (const std::string direction : {"t2v", "v2t"}) {
    const auto ranks = direction == "t2v" ? t2v(matrix_) : v2t(matrix_);
    for (const auto& [name, policy] : policies) {
      const auto& expected = golden.at(direction).at(name);
      expect_values(summarize_ranks(ranks, policy),
                    {expected.at("R1"), expected.at("R5"), expected.at("R10"), expected.at("R50")}, expected.at("MdR"),
                    expected.at("MnR"));
    }
  }
}

TEST_F(GoldenMetricsTest, TheUpperLeftBlockHasItsOwnNumbers) {
  std::vector<float> block;
  for (int64_t row = 0; row < 100; ++row) block.insert(block.end(), matrix_.row(row), matrix_.row(row) + 100);
  const auto part = square_matrix(block, 100);
  expect_values(summarize_ranks(t2v(part), TiePolicy::kPessimistic), {71, 93, 96}, 1, 2.71);
  expect_values(summarize_ranks(v2t(part), TiePolicy::kPessimistic), {71, 92, 97}, 1, 2.36);
}

TEST_F(GoldenMetricsTest, HalfOfTheQueriesChooseFromTheWholeGallery) {
  const Matrix half{matrix_.scores, 500, 1000, {matrix_.video_of_text.begin(), matrix_.video_of_text.begin() + 500}};
  const auto metrics = summarize_ranks(t2v(half), TiePolicy::kPessimistic);
  expect_values(metrics, {46.6, 71.6, 82.4, 93.6}, 2, 13.438);
  EXPECT_NEAR(metrics[Metric::kGM], 65.0243, 5e-5);
}

TEST_F(GoldenMetricsTest, QueriesWithANanOwnScoreStayInTheDenominator) {
  const auto before = t2v(matrix_);
  for (int64_t i = 0; i < before.size(); ++i)
    if (before.better[i] > 0) matrix_.scores[i * 1000 + i] = kNan;
  const auto metrics = summarize_ranks(t2v(matrix_), TiePolicy::kPessimistic);
  EXPECT_EQ(metrics.queries, 1000);
  EXPECT_EQ(metrics.nan_queries, 520);
  EXPECT_NEAR(metrics[Metric::kR1], 48.0, 1e-9);
  EXPECT_NEAR(metrics[Metric::kR50], 48.0, 1e-9);
}

}  // namespace
}  // namespace tvr
