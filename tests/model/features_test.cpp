#include "tvr/model/features.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "conformance/random_features.h"

namespace tvr {
namespace {

TEST(Features, RowsAndSelectActOnEveryTensor) {
  auto video = random_videos({}, 1, torch::kFloat);
  video.experts["audio"] = {torch::randn({4, 2, 5}), torch::ones({4, 2}, torch::kBool), {}, {}};
  const auto part = rows(video, 1, 3);
  const auto chosen = select(video, torch::tensor({2, 2}));
  part.each([](const std::string& name, const torch::Tensor& tensor) {
    if (tensor.defined()) {
      EXPECT_EQ(tensor.size(0), 2) << name;
    }
  });
  EXPECT_TRUE(part.experts.at("audio").values.equal(video.experts["audio"].values.slice(0, 1, 3)));
  EXPECT_TRUE(chosen.frames[1].equal(video.frames[2]));
}

TEST(Features, ConcatenateRestoresWhatRowsCut) {
  const auto video = random_videos({}, 1, torch::kFloat);
  const auto whole = concatenate({rows(video, 0, 1), rows(video, 1, 4)});
  EXPECT_TRUE(whole.patches.equal(video.patches));
  EXPECT_TRUE(whole.mask.equal(video.mask));
}

TEST(Features, ConcatenatePadsTextsOfDifferentLength) {
  const auto longer = random_texts({.words = 6}, 1, torch::kFloat),
             shorter = random_texts({.words = 4}, 2, torch::kFloat);
  const auto both = concatenate(std::vector<TextFeatures>{longer, shorter});
  EXPECT_EQ(both.tokens.size(1), 6);
  EXPECT_FALSE(both.mask.slice(0, 5).slice(1, 4).any().item<bool>());
  EXPECT_TRUE(both.tokens.slice(0, 5).slice(1, 0, 4).equal(shorter.tokens));
}

TEST(Features, ByteSizeCountsDefinedTensors) {
  TextFeatures text;
  text.pooled = torch::zeros({2, 3});
  text.mask = torch::zeros({2, 5}, torch::kBool);
  EXPECT_EQ(byte_size(text), 2 * 3 * 4 + 10);
}

}  // namespace
}  // namespace tvr
