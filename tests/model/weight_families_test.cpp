#include "tvr/model/weight_families.h"

#include "base/damage.h"
#include "tvr/model/weight_heads.h"
#include "weight_fixtures.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using test::write_zeros;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class WeightFamilies : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  const fs::path file = folder / "model.safetensors";

  RecognisedWeights recognise(const std::vector<NamedShape>& arrays,
                              const std::map<std::string, std::string>& metadata = {}) {
    write_zeros(file, arrays, metadata);
    return recognise_weights(open_weights(file));
  }
  std::string refusal(const std::vector<NamedShape>& arrays, const std::map<std::string, std::string>& metadata = {}) {
    return test::refusal_of([&] { recognise(arrays, metadata); });
  }
  std::vector<NamedShape> openai() const { return test::foreign_shapes(test::small_clip(), test::openai_names()); }
  std::vector<NamedShape> hugging_face() const {
    return test::foreign_shapes(test::small_clip(), test::hugging_face_names());
  }
};

void expect_sizes(const ClipConfig& config) {
  const auto expected = test::small_clip();
  EXPECT_EQ(vision_parameters(config.vision), vision_parameters(expected.vision));
  EXPECT_EQ(text_parameters(config.text), text_parameters(expected.text));
  EXPECT_EQ(config.vision.image_size, expected.vision.image_size);
}

TEST_F(WeightFamilies, SizesComeFromTheShapes) {
  for (const auto& arrays : {openai(), hugging_face()}) {
    const auto config = recognise(arrays).config;
    expect_sizes(config);
    EXPECT_EQ(config.vision.heads, 1);  // of 64 channels
    EXPECT_EQ(config.text.heads, 2);
  }
}

TEST_F(WeightFamilies, OneTowerIsEnough) {
  ClipNames names = test::hugging_face_names();
  names.text = {};
  auto recognised = recognise(test::foreign_shapes(test::small_clip(), names));
  EXPECT_TRUE(recognised.names.has_vision());
  EXPECT_FALSE(recognised.names.has_text());
  auto flattened = test::foreign_shapes(test::small_clip(), {{}, {NameStyle::kHuggingFace, ""}});
  recognised = recognise(flattened);
  EXPECT_FALSE(recognised.names.has_vision());
  EXPECT_EQ(recognised.config.text.vocabulary, 50);
}

TEST_F(WeightFamilies, HeadsOfOtherWidthsAreKnownBySizes) {
  auto config = test::small_clip();
  config.vision.width = 1408;
  config.vision.layers = 40;
  auto arrays = test::foreign_shapes(config, {{NameStyle::kOpenAi, "visual."}, {}});
  for (auto& [name, shape] : arrays)  // width and layers count, and large files take long
    if (name.find(".resblocks.") != std::string::npos) shape.assign(shape.size(), 1);
  EXPECT_EQ(recognise(arrays).config.vision.heads, 16);
}

TEST_F(WeightFamilies, TheActivationOfBareFilesMustBeSaid) {
  auto recognised = recognise(openai());
  const auto weights = open_weights(file);
  EXPECT_EQ(recognised.config.vision.activation, "");
  try {
    settle_activation(recognised, weights, "");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Say --activation quick_gelu (OpenAI"));
  }
  settle_activation(recognised, weights, "gelu");
  EXPECT_EQ(recognised.config.vision.activation, "gelu");
  EXPECT_EQ(recognised.config.text.activation, "gelu");
}

TEST_F(WeightFamilies, OpenAisArchivesHaveQuickGelu) {
  auto arrays = openai();
  arrays.push_back({"input_resolution", {}});
  auto recognised = recognise(arrays);
  EXPECT_EQ(recognised.config.text.activation, "quick_gelu");
  settle_activation(recognised, open_weights(file), "");
  EXPECT_THROW(settle_activation(recognised, open_weights(file), "gelu"), ConfigError);
}

TEST_F(WeightFamilies, TheClip4ClipFamilyIsAssumedToHaveQuickGelu) {
  auto recognised = recognise(test::with_prefix(openai(), "clip."));
  EXPECT_EQ(recognised.config.vision.activation, "quick_gelu");
  ASSERT_FALSE(recognised.assumptions.empty());
  settle_activation(recognised, open_weights(file), "gelu");  // an assumption may be contradicted
  EXPECT_EQ(recognised.config.vision.activation, "gelu");
}

TEST_F(WeightFamilies, HuggingFacesConfigurationTellsTheRest) {
  write_file(folder / "config.json", R"({"model_type": "clip", "vision_config": {"hidden_act": "gelu",
    "num_attention_heads": 4, "layer_norm_eps": 1e-6, "image_size": 35}, "text_config": {"num_attention_heads": 16}})");
  write_file(folder / "preprocessor_config.json",
             R"({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 3], "do_center_crop": false, "resample": 2})");
  const auto recognised = recognise(hugging_face());
  const auto& [vision, text, bias] = recognised.config;
  EXPECT_EQ(vision.activation, "gelu");
  EXPECT_EQ(vision.heads, 4);
  EXPECT_EQ(vision.norm_eps, 1e-6);
  EXPECT_EQ(vision.image_size, 35);  // the last pixels belong to no patch
  EXPECT_THAT(vision.mean, ElementsAre(0.1, 0.2, 0.3));
  EXPECT_EQ(vision.fit, "square");
  EXPECT_EQ(vision.interpolation, "bilinear");
  EXPECT_EQ(text.activation, "quick_gelu");  // what is absent has the default of transformers
  EXPECT_EQ(text.heads, 16);
  EXPECT_TRUE(recognised.activation_told);
}

