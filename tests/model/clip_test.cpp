// CLIP's towers against OpenAI's code, on weights that every implementation can make from the parameters' names
// (encoders.md 7.1, 7.2 A and B; the values there were made by openai/CLIP and open_clip).
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/seeded_weights.h"
#include "tvr/base/random.h"
#include "tvr/model/encoder.h"

namespace tvr {
namespace {

template <class Registry>
auto make(const Registry& registry, const std::string& yaml) {
  const auto node = ConfigNode::parse("encoder: " + yaml);
  const auto builder = read_plugin(registry, node, "encoder", "");
  node.finish();
  auto encoder = builder(EncoderContext{0, {.words = true, .patches = true}});
  test::fill_seeded(*encoder);
  return encoder;
}

torch::Tensor tiny_images(const std::string& activation, bool patches) {
  const auto encoder = make(builtin_video_encoders(),
                            "{type: clip_frames, frames: 1, image_size: 32, patch_size: 8, width: 128, layers: 2, "
                            "heads: 2, embed_dim: 32, activation: " +
                                activation + "}");
  VideoInput video;
  video.pixels = test::seeded("input.image", {2, 3, 32, 32}, 2).unsqueeze(1);
  video.mask = torch::ones({2, 1}, torch::kBool);
  const auto features = encoder->encode(video, {});
  return patches ? features.patches.squeeze(1) : features.frames.squeeze(1);
}

torch::Tensor tiny_texts(const std::string& activation) {
  const auto encoder = make(builtin_text_encoders(),
                            "{type: clip_text, context_length: 16, vocabulary: 1000, width: 128, layers: 2, heads: 2, "
                            "embed_dim: 32, activation: " +
                                activation + "}");
  TextInput text{torch::zeros({2, 16}, torch::kLong), torch::zeros({2, 16}, torch::kBool)};
  const std::vector<std::vector<int64_t>> ids{
      {998, 5, 17, 400, 999}, {998, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 999}};
  for (int64_t i = 0; i < 2; ++i)
    for (size_t j = 0; j < ids[static_cast<size_t>(i)].size(); ++j) {
      text.ids[i][static_cast<int64_t>(j)] = ids[static_cast<size_t>(i)][j];
      text.mask[i][static_cast<int64_t>(j)] = true;
    }
  return encoder->encode(text, {}).pooled;
}

void expect_row(const torch::Tensor& row, const std::vector<double>& golden, double norm) {
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(row[static_cast<int64_t>(i)].item<double>(), golden[i], 1e-5);
  EXPECT_NEAR(row.norm().item<double>(), norm, 2e-5);
}

TEST(TextInput, NamesTheTokenizerOfTheTower) {
  TextConfig config;
  EXPECT_EQ(text_input(config, "").tokenizer, "clip");
  EXPECT_THROW(text_input(config, "spiece.model"), ConfigError);
  config.tokenizer = "siglip";
  config.vocabulary = 32000;
  EXPECT_EQ(text_input(config, "spiece.model").tokenizer, "siglip:spiece.model");
  EXPECT_EQ(text_input(config, "spiece.model").vocabulary, 32000);
  EXPECT_THROW(text_input(config, ""), ConfigError);
}

TEST(TextInput, IsCheckedWithAllOtherSettings) {
  const auto errors_of = [](const std::string& yaml) -> std::string {
    const auto node = ConfigNode::parse("encoder: " + yaml);
    read_plugin(builtin_text_encoders(), node, "encoder", "");
    try {
      node.finish();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(errors_of("{type: clip_text, arch: SigLIP-B/16}"), testing::HasSubstr("tokenizer: the text tower reads"));
  EXPECT_THAT(errors_of("{type: clip_text, tokenizer: " __FILE__ "}"), testing::HasSubstr("CLIP's own tokens"));
  EXPECT_EQ(errors_of("{type: clip_text, arch: SigLIP-B/16, tokenizer: " __FILE__ "}"), "");
}

TEST(VideoInputSpec, CarriesHowPicturesAreFitted) {
  const auto node = ConfigNode::parse("encoder: {type: clip_frames, image_size: 32, patch_size: 8, layers: 1}");
  const auto spec = read_plugin(builtin_video_encoders(), node, "encoder", "")(EncoderContext{})->input();
  EXPECT_EQ(spec.fit, "crop");
  EXPECT_EQ(spec.interpolation, "bicubic");
}

TEST(Clip, TheGeneratorGivesTheListedValues) {
  EXPECT_EQ(hash_name("visual.conv1.weight"), 0xaf6e9c46e8876164ULL);
  const auto values = test::seeded("visual.conv1.weight", {3});
  EXPECT_EQ(values[0].item<float>(), 0.13717889785766602f);
  EXPECT_EQ(values[1].item<float>(), 0.19044828414916992f);
  EXPECT_EQ(values[2].item<float>(), -0.7929133176803589f);
}

TEST(Clip, ImagesEqualOpenAisWithQuickGelu) {
  const auto images = tiny_images("quick_gelu", false);
  expect_row(images[0], {0.5659930, -1.2098222, -0.8347093, -3.3671401, -0.4820830, -1.6491984, -1.5785190, 3.0951018},
             11.2296151);
  expect_row(images[1], {0.0552424, -2.1371410, -0.5241017, -2.0109353, 1.7367531, -2.8634720, -2.7555101, 2.2947552},
             12.5725951);
}

TEST(Clip, PatchesEqualClip4ClipsHiddenStates) {
  const auto patches = tiny_images("quick_gelu", true);
  expect_row(patches[0][0],
             {-2.0159330, -0.8571571, 1.2263117, -0.2375627, 2.5937829, 1.4920677, 0.2801760, -0.3011440}, 9.8292769);
  expect_row(patches[1][0],
             {-0.4729080, -0.0268488, -3.9816806, -1.2553849, 0.1883638, -2.9201415, -4.0655994, 1.6023313},
             10.1418568);
}

TEST(Clip, TextsEqualOpenAisWithQuickGelu) {
  const auto texts = tiny_texts("quick_gelu");
  expect_row(texts[0], {2.3507464, 1.7581884, -1.4304950, -0.9431223, -0.4582235, -3.0009978, -1.1139168, 2.8264430},
             11.6040117);
  expect_row(texts[1], {1.9673500, 2.8175685, -0.7324485, 1.5093155, 0.7401966, -1.9721408, -0.0605535, 1.5300697},
             10.0564571);
}

TEST(Clip, TowersEqualOpenClipsWithGelu) {
  expect_row(tiny_images("gelu", false)[0],
             {0.5743754, -1.2135646, -0.8361415, -3.3582890, -0.4757728, -1.6290219, -1.5877123, 3.0919297},
             11.1985929);
  expect_row(tiny_texts("gelu")[1],
             {1.9711939, 2.8366928, -0.7598529, 1.5722352, 0.7678121, -1.9873816, -0.0310152, 1.5513729}, 10.0892993);
}

TEST(Clip, ParametersCarryOpenAisNamesAndShapes) {
  const auto video =
      make(builtin_video_encoders(),
           "{type: clip_frames, image_size: 32, patch_size: 8, width: 16, layers: 1, heads: 2, embed_dim: 4}");
  const auto text =
      make(builtin_text_encoders(),
           "{type: clip_text, context_length: 8, vocabulary: 50, width: 16, layers: 1, heads: 2, embed_dim: 4}");
  std::vector<std::string> names;
  for (const auto* module : {static_cast<torch::nn::Module*>(video.get()), static_cast<torch::nn::Module*>(text.get())})
    for (const auto& item : module->named_parameters()) names.push_back(item.key());
  std::sort(names.begin(), names.end());
  std::vector<std::string> expected{"ln_final.bias",       "ln_final.weight",        "positional_embedding",
                                    "text_projection",     "token_embedding.weight", "visual.class_embedding",
                                    "visual.conv1.weight", "visual.ln_post.bias",    "visual.ln_post.weight",
                                    "visual.ln_pre.bias",  "visual.ln_pre.weight",   "visual.positional_embedding",
                                    "visual.proj"};
  for (const std::string tower : {"", "visual."})
    for (const auto* name : {"attn.in_proj_bias", "attn.in_proj_weight", "attn.out_proj.bias", "attn.out_proj.weight",
                             "ln_1.bias", "ln_1.weight", "ln_2.bias", "ln_2.weight", "mlp.c_fc.bias", "mlp.c_fc.weight",
                             "mlp.c_proj.bias", "mlp.c_proj.weight"})
      expected.push_back(tower + "transformer.resblocks.0." + name);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names, expected);
}

TEST(Clip, ATextDoesNotDependOnItsPadding) {
  const auto encoder =
      make(builtin_text_encoders(),
           "{type: clip_text, context_length: 16, vocabulary: 1000, width: 32, layers: 2, heads: 2, embed_dim: 8}");
  TextInput shorter{torch::tensor({{998, 5, 17, 999}}), torch::ones({1, 4}, torch::kBool)};
  TextInput longer{torch::cat({shorter.ids, torch::zeros({1, 9}, torch::kLong)}, 1),
                   torch::cat({shorter.mask, torch::zeros({1, 9}, torch::kBool)}, 1)};
  EXPECT_TRUE(torch::allclose(encoder->encode(shorter, {}).pooled, encoder->encode(longer, {}).pooled, 1e-5, 1e-5));
}

template <class Registry>
void expect_refused(const Registry& registry, const std::string& yaml, const std::string& sentence) {
  const auto node = ConfigNode::parse("encoder: " + yaml);
  read_plugin(registry, node, "encoder", "");
  EXPECT_THAT([&] { node.finish(); }, testing::ThrowsMessage<ConfigError>(testing::HasSubstr(sentence)));
}

TEST(Clip, ArchitecturesThatDoNotExistOrContradictAreRefused) {
  expect_refused(builtin_video_encoders(), "{type: clip_frames, arch: ViT-B/23}", "did you mean 'ViT-B/32'");
  expect_refused(builtin_video_encoders(), "{type: clip_frames, arch: ViT-B/32, layers: 3}", "leave them out");
  expect_refused(builtin_video_encoders(), "{type: clip_frames, layers: 3, frozen_layers: 4}",
                 "the tower has 3 layers");
  expect_refused(builtin_text_encoders(), "{type: clip_text, arch: ViT-B/23}", "did you mean 'ViT-B/32'");
  expect_refused(builtin_text_encoders(), "{type: clip_text, arch: ViT-B/32, width: 4, heads: 2}", "leave them out");
  expect_refused(builtin_text_encoders(), "{type: clip_text, layers: 3, frozen_layers: 4}", "the tower has 3 layers");
}

TEST(Clip, FrozenLayersTakeTheEmbeddingsWithThem) {
  const auto video = make(builtin_video_encoders(),
                          "{type: clip_frames, image_size: 32, patch_size: 8, width: 16, layers: 3, heads: 2, "
                          "embed_dim: 4, frozen_layers: 2}");
  for (const auto& item : video->named_parameters()) {
    const auto& name = item.key();
    const bool is_free = name.find("resblocks.2.") != std::string::npos || name.find("ln_post") != std::string::npos ||
                         name == "visual.proj";
    EXPECT_EQ(item.value().requires_grad(), is_free) << name;
  }
  const auto text = make(builtin_text_encoders(),
                         "{type: clip_text, context_length: 8, vocabulary: 50, width: 16, layers: 2, heads: 2, "
                         "embed_dim: 4, frozen_layers: 1}");
  for (const auto& item : text->named_parameters()) {
    const auto& name = item.key();
    const bool is_free =
        name.find("resblocks.1.") != std::string::npos || name.starts_with("ln_final") || name == "text_projection";
    EXPECT_EQ(item.value().requires_grad(), is_free) << name;
  }
}

}  // namespace
}  // namespace tvr
