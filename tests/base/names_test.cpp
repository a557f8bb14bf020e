#include "tvr/base/names.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(NearestName, FindsTyposAndSwaps) {
  const std::vector<std::string> known{"mean_pool", "token_wise", "x_pool"};
  EXPECT_EQ(nearest_name("mean_pol", known), "mean_pool");
  EXPECT_EQ(nearest_name("maen_pool", known), "mean_pool");
  EXPECT_EQ(nearest_name("tokenwise", known), "token_wise");
  EXPECT_EQ(nearest_name("x_pool", known), "x_pool");
}

TEST(NearestName, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("cross_attention", {"mean_pool", "token_wise"}), "");
  EXPECT_EQ(nearest_name("", {"mean_pool"}), "");
  EXPECT_EQ(nearest_name("mean_pool", {}), "");
}

TEST(UnknownNameMessage, NamesTheNearestAndAllKnown) {
  EXPECT_EQ(unknown_name_message("head", "mean_pol", {"mean_pool", "token_wise"}),
            "unknown head 'mean_pol'; did you mean 'mean_pool'? Known: mean_pool, token_wise");
  EXPECT_EQ(unknown_name_message("head", "zzz", {"mean_pool"}), "unknown head 'zzz'. Known: mean_pool");
  EXPECT_EQ(unknown_name_message("head", "zzz", {}), "unknown head 'zzz'. Known: none");
}

TEST(Join, PutsASeparatorBetweenAllParts) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({"", "b", ""}, ","), ",b,");
  EXPECT_EQ(join({}, ","), "");
}

TEST(MatchesPattern, LetsAStarStandForAnyRun) {
  EXPECT_TRUE(matches_pattern("head.layer.0.weight", "head.*.weight"));
  EXPECT_TRUE(matches_pattern("head.weight", "*"));
  EXPECT_TRUE(matches_pattern("", "*"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_TRUE(matches_pattern("abab", "*ab"));
  EXPECT_TRUE(matches_pattern("aXbXc", "a*b*c"));
  EXPECT_FALSE(matches_pattern("head.bias", "*.weight"));
  EXPECT_FALSE(matches_pattern("weights", "weight"));
  EXPECT_FALSE(matches_pattern("a", ""));
  EXPECT_FALSE(matches_pattern("", "a*"));
}

TEST(MatchesPattern, DoesNotExplodeOnManyStars) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(matches_pattern(std::string(5000, 'a') + "b", pattern));  // backtracking over every star would not end
}

}  // namespace
}  // namespace tvr
