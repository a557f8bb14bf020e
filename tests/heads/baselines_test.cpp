// mean_pool, seq_transformer, seq_lstm, tight_transformer and token_wise against tests/reference/heads/baselines.py,
// and what baselines.md says of them beside their formulas.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "conformance/random_features.h"
#include "heads/golden_cases.h"
#include "tvr/model/encoder.h"
#include "tvr/model/temporal.h"

namespace tvr {
namespace {

using test::make_head;
using testing::HasSubstr;

TEST(Baselines, EqualAnIndependentVersion) {
  EXPECT_EQ(test::expect_golden_cases("baselines.json"), 16U);
}

int64_t parameters_of(const std::string& head) {
  int64_t count = 0;
  for (const auto& parameter : make_head(head, {512, 12, 32})->parameters()) count += parameter.numel();
  return count;
}

// baselines.md 3.1: four blocks and 77 positions.
TEST(Baselines, HaveThePublishedNumberOfParameters) {
  EXPECT_EQ(parameters_of("mean_pool"), 0);
  EXPECT_EQ(parameters_of("seq_transformer"), 12'648'960);
  EXPECT_EQ(parameters_of("seq_lstm"), 4 * 512 * (512 + 512 + 2));
  EXPECT_EQ(parameters_of("tight_transformer"), 12'648'960 + 512 * 512 + 3 * 512 + 513);
  EXPECT_EQ(parameters_of("token_wise"), 2 * (512 * 512 + 512 + 513));
}

TEST(Baselines, TellTheMostFrames) {
  for (const std::string head : {"seq_transformer", "tight_transformer"}) {
    const int64_t sentence = head == "tight_transformer" ? 1 : 0;
    EXPECT_NO_THROW(make_head(head, {8, 77 - sentence, 5}));
    try {
      make_head(head, {8, 78 - sentence, 5});
      FAIL() << head;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.head.positions is 77")) << head;
    }
  }
  EXPECT_NO_THROW(make_head("seq_lstm", {8, 500, 5}));
}

// As much of a text tower as heads copy.
class Tower final : public TextEncoder {
 public:
  explicit Tower(int64_t width, int64_t heads = 1, int64_t mlp_ratio = 4) : heads_(heads) {
    auto config = lineage_blocks(width, 5);
    config.heads = heads;
    config.mlp_width = mlp_ratio * width;
    register_parameter("positional_embedding", torch::randn({20, width}));
    register_module("transformer", std::make_shared<Transformer>(config));
  }
  int64_t dim() const override { return 8; }
  int64_t heads() const override { return heads_; }
  int64_t context_length() const override { return 20; }
  TextFeatures encode(const TextInput& /*text*/, const StepContext& /*step*/) override { return {}; }

 private:
  int64_t heads_;
};

TEST(Baselines, BeginAsCopiesOfTheTextTower) {
  const Tower tower(8), wider(16);
  const std::map<std::string, std::string> modules{{"seq_transformer", "transformerClip"},
                                                   {"tight_transformer", "cross.transformer"},
                                                   {"token_wise, temporal: transformer", "transformerClip"},
                                                   {"xclip", "transformerClip"},
                                                   {"ts2", "transformerClip"}};
  for (const auto& [type, module] : modules) {
    const auto head = make_head(type, {8, 3, 5});
    const auto name = module + ".resblocks.3.mlp.c_fc.weight";
    const std::string table =
        module == "cross.transformer" ? "cross.embeddings.position_embeddings" : "frame_position_embeddings";
    const auto block = [&] { return head->named_parameters()[name]; };
    const auto positions = [&] { return head->named_parameters()[table + ".weight"]; };
    const auto before = block().clone(), rows = positions().clone();
    head->start_from(wider);
    EXPECT_TRUE(block().equal(before)) << type;
    head->start_from(tower);
    const auto theirs = tower.named_parameters();
    EXPECT_TRUE(block().allclose(theirs["transformer.resblocks.3.mlp.c_fc.weight"].to(torch::kDouble))) << type;
    EXPECT_TRUE(positions().slice(0, 0, 20).allclose(theirs["positional_embedding"].to(torch::kDouble))) << type;
    EXPECT_TRUE(positions().slice(0, 20).equal(rows.slice(0, 20))) << type;  // longer than the text tower's
  }
}

TEST(Baselines, LeaveBlocksOfOtherHeadsOrHiddenChannelsAlone) {
  for (const auto& tower : {Tower(8, 2, 4), Tower(8, 1, 2)}) {
    const auto head = make_head("seq_transformer", {8, 3, 5});
    std::map<std::string, torch::Tensor> before;
    for (const auto& item : head->named_parameters())
      if (item.key().starts_with("transformerClip")) before[item.key()] = item.value().clone();
    head->start_from(tower);
    for (const auto& [name, value] : before) EXPECT_TRUE(head->named_parameters()[name].equal(value)) << name;
  }
}

// The original mixes up the masks of a batch, so that a score depends on the other videos.
TEST(Baselines, AShortVideoScoresAsItDoesAlone) {
  const FeatureSizes sizes;
  for (const std::string type : {"seq_transformer", "seq_lstm", "tight_transformer"}) {
    const auto head = make_head(type, {sizes.dim, sizes.frames, sizes.words});
    fill_parameters(*head, 1);
    const auto text = random_texts(sizes, 1, torch::kDouble);
    const auto video = random_videos(sizes, 1, torch::kDouble);
    const auto scores = [&](const VideoFeatures& videos) {
      return head->parts(head->prepare(text, {}), head->prepare(videos, {}), {})[0].value;
    };
    const auto together = scores(video);
    for (int64_t v = 0; v < sizes.videos; ++v) {
      const auto real = video.mask[v].sum().item<int64_t>();
      auto alone = rows(video, v, v + 1);
      alone = transformed(alone, [&](const torch::Tensor& tensor) { return tensor.slice(1, 0, real); });
      EXPECT_TRUE(torch::allclose(together.slice(1, v, v + 1), scores(alone), 0, 1e-12)) << type << v;
    }
  }
}

TEST(TightTransformer, DropsWhatTheStepSays) {
  const FeatureSizes sizes;
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  const auto scores = [&](const std::string& type, const StepContext& step) {
    const auto head = make_head(type, {sizes.dim, sizes.frames, sizes.words});
    fill_parameters(*head, 1);
    return head->parts(head->prepare(text, step), head->prepare(video, step), step)[0].value;
  };
  StepContext first, second;
  first.training = second.training = true;
  second.step = 1;
  EXPECT_FALSE(scores("tight_transformer", first).equal(scores("tight_transformer", {})));
  EXPECT_FALSE(scores("tight_transformer", first).equal(scores("tight_transformer", second)));
  EXPECT_TRUE(scores("tight_transformer, dropout: 0", first).equal(scores("tight_transformer", {})));
}

}  // namespace
}  // namespace tvr
