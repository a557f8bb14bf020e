#include "tvr/eval/statistics.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval/golden_matrix.h"
#include "tvr/base/error.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

using testing::ElementsAre;

Interval at(const std::optional<MetricIntervals>& intervals, Metric metric) {
  return (*intervals)[metric];
}

std::vector<int64_t> own_clusters(size_t count) {
  std::vector<int64_t> clusters(count);
  std::iota(clusters.begin(), clusters.end(), 0);
  return clusters;
}

// Position 0 with the given chance, 20 otherwise.
std::vector<double> random_positions(uint64_t seed, int64_t count, double chance) {
  Random random(seed, "statistics test");
  std::vector<double> positions(count);
  for (auto& position : positions) position = random.chance(chance) ? 0 : 20;
  return positions;
}

std::optional<MetricIntervals> bootstrap(const std::vector<double>& positions, const std::vector<int64_t>& clusters,
                                         const BootstrapOptions& options) {
  return bootstrap_metrics(query_values(positions), clusters, options);
}

TEST(StatisticsTest, ClustersAreNumberedInOrderOfAppearance) {
  EXPECT_THAT(number_clusters({"b", "a", "b", "", "a"}), ElementsAre(0, 1, 0, 2, 1));
}

TEST(StatisticsTest, PercentilesInterpolateLikeNumPy) {
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 50), 2.5);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 2.5), 1.075);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 100), 4);
  EXPECT_DOUBLE_EQ(percentile({7}, 97.5), 7);
}

TEST(StatisticsTest, TheSameSeedGivesTheSameBitsWhateverTheThreads) {
  std::vector<double> positions(200);
  for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<double>(i * i * i % 1009);
  const auto clusters = own_clusters(positions.size());
  const auto one = bootstrap(positions, clusters, {500, 9, 1}), four = bootstrap(positions, clusters, {500, 9, 4});
  const auto other = bootstrap(positions, clusters, {500, 10, 1});
  for (const auto& metric : position_metrics()) {
    EXPECT_EQ(at(one, metric).low, at(four, metric).low);
    EXPECT_EQ(at(one, metric).high, at(four, metric).high);
  }
  EXPECT_NE(at(one, Metric::kMnR).low, at(other, Metric::kMnR).low);
}

TEST(StatisticsTest, ARecallsIntervalHasTheBinomialWidth) {
  const auto positions = random_positions(2, 1000, 0.5);
  const double recall = metrics_of(query_values(positions))[Metric::kR1];
  const auto interval = at(bootstrap(positions, own_clusters(1000), {4000, 0, 0}), Metric::kR1);
  const double width = 2 * 1.96 * std::sqrt(recall * (100 - recall) / 1000);
  EXPECT_NEAR(interval.high - interval.low, width, 0.06 * width);
  EXPECT_NEAR((interval.high + interval.low) / 2, recall, 0.2);
}

TEST(StatisticsTest, TheIntervalHoldsTheTruthAboutNineteenTimesInTwenty) {
  int held = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const auto values = random_positions(100 + seed, 120, 0.3);
    held += at(bootstrap(values, own_clusters(120), {400, seed, 0}), Metric::kR1).contains(30) ? 1 : 0;
  }
  EXPECT_GE(held, 180);
  EXPECT_LE(held, 199);
}

TEST(StatisticsTest, QueriesThatShareAClusterWidenTheInterval) {
  const auto once = random_positions(3, 100, 0.5);
  std::vector<double> repeated;
  std::vector<int64_t> clusters;
  for (int64_t i = 0; i < 100; ++i) {
    repeated.insert(repeated.end(), 9, once[i]);
    clusters.insert(clusters.end(), 9, i);
  }
  const BootstrapOptions options{4000, 0, 0};
  const auto width = [](const Interval& interval) { return interval.high - interval.low; };
  const auto independent = width(at(bootstrap(repeated, own_clusters(900), options), Metric::kR1));
  const auto clustered = width(at(bootstrap(repeated, clusters, options), Metric::kR1));
  EXPECT_NEAR(clustered / independent, 3, 0.3);
  EXPECT_DOUBLE_EQ(clustered, width(at(bootstrap(once, own_clusters(100), options), Metric::kR1)));
}

