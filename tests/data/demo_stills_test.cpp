#include "tvr/data/demo_stills.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include "tvr/data/demo_captions.h"

namespace tvr {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool equal(const StillBatch& a, const StillBatch& b) {
  const auto same = [](const Image& x, const Image& y) { return x.pixels == y.pixels; };
  return a.captions == b.captions &&
         std::equal(a.images.begin(), a.images.end(), b.images.begin(), b.images.end(), same);
}

// Number of words in which captions of equal length differ; -1 for other lengths.
int differing_words(const std::string& a, const std::string& b) {
  const auto left = words_of(a), right = words_of(b);
  if (left.size() != right.size()) return -1;
  int count = 0;
  for (size_t i = 0; i < left.size(); ++i) count += left[i] != right[i];
  return count;
}

TEST(DemoStills, GiveAsManyAsAskedForAtEveryStage) {
  for (const double progress : {0.0, 0.2, 0.4, 0.9, 1.0}) {
    for (const int64_t count : {1, 2, 63, 64}) {
      const auto batch = draw_stills(3, 5, count, progress);
      EXPECT_EQ(static_cast<int64_t>(batch.images.size()), count);
      EXPECT_EQ(static_cast<int64_t>(batch.captions.size()), count);
      for (const auto& image : batch.images) EXPECT_EQ(image.pixels.size(), 96u * 96 * 3);
    }
  }
}

TEST(DemoStills, ArePureFunctionsOfSeedAndStep) {
  const auto batch = draw_stills(3, 5, 32, 0.7);
  EXPECT_TRUE(equal(batch, draw_stills(3, 5, 32, 0.7)));
  EXPECT_FALSE(equal(batch, draw_stills(3, 6, 32, 0.7)));
  EXPECT_FALSE(equal(batch, draw_stills(4, 5, 32, 0.7)));
}

TEST(DemoStills, DoNotDependOnThreads) {
  std::vector<StillBatch> batches(4);
  {
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < 4; ++i)
      threads.emplace_back([&, i] { batches[static_cast<size_t>(i)] = draw_stills(1, i, 16, 0.8); });
  }
  for (int64_t i = 0; i < 4; ++i) EXPECT_TRUE(equal(batches[static_cast<size_t>(i)], draw_stills(1, i, 16, 0.8)));
}

TEST(DemoStills, TheFirstStageNamesOneObjectAndTheBackground) {
  for (const auto& caption : draw_stills(1, 0, 100, 0.1).captions) {
    const auto words = words_of(caption);
    EXPECT_EQ(std::count(words.begin(), words.end(), ","), 1) << caption;
  }
}

TEST(DemoStills, HardPairsDifferInOneWordAndStandNextToEachOther) {
  int64_t pairs = 0, samples = 0;
  for (int64_t step = 0; step < 20; ++step) {
    const auto batch = draw_stills(2, step, 200, 0.9);
    for (size_t i = 0; i < batch.captions.size(); ++i, ++samples) {
      if (i + 1 == batch.captions.size() || differing_words(batch.captions[i], batch.captions[i + 1]) != 1) continue;
      ++pairs;
      ++i;
    }
  }
  EXPECT_NEAR(static_cast<double>(pairs) / static_cast<double>(samples), 0.6, 0.05);
}

TEST(DemoStills, CaptionsNameObjectsAndBackgroundOnly) {
  const auto vocabulary = demo_vocabulary();
  const std::set<std::string> known(vocabulary.begin(), vocabulary.end());
  const std::set<std::string> unseen{"moves", "flashes", "first", "heard", "sign", "with", "reads", "later"};
  for (const auto& caption : draw_stills(7, 1, 500, 0.6).captions) {
    const auto words = words_of(caption);
    EXPECT_LE(std::count(words.begin(), words.end(), ","), 3);
    for (const auto& word : words) {
      EXPECT_EQ(known.count(word), 1u) << word;
      EXPECT_EQ(unseen.count(word), 0u) << caption;
    }
  }
}

}  // namespace
}  // namespace tvr
