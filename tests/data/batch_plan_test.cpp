#include "tvr/data/batch_plan.h"

#include <gmock/gmock.h>

#include <set>

namespace tvr {
namespace {
using testing::HasSubstr;

// `pairs` twin pairs of two videos, three captions a video.
RetrievalSplit twins(int64_t pairs) {
  RetrievalSplit split;
  split.name = "train";
  for (int64_t v = 0; v < 2 * pairs; ++v) {
    split.videos.push_back({"video" + std::to_string(v), {}});
    for (int64_t c = 0; c < 3; ++c)
      split.captions.push_back({std::to_string(3 * v + c), "a caption", v, "need", "pair" + std::to_string(v / 2)});
  }
  return split;
}

LoaderOptions options(const std::string& sampler, int64_t batch_size) {
  LoaderOptions result;
  result.sampler = sampler;
  result.batch_size = batch_size;
  return result;
}

TEST(BatchPlan, TwinsStayTogether) {
  const auto split = twins(10);
  const BatchPlan plan(split, options("twins", 8), 1);
  ASSERT_EQ(plan.batches_per_epoch(), 2);
  for (int64_t batch = 0; batch < 2; ++batch) {
    const auto captions = plan.captions(3, batch);
    ASSERT_EQ(captions.size(), 8u);
    for (size_t i = 0; i < captions.size(); i += 2) {
      const auto &a = split.captions[static_cast<size_t>(captions[i])],
                 &b = split.captions[static_cast<size_t>(captions[i + 1])];
      EXPECT_EQ(a.pair, b.pair);
      EXPECT_NE(a.video, b.video);
    }
  }
}

TEST(BatchPlan, AnEpochShowsEachVideoAtMostOnce) {
  const auto split = twins(10);
  const BatchPlan plan(split, options("videos", 5), 1);
  std::set<int64_t> seen;
  for (int64_t batch = 0; batch < plan.batches_per_epoch(); ++batch)
    for (const int64_t caption : plan.captions(0, batch))
      EXPECT_TRUE(seen.insert(split.captions[static_cast<size_t>(caption)].video).second);
  EXPECT_EQ(seen.size(), 20u);
}

TEST(BatchPlan, AnEpochShowsEachCaptionOnce) {
  const BatchPlan plan(twins(10), options("captions", 6), 1);
  std::set<int64_t> seen;
  for (int64_t batch = 0; batch < plan.batches_per_epoch(); ++batch)
    for (const int64_t caption : plan.captions(0, batch)) seen.insert(caption);
  EXPECT_EQ(seen.size(), 60u);
}

TEST(BatchPlan, IsAFunctionOfSeedEpochAndBatch) {
  const BatchPlan plan(twins(10), options("videos", 5), 1), same(twins(10), options("videos", 5), 1),
      other(twins(10), options("videos", 5), 2);
  const auto later = plan.captions(4, 1);
  EXPECT_NE(plan.captions(0, 1), later);
  EXPECT_EQ(same.captions(4, 1), later);
  EXPECT_NE(other.captions(4, 1), later);
}

TEST(BatchPlan, RefusesBatchesThatCannotBeFilled) {
  EXPECT_THAT([] { BatchPlan(twins(2), options("videos", 5), 1); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("is more than the 4 videos")));
  EXPECT_THAT([] { BatchPlan(twins(4), options("twins", 5), 1); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("is odd")));
  auto untagged = twins(4);
  for (auto& caption : untagged.captions) caption.pair.clear();
  EXPECT_THAT([&] { BatchPlan(untagged, options("twins", 4), 1); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("needs a tags file")));
}

}  // namespace
}  // namespace tvr