TEST_F(WeightFamilies, OpenClipsConfigurationTellsTheRest) {
  write_file(folder / "open_clip_config.json", R"({"model_cfg": {"vision_cfg": {"head_width": 16},
    "text_cfg": {"heads": 4}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "resize_mode": "squash"}})");
  auto config = recognise(openai()).config;
  EXPECT_EQ(config.vision.activation, "gelu");
  EXPECT_EQ(config.vision.heads, 4);
  EXPECT_EQ(config.text.heads, 4);
  EXPECT_EQ(config.vision.fit, "square");
  EXPECT_THAT(config.vision.mean, ElementsAre(0.5, 0.5, 0.5));
  write_file(folder / "open_clip_config.json", R"({"model_cfg": {"quick_gelu": true}})");
  EXPECT_EQ(recognise(openai()).config.text.activation, "quick_gelu");
}

TEST_F(WeightFamilies, SenselessConfigurationsAreRefused) {
  for (const char* text :
       {R"({"vision_config": 1})", R"({"vision_config": {"num_attention_heads": 0}})",
        R"({"vision_config": {"num_attention_heads": -1}})", R"({"vision_config": {"num_attention_heads": 1e300}})",
        R"({"vision_config": {"num_attention_heads": 3}})", R"({"vision_config": {"hidden_act": "relu"}})",
        R"({"vision_config": {"hidden_act": 1}})", R"({"vision_config": {"layer_norm_eps": -1}})", "[", "3"}) {
    write_file(folder / "config.json", text);
    EXPECT_NE(refusal(hugging_face()), "") << text;
  }
}

TEST_F(WeightFamilies, SenselessShapesAreRefused) {
  const auto with = [&](const std::string& name, const std::vector<int64_t>& shape) {
    auto arrays = openai();
    for (auto& [key, value] : arrays)
      if (key == name) value = shape;
    return refusal(arrays);
  };
  EXPECT_THAT(with("visual.conv1.weight", {64, 4, 8, 8}), HasSubstr("three channels"));
  EXPECT_THAT(with("visual.conv1.weight", {64, 3, 8, 9}), HasSubstr("square patches"));
  EXPECT_THAT(with("visual.conv1.weight", {64}), HasSubstr("4 extents of 1 to 2^24"));
  EXPECT_THAT(with("visual.conv1.weight", {0, 3, 8, 8}), HasSubstr("4 extents of 1 to 2^24"));
  EXPECT_THAT(with("visual.positional_embedding", {16, 64}), HasSubstr("which are no square"));
  EXPECT_NE(with("visual.positional_embedding", {int64_t{1} << 40, 0}), "");
  EXPECT_NE(with("token_embedding.weight", {50}), "");
}

TEST_F(WeightFamilies, OtherModelsAreRefusedWithTheNamesTheyHave) {
  EXPECT_THAT(refusal({{"bert.embeddings.weight", {2, 2}}}), HasSubstr("It has: bert.embeddings.weight"));
}

TEST_F(WeightFamilies, TvrsOwnConfigurationIsKept) {
  auto config = test::small_clip();
  config.vision.activation = "gelu_tanh";
  config.vision.mean = {0.25, 1.0 / 3.0, 0.1};
  config.text.norm_eps = 1e-12;
  config.text.tokenizer = "siglip";
  config.logit_bias = true;
  const ClipNames own{{NameStyle::kTvr, "visual."}, {NameStyle::kTvr, ""}};
  const auto recognised = recognise(clip_parameters(config, own), {{kClipMetadata, clip_config_json(config)}});
  EXPECT_EQ(recognised.names, own);
  EXPECT_EQ(clip_config_json(recognised.config), clip_config_json(config));
  EXPECT_EQ(recognised.config.vision.mean, config.vision.mean);
}

