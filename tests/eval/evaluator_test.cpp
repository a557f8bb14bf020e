#include "tvr/eval/evaluator.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "conformance/random_features.h"
#include "eval/feature_store.h"
#include "train/tiny_training.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;

// One token a text: its number.
class NumberTokenizer final : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view text) const override { return {std::stoll(std::string(text))}; }
  int64_t vocabulary_size() const override { return 100; }
  int64_t start_id() const override { return -1; }
  int64_t end_id() const override { return -1; }
  int64_t pad_id() const override { return 0; }
};

class VectorSource final : public VideoSource {
 public:
  int64_t size() const override { return 7; }
  VideoInput load(const std::vector<int64_t>& rows, const LoadKey& /*key*/) const override {
    VideoInput video;
    video.cached.frames = random_tensor({7, 1, 8}, 3, "videos", torch::kFloat).index_select(0, torch::tensor(rows));
    video.cached.mask = torch::ones({static_cast<int64_t>(rows.size()), 1}, torch::kBool);
    return video;
  }
};

EvaluationData seven_videos() {
  EvaluationData data;
  data.split.name = "test";
  std::vector<std::string> texts;
  for (int64_t i = 0; i < 7; ++i) {
    data.split.videos.push_back({"video" + std::to_string(i), {}});
    for (const int64_t number : {i, (i * 3) % 5}) {  // many captions are equal
      texts.push_back(std::to_string(number));
      data.split.captions.push_back({std::to_string(texts.size()), texts.back(), i, "", ""});
    }
  }
  data.texts = std::make_shared<TextTable>(NumberTokenizer(), texts, 3);
  data.videos = std::make_shared<VectorSource>();
  return data;
}

Similarity similarity(int64_t text_tile, int64_t video_tile) {
  TinyTraining training;
  EvaluatorOptions options;
  options.text_tile = text_tile;
  options.video_tile = video_tile;
  return compute_similarity(*training.model, seven_videos(), options, torch::kCPU, fs::temp_directory_path());
}

TEST(Evaluator, TilesChangeNothing) {
  const auto whole = similarity(100, 100);
  EXPECT_EQ(whole.sum.sizes().vec(), (std::vector<int64_t>{14, 7}));
  for (const int64_t tile : {1, 2, 3, 5})
    EXPECT_TRUE(torch::allclose(whole.sum, similarity(tile, 7 - tile).sum, 1e-5, 1e-6));
}

TEST(Evaluator, EqualCaptionsScoreEqual) {
  const auto scores = similarity(2, 3).sum;
  const auto data = seven_videos();
  int64_t equal_pairs = 0;
  for (size_t i = 0; i < data.split.captions.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (data.split.captions[i].text != data.split.captions[j].text) continue;
      ++equal_pairs;
      EXPECT_TRUE(scores[static_cast<int64_t>(i)].equal(scores[static_cast<int64_t>(j)]));
    }
  }
  EXPECT_GT(equal_pairs, 5);
}

TEST(Evaluator, ReportsTheSplit) {
  Protocol protocol;
  protocol.bootstrap_draws = 100;
  const auto report = evaluate_split(similarity(4, 4), seven_videos(), protocol).report;
  EXPECT_EQ(report.protocol.texts, 14);
  EXPECT_EQ(report.protocol.videos, 7);
  EXPECT_EQ(report.whole.text_to_video.queries, 14);
  EXPECT_TRUE(report.parts.empty());  // a single part is the whole
  EXPECT_TRUE(report.breakdown.empty());
}

TEST(FeatureStore, SpillsBeyondItsBudgetAndCleansUp) {
  const auto folder = fs::temp_directory_path() / ("tvr_store_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto first = random_videos({}, 1, torch::kFloat), second = random_videos({}, 2, torch::kFloat);
  {
    FeatureStore<VideoFeatures> store(byte_size(first), folder, "videos");
    store.add(first);
    EXPECT_TRUE(fs::is_empty(folder));
    store.add(second);
    EXPECT_FALSE(fs::is_empty(folder));
    EXPECT_TRUE(store.at(0).patches.equal(first.patches));
    EXPECT_TRUE(store.at(1).patches.equal(second.patches));
    EXPECT_TRUE(store.at(1).mask.equal(second.mask));
    EXPECT_FALSE(store.at(1).hidden.defined());
  }
  EXPECT_TRUE(fs::is_empty(folder));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tvr