TEST(StatisticsTest, TheMeanOfResampledMetricsAgreesWithDirectResampling) {
  // Two clusters, two draws each: the resamples are {0,0}, {0,1}, {1,1}; MnR is 1, 6 or 11, MdR the
  // same.
  const auto intervals = bootstrap({0, 10}, {0, 1}, {2000, 4, 0});
  EXPECT_EQ(at(intervals, Metric::kMnR).low, 1);
  EXPECT_EQ(at(intervals, Metric::kMnR).high, 11);
  EXPECT_EQ(at(intervals, Metric::kMdR).low, 1);
  EXPECT_EQ(at(intervals, Metric::kMdR).high, 11);
  EXPECT_EQ(at(intervals, Metric::kR50).low, 100);
}

TEST(StatisticsTest, OneClusterOrNoDrawsGiveNoInterval) {
  EXPECT_FALSE(bootstrap({0, 1, 2}, {5, 5, 5}, {100, 0, 1}).has_value());
  EXPECT_FALSE(bootstrap({0, 1, 2}, {0, 1, 2}, {0, 0, 1}).has_value());
  EXPECT_FALSE(bootstrap_mean({}, {}, {100, 0, 1}).has_value());
}

TEST(StatisticsTest, ClusterNumbersThatNoQueryHasAreNotDrawn) {
  const BootstrapOptions options{300, 1, 1};
  const auto dense = bootstrap_mean({0, 1, 1, 0, 1}, {0, 1, 2, 3, 4}, options);
  const auto sparse = bootstrap_mean({0, 1, 1, 0, 1}, {7, 90, 3, 1000, 11}, options);
  EXPECT_EQ(dense->low, sparse->low);
  EXPECT_EQ(dense->high, sparse->high);
}

TEST(StatisticsTest, ASystemDoesNotDifferFromItself) {
  const auto positions = random_positions(4, 100, 0.5);
  const auto paired =
      paired_difference(query_values(positions), query_values(positions), own_clusters(100), {500, 0, 0});
  for (const auto& metric : position_metrics()) {
    EXPECT_EQ(paired.difference[metric], 0);
    EXPECT_FALSE(paired.beyond(metric));
  }
}

TEST(StatisticsTest, APairedDifferenceSeesWhatTwoSeparateIntervalsDoNot) {
  // 20 of 400 queries turn from miss to hit and none back: beyond chance, although the intervals
  // overlap widely.
  auto better = random_positions(5, 400, 0.4), worse = better;
  int turned = 0;
  for (auto& position : worse)
    if (position == 0 && turned < 20) {
      position = 20;
      ++turned;
    }
  const auto clusters = own_clusters(400);
  const BootstrapOptions options{2000, 0, 0};
  const auto paired = paired_difference(query_values(better), query_values(worse), clusters, options);
  EXPECT_NEAR(paired.difference[Metric::kR1], 5, 1e-9);
  EXPECT_TRUE(paired.beyond(Metric::kR1));
  EXPECT_GT(at(bootstrap(worse, clusters, options), Metric::kR1).high,
            at(bootstrap(better, clusters, options), Metric::kR1).low);
  EXPECT_FALSE(paired.beyond(Metric::kR50));
}

TEST(StatisticsTest, SizesThatDisagreeAreAFaultOfTheProgram) {
  EXPECT_THROW(bootstrap({0, 1}, {0}, {}), std::logic_error);
  const auto values = [](const std::vector<double>& positions) { return query_values(positions); };
  EXPECT_THROW(paired_difference(values({0, 1}), values({0}), {0, 1}, {}), std::logic_error);
  EXPECT_THROW(paired_difference(values({}), values({}), {}, {}), DataError);
}

TEST(StatisticsTest, TheGoldenMatrixHasThePublishedIntervals) {
  const auto matrix = test::golden_matrix();
  if (!matrix) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy";
  const auto ranks = text_to_video_ranks(matrix->view(), matrix->truth());
  const auto intervals = bootstrap(ranks.positions(TiePolicy::kPessimistic), own_clusters(1000), {10000, 1, 0});
  EXPECT_NEAR(at(intervals, Metric::kR1).low, 44.9, 0.25);
  EXPECT_NEAR(at(intervals, Metric::kR1).high, 51.1, 0.25);
  EXPECT_NEAR(at(intervals, Metric::kMnR).low, 9.99, 0.2);
  EXPECT_NEAR(at(intervals, Metric::kMnR).high, 16.78, 0.3);
  EXPECT_EQ(at(intervals, Metric::kMdR).low, 1);
  EXPECT_EQ(at(intervals, Metric::kMdR).high, 2);
}

}  // namespace
}  // namespace tvr
