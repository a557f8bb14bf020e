// What towers promise beside the numbers of others: bytes as pixels, checkpointing, states, padding, counts, freezing.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/seeded_weights.h"
#include "tvr/base/error.h"
#include "tvr/model/architectures.h"
#include "tvr/model/text_tower.h"
#include "tvr/model/vision_tower.h"

namespace tvr {
namespace {

using test::fill_seeded;
using test::seeded;
using testing::HasSubstr;

template <class Config>
Config small(Config config) {
  config.width = 32;
  config.layers = 3;
  config.heads = 2;
  config.mlp_width = 64;
  config.embed_dim = 16;
  return config;
}
VisionConfig small_vision(const std::string& name) {
  auto config = small(architecture(name).vision);
  config.image_size = 32;
  config.patch_size = 8;
  return config;
}
TextConfig small_text(const std::string& name) {
  auto config = small(architecture(name).text);
  config.vocabulary = 100;
  config.context_length = 12;
  config.projection_width = 24;
  return config;
}

std::shared_ptr<VisionTower> vision_tower(const VisionConfig& config) {
  auto tower = std::make_shared<VisionTower>(config);
  const torch::NoGradGuard no_grad;
  for (auto& item : tower->named_parameters()) item.value().copy_(seeded(item.key(), item.value().sizes(), 0.3));
  return tower;
}
std::shared_ptr<TextTower> text_tower(const TextConfig& config) {
  auto tower = std::make_shared<TextTower>(config);
  const torch::NoGradGuard no_grad;
  for (auto& item : tower->named_parameters()) item.value().copy_(seeded(item.key(), item.value().sizes(), 0.3));
  return tower;
}

const std::vector<std::string> kFamilies{"ViT-B/32", "EVA01-g-14", "EVA02-B-16", "SigLIP-B/16", "XLM-R-B/32"};

// encoders.md 1.1 and 1.3; the text towers of open_clip's models end with the projection.
TEST(Architectures, HaveThePublishedParameterCounts) {
  const auto visual = [](const std::string& name) {
    return parameter_count(vision_parameters(architecture(name).vision));
  };
  const auto text = [](const std::string& name) { return parameter_count(text_parameters(architecture(name).text)); };
  const std::vector<std::tuple<std::string, int64_t, int64_t>> expected{
      {"ViT-B/32", 87849216, 151277313 - 87849216 - 1},
      {"ViT-B/16", 86192640, 149620737 - 86192640 - 1},
      {"ViT-L/14", 303966208, 427616513 - 303966208 - 1},
      {"ViT-L/14@336px", 304293888, 427944193 - 304293888 - 1},
      {"ViT-B-32", 87849216, 151277313 - 87849216 - 1},
      {"ViT-L-14", 303966208, 123650304},
      {"ViT-H-14", 632076800, 354032640},
      {"ViT-g-14", 1012645632, 354032640},
      {"ViT-bigG-14", 1844907264, 694659840}};
  for (const auto& [name, of_visual, of_text] : expected) {
    EXPECT_EQ(visual(name), of_visual) << name;
    EXPECT_EQ(text(name), of_text) << name;
  }
}

TEST(Architectures, AreKnownByNameAndWithQuickGelu) {
  EXPECT_EQ(architecture_names().size(), 16u);
  for (const auto& name : architecture_names()) {
    const auto config = architecture(name);
    EXPECT_EQ(config.vision.dim(), config.text.embed_dim) << name;
    EXPECT_EQ(config.vision.width % config.vision.heads, 0) << name;
  }
  EXPECT_EQ(architecture("ViT-H-14").text.activation, "gelu");
  EXPECT_EQ(architecture("ViT-H-14-quickgelu").text.activation, "quick_gelu");
  for (const auto* name : {"ViT-H-15", "ViT-B/32-quickgelu", "EVA02-B-16-quickgelu", ""})
    EXPECT_THROW(architecture(name), ConfigError) << name;
}

TEST(Towers, ParametersAreThoseOfTheListOfShapes) {
  const auto shapes_of = [](const torch::nn::Module& module, const std::string& prefix) {
    std::vector<NamedShape> shapes;
    for (const auto& item : module.named_parameters())
      shapes.emplace_back(prefix + item.key(), item.value().sizes().vec());
    return shapes;
  };
  for (const auto& name : kFamilies) {
    const auto vision = small_vision(name);
    EXPECT_THAT(shapes_of(VisionTower(vision), "visual."),
                testing::UnorderedElementsAreArray(vision_parameters(vision)));
    const auto text = small_text(name);
    EXPECT_THAT(shapes_of(TextTower(text), ""), testing::UnorderedElementsAreArray(text_parameters(text)));
  }
}

TEST(VisionTower, BytesGiveWhatNormalisedPixelsGive) {
  for (const auto& name : {"ViT-B/32", "SigLIP-B/16"}) {
    const auto config = small_vision(name);
    const auto tower = vision_tower(config);
    const auto bytes = ((seeded("bytes", {2, 3, 32, 32}) + 1) * 127.5).to(torch::kByte);
    const auto mean = torch::tensor(config.mean).view({3, 1, 1}).to(torch::kFloat),
               deviation = torch::tensor(config.std).view({3, 1, 1}).to(torch::kFloat);
    const auto normalised = (bytes.to(torch::kFloat) / 255 - mean) / deviation;
    const auto a = tower->forward(bytes), b = tower->forward(normalised);
    const auto close = [](const torch::Tensor& x, const torch::Tensor& y) {
      return (x - y).abs().max().item<double>() < 3e-6 * y.abs().max().item<double>();
    };
    EXPECT_TRUE(close(a.pooled, b.pooled) && close(a.patches, b.patches)) << name;
  }
}

TEST(VisionTower, RefusesPixelsOfAnotherSizeOrType) {
  const auto tower = vision_tower(small_vision("ViT-B/32"));
  EXPECT_THROW(tower->forward(torch::zeros({1, 3, 40, 40})), c10::Error);
  EXPECT_THROW(tower->forward(torch::zeros({1, 3, 32, 32}, torch::kInt)), c10::Error);
}

TEST(VisionTower, PixelsThatFillNoPatchAreLeftOut) {
  auto config = small_vision("SigLIP-B/16");
  const auto pixels = seeded("pixels", {1, 3, 35, 35});
  const auto whole = vision_tower(config)->forward(pixels.slice(2, 0, 32).slice(3, 0, 32));
  config.image_size = 35;
  EXPECT_TRUE(vision_tower(config)->forward(pixels).pooled.equal(whole.pooled));
}

TEST(VisionTower, MeanPoolingIsOfPatches) {
  auto config = small_vision("ViT-B/32");
  config.pool = "mean";
  const auto output = vision_tower(config)->forward(seeded("pixels", {1, 3, 32, 32}));
  EXPECT_TRUE(torch::allclose(output.pooled, output.patches.mean(1)));
}

TEST(Towers, StatesAreThoseOfEveryBlock) {
  const auto config = small_vision("EVA02-B-16");
  const auto tower = vision_tower(config);
  const auto pixels = seeded("pixels", {2, 3, 32, 32});
  const auto output = tower->forward(pixels, true);
  ASSERT_EQ(output.states.size(), 3u);
  EXPECT_TRUE(tower->forward(pixels).states.empty());
  for (const auto& state : output.states) EXPECT_EQ(state.sizes().vec(), (std::vector<int64_t>{2, 17, 32}));
  auto shorter = config;
  shorter.layers = 2;
  const auto states = vision_tower(shorter)->forward(pixels, true).states;
  EXPECT_TRUE(states[0].equal(output.states[0]) && states[1].equal(output.states[1]));
  EXPECT_FALSE(output.states[2].equal(output.states[1]));
}

// All gradients of sum(pooled² + patches²) by parameter.
template <class Tower, class Run>
std::map<std::string, torch::Tensor> gradients(Tower& tower, const Run& run) {
  tower.zero_grad();
  run().backward();
  std::map<std::string, torch::Tensor> found;
  for (auto& item : tower.named_parameters())
    if (item.value().grad().defined()) found[item.key()] = item.value().grad().clone();
  return found;
}

template <class Tower, class Run>
void expect_equal_gradients_with_checkpointing(Tower& tower, const Run& run) {
  const auto plain = gradients(tower, run);
  tower.set_checkpointing(true);
  const auto checkpointed = gradients(tower, run);
  ASSERT_EQ(plain.size(), checkpointed.size());
  for (const auto& [name, gradient] : plain) EXPECT_TRUE(gradient.equal(checkpointed.at(name))) << name;
}

TEST(Towers, CheckpointingGivesTheSameGradients) {
  for (const auto& name : kFamilies) {
    const auto vision = vision_tower(small_vision(name));
    const auto pixels = seeded("pixels", {2, 3, 32, 32});
    expect_equal_gradients_with_checkpointing(*vision, [&] {
      const auto output = vision->forward(pixels);
      return output.pooled.square().sum() + output.patches.square().sum();
    });
    const auto text = text_tower(small_text(name));
    const auto ids = torch::tensor({{5, 6, 7, 8, 9}, {1, 2, 3, 0, 0}});
    const auto mask = torch::tensor({{true, true, true, true, true}, {true, true, true, false, false}});
    expect_equal_gradients_with_checkpointing(*text, [&] { return text->forward(ids, mask).pooled.square().sum(); });
  }
}

TEST(Towers, CheckpointingLeavesFrozenBlocksWithoutGradients) {
  const auto tower = vision_tower(small_vision("ViT-B/32"));
  freeze_first_blocks(*tower, 2);
  tower->set_checkpointing(true);
  tower->forward(seeded("pixels", {1, 3, 32, 32})).pooled.square().sum().backward();
  for (const auto& item : tower->named_parameters()) {
    const auto depth = block_of(item.key());
    EXPECT_EQ(item.value().grad().defined(), !depth || *depth > 2) << item.key();
  }
}

TEST(Towers, DepthCountsEmbeddingsAsZero) {
  EXPECT_EQ(block_of("video.visual.conv1.weight"), 0);
  EXPECT_EQ(block_of("positional_embedding"), 0);
  EXPECT_EQ(block_of("text.transformer.resblocks.11.mlp.c_fc.bias"), 12);
  EXPECT_EQ(block_of("text.text_projection"), std::nullopt);
  EXPECT_EQ(block_of("head.my_positional_embedding"), std::nullopt);
}

TEST(TextTower, PaddingChangesNoText) {
  for (const auto& name : kFamilies) {
    const auto tower = text_tower(small_text(name));
    const auto ids = torch::tensor({{5, 6, 7, 8}});
    const auto mask = torch::ones({1, 4}, torch::kBool);
    const auto alone = tower->forward(ids, mask);
    const auto padded = tower->forward(torch::constant_pad_nd(ids, {0, 5}, 3), torch::constant_pad_nd(mask, {0, 5}));
    EXPECT_TRUE(torch::allclose(alone.pooled, padded.pooled, 1e-5, 1e-6)) << name;
    EXPECT_TRUE(torch::allclose(alone.tokens, padded.tokens.slice(1, 0, 4), 1e-5, 1e-6)) << name;
    EXPECT_EQ(padded.tokens.size(1), 9) << name;
  }
}

TEST(TextTower, RefusesTextsThatAreTooLong) {
  for (const auto& name : kFamilies) {
    const auto tower = text_tower(small_text(name));
    const int64_t longest = tower->longest();
    EXPECT_EQ(longest, name == "XLM-R-B/32" ? 10 : 12);
    const auto run = [&](int64_t length) {
      return tower->forward(torch::full({1, length}, 5), torch::ones({1, length}, torch::kBool)).pooled;
    };
    EXPECT_TRUE(run(longest).isfinite().all().item<bool>()) << name;
    EXPECT_THROW(run(longest + 1), c10::Error) << name;
  }
}

// EVA02-E's blocks: the addition alone is normalised.
TEST(Towers, NormOfTheAdditionLeavesTheInputAsItIs) {
  auto config = small_vision("EVA01-g-14");
  config.norm_after = true;
  config.layers = 1;
  config.norm_final = false;
  const auto tower = vision_tower(config);
  const torch::NoGradGuard no_grad;
  for (auto& item : tower->named_parameters())
    if (item.key().find(".ln_") != std::string::npos) item.value().zero_();
  const auto pixels = seeded("pixels", {1, 3, 32, 32});
  const auto state = tower->forward(pixels, true).states[0];
  config.layers = 0;
  const auto embedded = vision_tower(config)->forward(pixels);
  EXPECT_TRUE(torch::allclose(
      torch::matmul(state.slice(1, 1), tower->named_parameters()["proj"]) + tower->named_parameters()["proj_bias"],
      embedded.patches, 1e-5, 1e-6));
}

TEST(Positions, ThatAreNoSquareGridAreRefused) {
  EXPECT_THAT(
      [] {
        resize_positions(torch::zeros({18, 4}), 6, true);
      },
      testing::ThrowsMessage<DataError>(HasSubstr("17 rows of patches beside the class token's")));
}

}  // namespace
}  // namespace tvr
