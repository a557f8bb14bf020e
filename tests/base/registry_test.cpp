#include "tvr/base/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(Registry, FindsWhatWasAdded) {
  Registry<int> heads("head");
  heads.add("token_wise", 2);
  heads.add("mean_pool", 1);
  EXPECT_EQ(heads.at("mean_pool"), 1);
  EXPECT_TRUE(heads.has("token_wise"));
  EXPECT_FALSE(heads.has("x"));
  EXPECT_THAT(heads.names(), testing::ElementsAre("mean_pool", "token_wise"));
}

TEST(Registry, ANameTwiceIsAFaultOfOurs) {
  Registry<int> heads("head");
  heads.add("mean_pool", 1);
  EXPECT_THROW(heads.add("mean_pool", 2), std::logic_error);
  EXPECT_EQ(heads.at("mean_pool"), 1);
}

TEST(Registry, AnUnknownNameIsTheUsersErrorWithTheNearest) {
  Registry<int> heads("head");
  heads.add("mean_pool", 1);
  try {
    heads.at("mean_pol");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown head 'mean_pol'; did you mean 'mean_pool'? Known: mean_pool");
  }
}

}  // namespace
}  // namespace tvr
