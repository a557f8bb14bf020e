#include "tvr/eval/significance.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "eval/significance_golden.h"

namespace tvr {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kClose = 1e-9;  // relative; both sides are accurate to many more digits

void expect_close(double value, double golden) {
  if (std::isinf(golden))
    EXPECT_EQ(value, golden);
  else
    EXPECT_NEAR(value, golden, kClose * std::max(1.0, std::abs(golden)));
}
void expect_interval(const Interval& interval, double low, double high) {
  expect_close(interval.low, low);
  expect_close(interval.high, high);
}

TEST(SignificanceTest, McNemarIsExact) {
  for (const auto& golden : test::kPairs) {
    EXPECT_NEAR(mcnemar_exact(golden.b, golden.c), golden.p, kClose * golden.p) << golden.b << ", " << golden.c;
    EXPECT_DOUBLE_EQ(mcnemar_exact(golden.b, golden.c), mcnemar_exact(golden.c, golden.b));
  }
  EXPECT_EQ(mcnemar_exact(0, 0), 1);
  EXPECT_EQ(mcnemar_exact(5, 5), 1);
  EXPECT_EQ(mcnemar_exact(6, 0), 0.03125);
}

TEST(SignificanceTest, McNemarOfMillionsOfPairsNeitherOverflowsNorVanishes) {
  EXPECT_NEAR(mcnemar_exact(5'000'000, 5'000'000), 1, 1e-12);
  EXPECT_NEAR(mcnemar_exact(5'005'000, 4'995'000), 0.00157, 0.00001);  // z = 3.162 with the continuity correction
  EXPECT_GE(mcnemar_exact(10'000'000, 0), 0);
}

TEST(SignificanceTest, OddsOfDiscordantPairsHaveTheirExactInterval) {
  for (const auto& golden : test::kPairs) {
    const auto odds = discordant_odds(golden.b, golden.c);
    ASSERT_TRUE(odds);
    expect_close(odds->ratio, static_cast<double>(golden.b) / static_cast<double>(golden.c));
    expect_interval(odds->ci95, golden.low, golden.high);
  }
  EXPECT_FALSE(discordant_odds(0, 0));
  EXPECT_EQ(discordant_odds(0, 4)->ci95.low, 0);
}

TEST(SignificanceTest, HolmAdjustsInTheGivenOrder) {
  for (const auto& golden : test::kHolm) EXPECT_THAT(holm(golden.raw), Pointwise(DoubleNear(1e-15), golden.adjusted));
  EXPECT_THAT(holm({0.04}), ElementsAre(0.04));
  EXPECT_THAT(holm({}), ElementsAre());
}

TEST(SignificanceTest, MeansHaveStudentsInterval) {
  for (const auto& golden : test::kMeans) {
    const auto mean = mean_interval(golden.values);
    EXPECT_EQ(mean.count, static_cast<int64_t>(golden.values.size()));
    expect_close(mean.mean, golden.mean);
    expect_close(*mean.deviation, golden.deviation);
    expect_interval(*mean.ci95, golden.low, golden.high);
  }
}

TEST(SignificanceTest, OneValueHasNoSpreadAndEqualOnesHaveNone) {
  const auto one = mean_interval({45.1});
  EXPECT_EQ(one.mean, 45.1);
  EXPECT_FALSE(one.deviation || one.ci95);
  const auto equal = mean_interval({45.1, 45.1, 45.1});
  EXPECT_EQ(*equal.deviation, 0);
  EXPECT_EQ(equal.ci95->low, 45.1);
  EXPECT_EQ(equal.ci95->high, 45.1);
}

TEST(SignificanceTest, WelchComparesMeansOfUnequalSpread) {
  for (const auto& golden : test::kWelch) {
    const auto &a = test::kMeans[golden.a].values, &b = test::kMeans[golden.b].values;
    const auto test = welch(a, b), reversed = welch(b, a);
    ASSERT_TRUE(test && reversed);
    expect_close(test->t, golden.t);
    expect_close(test->degrees, golden.degrees);
    EXPECT_NEAR(test->p, golden.p, kClose * golden.p);
    expect_interval(test->ci95, golden.low, golden.high);
    EXPECT_DOUBLE_EQ(reversed->p, test->p);
    EXPECT_DOUBLE_EQ(reversed->difference, -test->difference);
  }
}

TEST(SignificanceTest, WelchNeedsTwoValuesASideAndSpread) {
  EXPECT_FALSE(welch({1}, {1, 2}));
  EXPECT_FALSE(welch({1, 2}, {}));
  EXPECT_FALSE(welch({45.1, 45.1}, {45.3, 45.3, 45.3}));
  const auto equal = welch({45.1, 45.1}, {45.1, 45.1, 45.1});
  ASSERT_TRUE(equal);
  EXPECT_EQ(equal->p, 1);
  EXPECT_EQ(equal->difference, 0);
  EXPECT_LT(welch({45.1, 45.1}, {45.3, 45.4})->p, 1);  // one side varies
}

TEST(SignificanceTest, WilsonIntervalsStayWithinAllShares) {
  for (const auto& golden : test::kShares) expect_interval(wilson(golden.hits, golden.n), golden.low, golden.high);
  EXPECT_EQ(wilson(0, 20).low, 0);
  EXPECT_EQ(wilson(20, 20).high, 100);
}

TEST(SignificanceTest, TheStandardisedMeanIsInUnitsOfTheSpread) {
  EXPECT_DOUBLE_EQ(*standardised_mean({1, 2, 3}), 2);
  EXPECT_DOUBLE_EQ(*standardised_mean({-100, 0, -200}), -1);
  EXPECT_FALSE(standardised_mean({0.1, 0.1, 0.1}));
  EXPECT_FALSE(standardised_mean({1}));
}

TEST(SignificanceTest, ImpossibleNumbersAreAFaultOfTheProgram) {
  EXPECT_THROW(mcnemar_exact(-1, 2), std::logic_error);
  EXPECT_THROW(discordant_odds(1, -2), std::logic_error);
  EXPECT_THROW(wilson(1, 0), std::logic_error);
  EXPECT_THROW(wilson(3, 2), std::logic_error);
  EXPECT_THROW(holm({0.5, 1.5}), std::logic_error);
  EXPECT_THROW(holm({std::nan("")}), std::logic_error);
  EXPECT_THROW(mean_interval({}), std::logic_error);
  EXPECT_THROW(mean_interval({1, std::numeric_limits<double>::infinity()}), std::logic_error);
}

}  // namespace
}  // namespace tvr
