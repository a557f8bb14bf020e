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

// `videos` videos with 1 to 12 captions of 1 to 20 words.
RetrievalSplit ragged(int64_t videos) {
  RetrievalSplit split;
  split.name = "train";
  for (int64_t v = 0; v < videos; ++v) {
    split.videos.push_back({"video" + std::to_string(v), {}});
    for (int64_t c = 0; c <= v % 12; ++c) {
      std::string text;
      for (int64_t word = 0; word <= (v * 7 + c * 5) % 20; ++word) text += "word ";
      split.captions.push_back({std::to_string(v) + "_" + std::to_string(c), text, v, "", ""});
    }
  }
  return split;
}

TEST(BatchPlan, NoVideoIsTwiceInABatchOfCaptions) {
  const auto split = ragged(40);
  auto loader = options("captions", 16);
  for (const bool grouped : {false, true}) {
    loader.group_by_length = grouped;
    const BatchPlan plan(split, loader, 1);
    for (int64_t epoch = 0; epoch < 5; ++epoch) {
      std::set<int64_t> captions;
      for (int64_t batch = 0; batch < plan.batches_per_epoch(); ++batch) {
        std::set<int64_t> videos;
        for (const int64_t caption : plan.captions(epoch, batch)) {
          EXPECT_TRUE(captions.insert(caption).second);
          EXPECT_TRUE(videos.insert(split.captions[static_cast<size_t>(caption)].video).second);
        }
      }
      EXPECT_EQ(captions.size(), static_cast<size_t>(plan.batches_per_epoch() * 16));
    }
  }
}

TEST(BatchPlan, WithoutPartingVideosMeetThemselves) {
  const auto split = ragged(40);
  auto loader = options("captions", 16);
  loader.distinct_videos = false;
  const BatchPlan plan(split, loader, 1);
  int64_t repeats = 0;
  for (int64_t batch = 0; batch < plan.batches_per_epoch(); ++batch) {
    std::set<int64_t> videos;
    for (const int64_t caption : plan.captions(0, batch))
      repeats += videos.insert(split.captions[static_cast<size_t>(caption)].video).second ? 0 : 1;
  }
  EXPECT_GT(repeats, 0);
}

TEST(BatchPlan, RefusesVideosThatCannotBeParted) {
  auto split = ragged(12);
  EXPECT_THAT([&] { BatchPlan(split, options("captions", 13), 1); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("is more than the 12 videos")));
  split = twins(1);
  for (int64_t c = 0; c < 20; ++c) split.captions.push_back({"more" + std::to_string(c), "text", 0, "", ""});
  EXPECT_THAT([&] { BatchPlan(split, options("captions", 2), 1).captions(0, 0); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("loader.distinct_videos")));
}

TEST(BatchPlan, GroupsCaptionsOfSimilarLength) {
  const auto split = ragged(200);
  const auto spread = [&](bool grouped) {
    auto loader = options("captions", 32);
    loader.group_by_length = grouped;
    const BatchPlan plan(split, loader, 1);
    double sum = 0;
    for (int64_t batch = 0; batch < plan.batches_per_epoch(); ++batch) {
      size_t least = 1000, most = 0;
      for (const int64_t caption : plan.captions(0, batch)) {
        least = std::min(least, split.captions[static_cast<size_t>(caption)].text.size());
        most = std::max(most, split.captions[static_cast<size_t>(caption)].text.size());
      }
      sum += static_cast<double>(most - least);
    }
    return sum;
  };
  EXPECT_LT(spread(true), spread(false) / 3);
}

}  // namespace
}  // namespace tvr
