#include "tvr/data/demo_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/data/demo_draw.h"
#include "tvr/video/video_reader.h"
#endif

namespace tvr {
namespace {

namespace fs = std::filesystem;

DemoCorpusOptions tiny_options() {
  DemoCorpusOptions options;
  options.train_pairs = 3;
  options.val_pairs = options.test_pairs = 1;
  return options;
}

TEST(DemoCorpus, HasTheStatedSizes) {
  const auto splits = draw_demo_corpus({});
  ASSERT_EQ(splits.size(), 3u);
  const std::array<size_t, 3> videos{1400, 56, 280}, captions{6, 2, 2};
  std::set<std::string> ids, pairs;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(splits[i].videos.size(), videos[i]);
    for (const auto& video : splits[i].videos) {
      EXPECT_EQ(video.captions.size(), captions[i]);
      ids.insert(video.id);
      pairs.insert(video.pair);
    }
  }
  EXPECT_EQ(ids.size(), 1736u);
  EXPECT_EQ(pairs.size(), 868u);
}

TEST(DemoCorpus, NeedsAreEvenInTestAndOrderIsDoubleInTraining) {
  std::array<std::map<DemoNeed, int>, 3> counts;
  const auto splits = draw_demo_corpus({});
  for (size_t i = 0; i < 3; ++i)
    for (const auto& video : splits[i].videos) ++counts[i][video.need];
  for (int need = 0; need < 7; ++need) {
    EXPECT_EQ(counts[1][static_cast<DemoNeed>(need)], 8);
    EXPECT_EQ(counts[2][static_cast<DemoNeed>(need)], 40);
    const double expected = static_cast<DemoNeed>(need) == DemoNeed::kOrder ? 350 : 175;
    EXPECT_NEAR(counts[0][static_cast<DemoNeed>(need)], expected, 60);
  }
}

TEST(DemoCorpus, APairDoesNotDependOnTheSizeOfItsSplitNorOnTheOthers) {
  const auto small = draw_demo_corpus(tiny_options()), large = draw_demo_corpus({});
  for (size_t split = 0; split < 3; ++split)
    for (size_t i = 0; i < small[split].videos.size(); ++i)
      EXPECT_EQ(small[split].videos[i].scene, large[split].videos[i].scene);
}

TEST(DemoCorpus, SplitsAndSeedsShareNoScene) {
  auto other = DemoCorpusOptions{};
  other.seed = 8;
  std::set<uint64_t> sounds;
  size_t videos = 0;
  for (const auto& options : {DemoCorpusOptions{}, other}) {
    for (const auto& split : draw_demo_corpus(options)) {
      videos += split.videos.size();
      for (const auto& video : split.videos) sounds.insert(video.scene.sound_seed);
    }
  }
  EXPECT_EQ(sounds.size(), videos);
}

TEST(DemoCorpus, RefusesSizesOutOfRange) {
  DemoCorpusOptions options;
  options.val_pairs = 0;
  EXPECT_THROW(draw_demo_corpus(options), ConfigError);
  options.val_pairs = 100001;
  EXPECT_THROW(draw_demo_corpus(options), ConfigError);
}

TEST(DemoCorpus, AnnotationsAreReproducible) {
  const test::TemporaryFolder a, b;
  for (const auto* folder : {&a, &b})
    write_demo_annotations(folder->path(), tiny_options(), draw_demo_corpus(tiny_options()));
  for (const char* name : {"MSRVTT_data.json", "test.csv", "tags.csv", "demo.json"})
    EXPECT_EQ(read_file(a.path() / name), read_file(b.path() / name)) << name;
}

TEST(DemoCorpus, TestCsvHasOneRowAVideoAndTagsCoverEverySentence) {
  const test::TemporaryFolder folder;
  const auto splits = draw_demo_corpus(tiny_options());
  write_demo_annotations(folder.path(), tiny_options(), splits);
  const auto test = read_csv(folder.path() / "test.csv");
  ASSERT_EQ(test.size(), 15u);
  EXPECT_EQ(test[0], (std::vector<std::string>{"key", "vid_key", "video_id", "sentence"}));
  EXPECT_EQ(test[1], (std::vector<std::string>{"ret0", "msr20", "video20", splits[2].videos[0].captions[0]}));
  const auto tags = read_csv(folder.path() / "tags.csv");
  ASSERT_EQ(tags.size(), 1u + 6 * 6 + 14 * 2 + 14 * 2);
  EXPECT_EQ(tags[0], (std::vector<std::string>{"sen_id", "video_id", "need", "pair"}));
  EXPECT_EQ(tags.back(), (std::vector<std::string>{"91", "video33", "text", "test6"}));
}

TEST(DemoCorpus, KnowsItselfAndRefusesForeignFolders) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(has_demo_corpus(folder.path() / "absent", tiny_options()));
  EXPECT_FALSE(has_demo_corpus(folder.path(), tiny_options()));
  std::ofstream(folder.path() / "thesis.tex") << "mine";
  EXPECT_THROW(has_demo_corpus(folder.path(), tiny_options()), DataError);
  EXPECT_THROW(has_demo_corpus(folder.path() / "thesis.tex", tiny_options()), DataError);

