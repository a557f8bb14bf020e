#include "tvr/eval/breakdown.h"

#include <gmock/gmock.h>

#include <limits>

#include "eval/golden_matrix.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using testing::ElementsAre;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr BootstrapOptions kOptions{200, 0, 1};

// Four videos: 0 and 1 are twins, 2 is alone, 3 shares its cluster with nobody either.
const std::vector<int64_t> kClusters{0, 0, 1, 2};

test::Matrix five_texts() {
  return {{0.9F, 0.5F, 0.1F, 0.1F,   // own above twin
           0.5F, 0.5F, 0.9F, 0.1F,   // tied with the twin
           0.6F, 0.4F, 0.1F, 0.1F,   // below the twin
           0.1F, 0.2F, 0.9F, 0.3F,   // no twin
           0.1F, 0.2F, 0.3F, 0.9F},  // no twin
          5,
          4,
          {0, 0, 1, 2, 3}};
}

std::vector<int8_t> verdicts(const test::Matrix& matrix, const std::vector<int64_t>& clusters) {
  return twin_verdicts(matrix.view(), matrix.truth(), clusters);
}

TEST(BreakdownTest, TiesWithTheTwinCountAsWrong) {
  EXPECT_THAT(verdicts(five_texts(), kClusters), ElementsAre(1, 0, 0, -1, -1));
}

TEST(BreakdownTest, OnlyClustersOfExactlyTwoVideosAreTwins) {
  EXPECT_THAT(verdicts(five_texts(), {0, 0, 0, 1}), ElementsAre(-1, -1, -1, -1, -1));
}

TEST(BreakdownTest, ANanIsNeverAboveItsTwin) {
  const test::Matrix matrix{{kNan, 0.1F, 0.1F, kNan, kNan, kNan}, 3, 2, {0, 0, 1}};
  EXPECT_THAT(verdicts(matrix, {0, 0}), ElementsAre(0, 1, 0));
}

TEST(BreakdownTest, TwinAccuracyIsAShareOfTheQueriesThatHaveATwin) {
  const auto twins = twin_accuracy({1, -1, 0, 1, 1}, {0, 1, 2, 3, 4}, kOptions);
  EXPECT_DOUBLE_EQ(twins->accuracy, 75);
  EXPECT_EQ(twins->queries, 4);
  ASSERT_TRUE(twins->ci95.has_value());
  EXPECT_LT(twins->ci95->low, 75);
  EXPECT_FALSE(twin_accuracy({-1, -1}, {0, 1}, kOptions).has_value());
}

TEST(BreakdownTest, EachValueHasItsOwnQueriesInOrderOfAppearance) {
  const auto matrix = five_texts();
  const auto ranks = text_to_video_ranks(matrix.view(), matrix.truth());
  const BreakdownInput input{&ranks, verdicts(matrix, kClusters), {0, 0, 0, 1, 2}};
  const auto result =
      break_down({"need", {"order", "order", "global", "", "global"}}, input, TiePolicy::kPessimistic, kOptions);
  ASSERT_EQ(result.entries.size(), 2U);
  const auto &order = result.entries[0], &global = result.entries[1];
  EXPECT_EQ(order.value, "order");
  EXPECT_EQ(order.metrics.queries, 2);
  EXPECT_EQ(order.metrics[Metric::kR1], 50);
  EXPECT_EQ(order.metrics.tied_queries, 1);
  EXPECT_FALSE(order.metrics.ci95.has_value());  // one cluster: nothing to resample
  EXPECT_DOUBLE_EQ(order.twins->accuracy, 50);
  EXPECT_EQ(global.metrics.queries, 2);
  EXPECT_DOUBLE_EQ(global.twins->accuracy, 0);
  EXPECT_EQ(global.twins->queries, 1);
  EXPECT_TRUE(global.metrics.ci95.has_value());
}

TEST(BreakdownTest, SizesThatDisagreeAreRefused) {
  const auto matrix = five_texts();
  const auto ranks = text_to_video_ranks(matrix.view(), matrix.truth());
  EXPECT_THROW(break_down({"need", {"order"}}, {&ranks, {}, {0, 0, 0, 1, 2}}, TiePolicy::kPessimistic, kOptions),
               DataError);
  EXPECT_THROW(verdicts(matrix, {0, 0}), DataError);
}

}  // namespace
}  // namespace tvr
