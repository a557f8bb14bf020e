#include "tvr/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace tvr {
namespace {

TEST(ParallelFor, CallsEachIndexOnce) {
  for (const int64_t threads : {0, 1, 2, 7, 64}) {
    std::vector<std::atomic<int>> calls(1000);
    parallel_for(1000, threads, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
    for (const auto& count : calls) ASSERT_EQ(count, 1);
  }
}

TEST(ParallelFor, OfNothingCallsNothing) {
  for (const int64_t count : {-5, 0}) parallel_for(count, 4, [](int64_t) { FAIL(); });
}

TEST(ParallelFor, RethrowsTheFirstExceptionAndStopsHandingOut) {
  for (const int64_t threads : {1, 4}) {
    std::atomic<int64_t> calls{0};
    try {
      parallel_for(1'000'000, threads, [&](int64_t i) {
        ++calls;
        if (i == 10) throw std::runtime_error("video 10");
      });
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "video 10");
    }
    EXPECT_LT(calls, 1'000'000);
  }
}

TEST(ParallelFor, SurvivesExceptionsFromAllThreads) {
  EXPECT_THROW(parallel_for(100, 8, [](int64_t) { throw std::runtime_error("each"); }), std::runtime_error);
}

TEST(ParallelFor, MayBeNested) {
  std::atomic<int64_t> sum{0};
  parallel_for(4, 2, [&](int64_t i) { parallel_for(4, 2, [&](int64_t j) { sum += i * 4 + j; }); });
  EXPECT_EQ(sum, 120);
}

TEST(ProcessorCount, IsPositive) {
  EXPECT_GE(processor_count(), 1);
}

}  // namespace
}  // namespace tvr