  const auto corpus = folder.path() / "demo";
  write_demo_annotations(corpus, tiny_options(), draw_demo_corpus(tiny_options()));
  EXPECT_THROW(has_demo_corpus(corpus, tiny_options()), DataError);  // no videos
  for (int i = 0; i < 34; ++i) write_file(corpus / "videos" / ("video" + std::to_string(i) + ".mp4"), "x");
  EXPECT_TRUE(has_demo_corpus(corpus, tiny_options()));
  auto other = tiny_options();
  other.seed = 8;
  EXPECT_THROW(has_demo_corpus(corpus, other), DataError);
  write_file(corpus / "demo.json", "[1, ");
  EXPECT_THROW(has_demo_corpus(corpus, tiny_options()), DataError);
}

#ifdef TVR_WITH_VIDEO

std::map<std::string, std::string> checksums(const fs::path& folder) {
  std::map<std::string, std::string> sums;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) sums[fs::relative(entry.path(), folder).string()] = sha256_file(entry.path());
  return sums;
}

TEST(DemoCorpusFiles, SameSeedGivesSameBytesWithOneAndThreeThreads) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(write_demo_corpus(folder.path() / "one", tiny_options(), 1));
  EXPECT_TRUE(write_demo_corpus(folder.path() / "three", tiny_options(), 3));
  const auto sums = checksums(folder.path() / "one");
  EXPECT_EQ(sums.size(), 34u + 4);
  EXPECT_EQ(sums, checksums(folder.path() / "three"));
  std::set<std::string> distinct;
  for (const auto& [name, sum] : sums) distinct.insert(sum);
  EXPECT_EQ(distinct.size(), sums.size());
}

TEST(DemoCorpusFiles, DoesNothingWhereTheSameCorpusIsAndRefusesAnother) {
  const test::TemporaryFolder folder;
  const auto corpus = folder.path() / "demo";
  EXPECT_TRUE(write_demo_corpus(corpus, tiny_options()));
  const auto written = fs::last_write_time(corpus / "MSRVTT_data.json");
  EXPECT_FALSE(write_demo_corpus(corpus, tiny_options()));
  EXPECT_EQ(fs::last_write_time(corpus / "MSRVTT_data.json"), written);
  auto other = tiny_options();
  other.train_pairs = 4;
  EXPECT_THROW(write_demo_corpus(corpus, other), DataError);
  EXPECT_EQ(fs::last_write_time(corpus / "MSRVTT_data.json"), written);
}

TEST(DemoCorpusFiles, ASlashBehindTheNameMeansTheSameFolder) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(write_demo_corpus(folder.path() / "demo" / "", tiny_options()));
  EXPECT_FALSE(write_demo_corpus(folder.path() / "demo", tiny_options()));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(DemoCorpusFiles, ARefusedFolderAndItsNeighboursAreLeftAlone) {
  const test::TemporaryFolder folder;
  write_file(folder.path() / "mine" / "thesis.tex", "x");
  write_file(folder.path() / "mine.old" / "thesis.tex", "y");
  EXPECT_THROW(write_demo_corpus(folder.path() / "mine", tiny_options()), DataError);
  EXPECT_EQ(read_file(folder.path() / "mine" / "thesis.tex"), "x");
  EXPECT_EQ(read_file(folder.path() / "mine.old" / "thesis.tex"), "y");
}

TEST(DemoCorpusFiles, LeftoversOfAKilledRunAreReplaced) {
  const test::TemporaryFolder folder;
  const auto corpus = folder.path() / "demo";
  write_file(folder.path() / "demo.tvr-new" / "videos" / "video0.mp4", "half a vid");
  EXPECT_TRUE(write_demo_corpus(corpus, tiny_options()));
  EXPECT_FALSE(fs::exists(folder.path() / "demo.tvr-new"));
  EXPECT_GT(fs::file_size(corpus / "videos" / "video0.mp4"), 1000u);
}

TEST(DemoCorpusFiles, DecodedFramesAreCloseToTheDrawnOnes) {
  const test::TemporaryFolder folder;
  write_demo_corpus(folder.path() / "demo", tiny_options());
  double sum = 0, count = 0;
  const auto splits = draw_demo_corpus(tiny_options());
  for (const auto& video : splits.back().videos) {
    const auto reader = open_video(folder.path() / "demo" / "videos" / (video.id + ".mp4"));
    ASSERT_EQ(reader->info().frames, kDemoFrames);
    EXPECT_DOUBLE_EQ(reader->info().duration, 3.0);
    std::vector<int64_t> indices(kDemoFrames);
    std::iota(indices.begin(), indices.end(), 0);
    reader->read(indices, [&](int64_t frame, const Image& decoded) {
      const auto drawn = draw_still(still_at(video.scene, static_cast<int>(frame)));
      ASSERT_EQ(decoded.pixels.size(), drawn.pixels.size());
      for (size_t i = 0; i < drawn.pixels.size(); ++i, ++count) sum += std::abs(drawn.pixels[i] - decoded.pixels[i]);
    });
  }
  EXPECT_LT(sum / count, 4.0);
  RecordProperty("mean_absolute_error", std::to_string(sum / count));
}

TEST(DemoCorpusFiles, AnUnwritablePlaceIsTheUsersError) {
  EXPECT_THROW(write_demo_corpus("/proc/no/such/place", tiny_options()), DataError);
}

#endif

}  // namespace
}  // namespace tvr
