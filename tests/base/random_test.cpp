#include "tvr/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

namespace tvr {
namespace {

// Golden values: tests/reference/random_streams.py.
TEST(Random, EqualsTheReference) {
  EXPECT_EQ(hash_name("visual.conv1.weight"), 0xaf6e9c46e8876164u);
  Random zero(0, "");
  for (const uint64_t bits : {0xe66c1ec962a2dd81u, 0x6dcb29d912069c54u, 0x97d13a2df0337907u})
    EXPECT_EQ(zero.bits(), bits);
  Random bits(42, "shuffle", 3, 7), uniform(42, "shuffle", 3, 7);
  for (const uint64_t expected : {0x30e605cd98e287b8u, 0xc9c528d372a40643u, 0x77c22b9e5edd3879u})
    EXPECT_EQ(bits.bits(), expected);
  for (const double expected : {0.1910098673769287, 0.7881646648626344, 0.46780655495137047})
    EXPECT_DOUBLE_EQ(uniform.uniform(), expected);
}

TEST(Random, StreamsDifferInEachOfTheirFourNames) {
  std::set<uint64_t> firsts;
  size_t streams = 0;
  for (const uint64_t seed : {0, 1, 2})
    for (const char* purpose : {"", "a", "b", "shuffle"})
      for (const uint64_t epoch : {0, 1, 2})
        for (const uint64_t index : {0, 1, 2, 3}) {
          firsts.insert(Random(seed, purpose, epoch, index).bits());
          ++streams;
        }
  EXPECT_EQ(firsts.size(), streams);
}

TEST(Random, NeighbouringStreamsAreUncorrelated) {
  constexpr int kCount = 20'000;
  double sum = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto index = static_cast<uint64_t>(i);
    sum += (Random(1, "p", 0, index).uniform() - 0.5) * (Random(1, "p", 0, index + 1).uniform() - 0.5);
  }
  EXPECT_LT(std::abs(12 * sum / kCount), 5 / std::sqrt(kCount));  // five standard deviations
}

TEST(Random, IntegersAreUnbiasedAndInRange) {
  Random random(7, "integers");
  constexpr int64_t kCount = 60'000, kSides = 6;
  std::vector<int64_t> counts(kSides);
  for (int64_t i = 0; i < kCount; ++i) {
    const auto value = random.integer(kSides);
    ASSERT_TRUE(value >= 0 && value < kSides);
    ++counts[static_cast<size_t>(value)];
  }
  double chi2 = 0;
  for (const auto count : counts) chi2 += std::pow(static_cast<double>(count - kCount / kSides), 2) / (kCount / kSides);
  EXPECT_LT(chi2, 25);  // five degrees of freedom: one in 7000 exceeds this, and the stream is fixed
}

TEST(Random, IntegersOfAHugeRangeHaveNoModuloBias) {
  // Below 3/4 of 2^63 taken modulo, the lower part would come up twice as often as the rest.
  Random random(7, "huge");
  constexpr int64_t kRange = INT64_MAX / 4 * 3;
  int64_t lower = 0;
  for (int i = 0; i < 20'000; ++i) lower += random.integer(kRange) < kRange / 2;
  EXPECT_NEAR(static_cast<double>(lower) / 20'000, 0.5, 0.02);
  EXPECT_EQ(random.integer(1), 0);
  EXPECT_THROW(random.integer(0), std::logic_error);
}

TEST(Random, UniformAndNormalHaveTheirMoments) {
  Random random(3, "moments");
  constexpr int kCount = 100'000;
  double sum = 0, squares = 0, uniform = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal(), u = random.uniform(-1, 3);
    ASSERT_TRUE(std::isfinite(x) && u >= -1 && u < 3);
    sum += x;
    squares += x * x;
    uniform += u;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.02);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
  EXPECT_NEAR(uniform / kCount, 1, 0.02);
}

TEST(Random, ShuffleIsAPermutationThatTheSeedDecides) {
  std::vector<int> first(100), second;
  std::iota(first.begin(), first.end(), 0);
  const auto sorted = first;
  second = first;
  Random(5, "s").shuffle(first);
  Random(5, "s").shuffle(second);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, sorted);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), sorted.begin()));
}

TEST(Random, ShuffleReachesEveryOrderEquallyOften) {
  std::vector<int64_t> counts(6);
  for (uint64_t i = 0; i < 12'000; ++i) {
    std::vector<int> order{0, 1, 2};
    Random(9, "orders", 0, i).shuffle(order);
    ++counts[static_cast<size_t>(order[0] * 2 + (order[1] > order[2]))];
  }
  for (const auto count : counts) EXPECT_NEAR(static_cast<double>(count), 2000, 200);
}

TEST(Random, ChanceKeepsItsEnds) {
  Random random(1, "chance");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(1));
  }
}

}  // namespace
}  // namespace tvr