TEST_F(WeightFamilies, DamagedOwnConfigurationsAreRefused) {
  const auto whole = clip_config_json(test::small_clip());
  const auto refused = [&](const std::string& from, const std::string& to) {
    auto damaged = whole;
    damaged.replace(damaged.find(from), from.size(), to);
    return refusal(openai(), {{kClipMetadata, damaged}});
  };
  EXPECT_THAT(refused("\"heads\"", "\"haeds\""), HasSubstr("'heads' is missing"));
  EXPECT_THAT(refused("\"heads\"", "\"new\":1,\"heads\""), HasSubstr("unknown key 'new'"));
  EXPECT_NE(refused("\"layers\":1", "\"layers\":1000000"), "");
  EXPECT_NE(refused("\"width\":128", "\"width\":-128"), "");
  EXPECT_NE(refused("\"width\":128", "\"width\":9223372036854775808"), "");
  EXPECT_NE(refused("\"patch_size\":8", "\"patch_size\":0"), "");
  EXPECT_NE(refused("}", ""), "");
}

TEST_F(WeightFamilies, HeadsAreSortedBySystem) {
  auto arrays = test::with_prefix(openai(), "clip.");
  for (const char* module : {"text_weight_fc", "video_weight_fc"})
    for (const auto& [name, shape] :
         std::vector<NamedShape>{{".0.weight", {24, 24}}, {".0.bias", {24}}, {".2.weight", {1, 24}}, {".2.bias", {1}}})
      arrays.push_back({module + name, shape});
  arrays.push_back({"text_weight_fc0.0.weight", {48, 24}});
  arrays.push_back({"global_mat_weight", {24, 24}});
  arrays.push_back({"lstm_visual.weight_ih_l0", {96, 24}});
  arrays.push_back({"novel.weight", {2}});
  write_zeros(file, arrays);
  const auto head = recognise_head(open_weights(file));
  EXPECT_THAT(head.unknown, ElementsAre("novel.weight"));
  std::vector<std::string> found;
  for (const auto& group : head.groups)
    found.push_back(group.system + "|" + group.head + "|" + std::to_string(group.names.size()));
  EXPECT_THAT(found, UnorderedElementsAre("DRL WTI or HBI: weights of words|token_wise|4",
                                          "DRL WTI or HBI: weights of frames|token_wise|4",
                                          "DRL WTI or HBI: weights of words||1", "X-CLIP|xclip|1",
                                          "CLIP4Clip seqLSTM|token_wise|1"));
}

// Which head takes the one array of a file, beside another that tells the system.
TEST_F(WeightFamilies, EveryPublishedSystemHasItsHead) {
  const auto taker = [&](const std::string& name, const std::string& beside) {
    auto arrays = test::with_prefix(openai(), "clip.");
    arrays.push_back({name, {2}});
    if (beside != name) arrays.push_back({beside, {2}});
    write_zeros(file, arrays);
    for (const auto& group : recognise_head(open_weights(file)).groups)
      if (std::find(group.names.begin(), group.names.end(), name) != group.names.end()) return group.head;
    return std::string("unknown");
  };
  const std::string blocks = "transformerClip.resblocks.0.ln_1.weight", positions = "frame_position_embeddings.weight";
  EXPECT_EQ(taker(blocks, blocks), "seq_transformer");
  EXPECT_EQ(taker(positions, blocks), "seq_transformer");
  EXPECT_EQ(taker(positions, "lstm_visual.bias_ih_l0"), "");  // never used there
  EXPECT_EQ(taker("lstm_visual.bias_ih_l0", positions), "seq_lstm");
  EXPECT_EQ(taker("cross.pooler.dense.weight", "similarity_dense.bias"), "tight_transformer");
  EXPECT_EQ(taker("word_mat_weight2", "global_mat_weight"), "xclip");
  EXPECT_EQ(taker(blocks, "global_mat_weight"), "xclip");
  EXPECT_EQ(taker("visual_token_selector.score_predictor.in_conv.0.weight", blocks), "ts2");
  EXPECT_EQ(taker(positions, "visual_token_selector.score_predictor.in_conv.0.weight"), "");
  EXPECT_EQ(taker("pool_frames.cross_attn.q_proj.weight", "stochastic.std_branch.linear_proj.bias"), "xpool");
  EXPECT_EQ(taker("stochastic.std_branch.linear_proj.bias", "pool_frames.cross_attn.q_proj.weight"), "");
}

TEST_F(WeightFamilies, OtherNetworksOfTheSameNameDoNotFitTokenWise) {
  auto arrays = test::with_prefix(openai(), "clip.");
  arrays.push_back({"text_weight_fc.0.weight", {48, 24}});  // HBI's is twice as wide
  arrays.push_back({"text_weight_fc.0.bias", {48}});
  arrays.push_back({"text_weight_fc.2.weight", {1, 48}});
  arrays.push_back({"text_weight_fc.2.bias", {1}});
  write_zeros(file, arrays);
  const auto head = recognise_head(open_weights(file));
  ASSERT_EQ(head.groups.size(), 1u);
  EXPECT_EQ(head.groups[0].head, "");
}

TEST_F(WeightFamilies, OpenAisFilesAreKnownByTheirChecksums) {
  EXPECT_EQ(known_file("40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"), "ViT-B/32");
  EXPECT_EQ(known_file("00"), "");
}

}  // namespace
}  // namespace tvr
