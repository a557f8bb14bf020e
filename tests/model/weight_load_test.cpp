// Weight files of PyTorch, open_clip, timm and transformers themselves (tests/reference/weights.py), and damaged ones.
#include "tvr/model/weight_load.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tvr/base/error.h"
#include "tvr/model/weight_heads.h"
#include "tvr/model/weight_write.h"
#include "weight_fixtures.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

fs::path golden_folder() {
  return fs::path(__FILE__).parent_path() / "golden" / "weights";
}

std::string checksum(const torch::Tensor& tensor) {
  const auto values = tensor.to(torch::kFloat).contiguous();
  return sha256({static_cast<const char*>(values.data_ptr()), values.nbytes()}).substr(0, 16);
}

struct Loaded {
  RecognisedWeights recognised;
  NamedTensors state;
  LoadReport report;
};
Loaded load(const fs::path& path, const std::string& activation = "", torch::ScalarType type = torch::kFloat) {
  const auto weights = open_weights(path);
  Loaded loaded;
  loaded.recognised = recognise_weights(weights);
  settle_activation(loaded.recognised, weights, activation);
  loaded.state = empty_clip(weights, loaded.recognised, type);
  loaded.report = load_clip(weights, loaded.recognised, loaded.state);
  return loaded;
}

torch::Tensor tensor_named(const NamedTensors& state, const std::string& name) {
  for (const auto& [key, tensor] : state)
    if (key == name) return tensor;
  ADD_FAILURE() << "no " << name;
  return {};
}

class Goldens : public testing::TestWithParam<const char*> {};

TEST_P(Goldens, GiveTheParametersThatTheirLibraryHas) {
  const auto expected = nlohmann::json::parse(read_file(golden_folder() / "expected.json")).at(GetParam());
  const auto loaded = load(golden_folder() / GetParam(), expected.at("activation").get<std::string>());
  const auto& parameters = expected.at("parameters");
  EXPECT_EQ(loaded.state.size(), parameters.size());
  for (const auto& [name, tensor] : loaded.state) {
    ASSERT_TRUE(parameters.contains(name)) << name;
    EXPECT_EQ(parameters[name][0].get<std::vector<int64_t>>(), tensor.sizes().vec()) << name;
    EXPECT_EQ(parameters[name][1].get<std::string>(), checksum(tensor)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(OfTheReference, Goldens,
                         testing::Values("openai.pt", "open_clip_training.pt", "hf_clip", "hf_clip_sharded",
                                         "hf_clip_bin", "hf_siglip", "timm_siglip.safetensors", "eva01.safetensors",
                                         "eva02.safetensors", "xlm_roberta.bin", "clip4clip.bin"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(WeightLoad, ArchitecturesAreRecognised) {
  const auto eva = load(golden_folder() / "eva02.safetensors").recognised.config.vision;
  EXPECT_TRUE(eva.gated_mlp && eva.sub_norm && eva.rotary && eva.attention_bias && eva.patch_bias && !eva.norm_before);
  EXPECT_EQ(eva.activation, "silu");
  EXPECT_EQ(eva.projection, "linear");
  const auto siglip = load(golden_folder() / "hf_siglip").recognised.config;
  EXPECT_EQ(siglip.vision.pool, "attention");
  EXPECT_EQ(siglip.vision.activation, "gelu_tanh");
  EXPECT_EQ(siglip.vision.norm_eps, 1e-6);
  EXPECT_EQ(siglip.text.family, "siglip");
  EXPECT_FALSE(siglip.text.causal);
  EXPECT_TRUE(siglip.logit_bias);
  EXPECT_EQ(load(golden_folder() / "timm_siglip.safetensors").recognised.config.text.activation, "gelu");
  const auto roberta = load(golden_folder() / "xlm_roberta.bin").recognised.config.text;
  EXPECT_EQ(roberta.family, "xlm_roberta");
  EXPECT_EQ(roberta.projection_width, 12);
  EXPECT_TRUE(roberta.norm_after);
}

TEST(WeightLoad, WhatHappenedToEveryArrayIsReported) {
  const auto archive = load(golden_folder() / "openai.pt");
  EXPECT_EQ(archive.recognised.family, "CLIP, OpenAI's archive");
  EXPECT_GT(archive.report.converted.at("float16 to float32"), 20);
  EXPECT_EQ(archive.report.ignored.size(), 4u);  // three integers and the mask
  EXPECT_EQ(archive.report.used, static_cast<int64_t>(archive.state.size()));
  const auto lineage = load(golden_folder() / "clip4clip.bin");
  EXPECT_TRUE(lineage.report.converted.empty());
  EXPECT_EQ(lineage.report.left.size(), 8u + 24u + 1u);  // two networks, two blocks, positions
}

class WeightLoading : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  const fs::path file = folder / "model.safetensors";
  const ClipConfig config = test::small_clip();

  NamedTensors random_state() {
    NamedTensors state;
    torch::manual_seed(3);
    for (const auto& [name, shape] : clip_parameters(config, test::openai_names()))
      state.emplace_back(name, torch::randn(shape));
    return state;
  }
  std::string refusal(const NamedTensors& arrays, const std::vector<std::string>& ignore = {}) {
    save_tensors(file, arrays);
    const auto weights = open_weights(file);
    try {
      RecognisedWeights recognised;
      recognised.names = test::openai_names();
      recognised.config = config;
      load_clip(weights, recognised, empty_clip(weights, recognised, torch::kFloat, ignore), ignore);
    } catch (const CheckpointError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(WeightLoading, EveryDifferenceIsReportedAtOnce) {
  auto arrays = random_state();
  EXPECT_EQ(refusal(arrays), "");
  std::erase_if(arrays, [](const auto& item) { return item.first == "visual.proj"; });
  for (auto& [name, tensor] : arrays) {
    if (name == "ln_final.bias") tensor = torch::zeros({3});
    if (name == "visual.ln_pre.bias") tensor = torch::zeros({64}, torch::kInt);
  }
  arrays.emplace_back("visual.conv2.weight", torch::zeros({1}));
  const auto sentence = refusal(arrays);
  EXPECT_THAT(sentence, HasSubstr("missing: visual.proj [64, 24]"));
  EXPECT_THAT(sentence, HasSubstr("wrong shape: ln_final.bias is [3] in the file, the model needs [128]"));
  EXPECT_THAT(sentence, HasSubstr("wrong type: visual.ln_pre.bias is int32 [64]"));
  EXPECT_THAT(sentence, HasSubstr("unexpected: visual.conv2.weight float32 [1]"));
  EXPECT_THAT(refusal(arrays, {"visual.conv2.*"}), Not(HasSubstr("unexpected")));
}

TEST_F(WeightLoading, HeadsOfNoKnownSystemAreUnexpected) {
  NamedTensors arrays;
  for (const auto& [name, tensor] : random_state()) arrays.emplace_back("clip." + name, tensor);
  arrays.emplace_back("novel.weight", torch::zeros({2}));
  EXPECT_THAT(refusal(arrays), HasSubstr("unexpected: novel.weight float32 [2], of no head that is known"));
  EXPECT_EQ(refusal(arrays, {"novel.*"}), "");
}

TEST_F(WeightLoading, OneTowerOfTwoMayBeAskedFor) {
  const auto state = random_state();
  save_tensors(file, state);
  const auto weights = open_weights(file);
  const auto recognised = recognise_weights(weights);
  NamedTensors vision;
  for (const auto& [name, tensor] : state)
    if (name.starts_with("visual.")) vision.emplace_back(name, torch::zeros_like(tensor));
  const auto report = load_clip(weights, recognised, vision);
  EXPECT_EQ(report.used, static_cast<int64_t>(vision.size()));
  EXPECT_EQ(report.left.size(), state.size() - vision.size());
  EXPECT_TRUE(tensor_named(vision, "visual.proj").equal(tensor_named(state, "visual.proj")));
}

TEST_F(WeightLoading, LargeArraysAreCopiedInPieces) {
  auto large = config;
  large.text.vocabulary = 20000;  // 10 MB: more than a piece
  const ClipNames text{{}, {NameStyle::kOpenAi, ""}};
  NamedTensors arrays;
  for (const auto& [name, shape] : clip_parameters(large, text)) arrays.emplace_back(name, torch::randn(shape));
  save_tensors(file, arrays);
  const auto loaded = load(file, "gelu");
  for (const auto& [name, tensor] : arrays) EXPECT_TRUE(tensor_named(loaded.state, name).equal(tensor)) << name;
}

TEST_F(WeightLoading, NumbersAreRoundedKnowingly) {
  auto arrays = random_state();
  save_tensors(file, arrays);
  const auto half = load(file, "gelu", torch::kHalf);
  EXPECT_EQ(half.report.converted.at("float32 to float16"), static_cast<int64_t>(arrays.size()));
  EXPECT_TRUE(tensor_named(half.state, "visual.proj").equal(tensor_named(arrays, "visual.proj").to(torch::kHalf)));
  arrays[0].second = arrays[0].second * 1e6;
  save_tensors(file, arrays);
  EXPECT_THROW(load(file, "gelu", torch::kHalf), DataError);
  load(file, "gelu", torch::kBFloat16);
}

TEST_F(WeightLoading, NumbersThatAreNotFiniteAreNamed) {
  auto arrays = random_state();
  save_tensors(file, arrays);
  EXPECT_TRUE(load(file, "gelu").report.not_finite.empty());
  tensor_named(arrays, "ln_final.bias")[2] = std::numeric_limits<float>::quiet_NaN();
  save_tensors(file, arrays);
  EXPECT_EQ(load(file, "gelu").report.not_finite, std::vector<std::string>{"ln_final.bias"});
}

TEST_F(WeightLoading, SizesThatAConfigurationInventsTakeNoMemory) {
  auto hostile = config;
  hostile.vision.width = hostile.text.width = hostile.vision.mlp_width = 1 << 24;
  hostile.vision.heads = hostile.text.heads = 1;
  save_tensors(file, random_state(), {{kClipMetadata, clip_config_json(hostile)}});
  EXPECT_THROW(load(file), CheckpointError);
}

TEST_F(WeightLoading, ArraysOfAnyByteOrderAndPlaceAreRead) {
  const std::string bytes = std::string("x") + std::string("\x3f\x80\0\0\x40\0\0\0", 8);  // 1 and 2, big-endian
  StoredArray array;
  array.shape = {2};
  array.strides = {1};
  array.big_endian = true;
  array.data = bytes.data() + 1;
  EXPECT_TRUE(mapped_tensor(array).equal(torch::tensor({1.f, 2.f})));
  const float little[] = {3, 4};
  std::string moved = "x" + std::string(reinterpret_cast<const char*>(little), 8);
  array.big_endian = false;
  array.data = moved.data() + 1;
  EXPECT_TRUE(mapped_tensor(array).equal(torch::tensor({3.f, 4.f})));
  array.type = ElementType::kI32;
  EXPECT_THROW(mapped_tensor(array), DataError);
}

class WeightWriting : public WeightLoading {
 protected:
  // Random weights as a file, written to a folder in a format, and read again.
  Loaded round_trip(const std::string& format) {
    save_tensors(file, random_state());
    const auto first = load(file, "quick_gelu");
    write_clip(folder / format, parse_weight_format(format), first.recognised, first.state);
    return load(folder / format, format == "openai" ? "quick_gelu" : "");
  }
};

TEST_F(WeightWriting, EveryFormatIsReadBackBitForBit) {
  const auto state = random_state();
  for (const std::string format : {"tvr", "open_clip", "huggingface"}) {
    const auto again = round_trip(format);
    ASSERT_EQ(again.state.size(), state.size());
    for (const auto& [name, tensor] : state)
      EXPECT_TRUE(tensor_named(again.state, name).equal(tensor)) << format << name;
    EXPECT_EQ(again.recognised.config.vision.activation, "quick_gelu");
    EXPECT_EQ(again.recognised.config.vision.heads, config.vision.heads);
    EXPECT_TRUE(again.recognised.activation_told);
    EXPECT_EQ(again.recognised.config.vision.mean, config.vision.mean);
  }
}

TEST_F(WeightWriting, WhatALibraryCannotExpressIsRefusedByName) {
  EXPECT_THAT([&] { round_trip("openai"); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("an MLP other than four times as wide")));
  EXPECT_THROW(parse_weight_format("hugingface"), ConfigError);
  const auto eva = load(golden_folder() / "eva02.safetensors");
  for (const auto format : {WeightFormat::kHuggingFace, WeightFormat::kOpenClip, WeightFormat::kOpenAi})
    EXPECT_THAT([&] { write_clip(folder / "x", format, eva.recognised, eva.state); },
                testing::ThrowsMessage<ConfigError>(HasSubstr("vision: gated MLPs")));
  EXPECT_FALSE(fs::exists(folder / "x"));
  write_clip(folder / "x", WeightFormat::kTvr, eva.recognised, eva.state);
  const auto again = load(folder / "x");
  EXPECT_EQ(clip_config_json(again.recognised.config), clip_config_json(eva.recognised.config));
  for (const auto& [name, tensor] : eva.state) EXPECT_TRUE(tensor_named(again.state, name).equal(tensor)) << name;
}

TEST_F(WeightWriting, FoldersInUseAreLeftAlone) {
  write_file(folder / "tvr" / "notes.txt", "mine");
  EXPECT_THAT([&] { round_trip("tvr"); }, testing::ThrowsMessage<ConfigError>(HasSubstr("is not an empty folder")));
  EXPECT_EQ(read_file(folder / "tvr" / "notes.txt"), "mine");
}

TEST_F(WeightWriting, AHeadOfTvrGoesAlong) {
  const auto towers = load(golden_folder() / "clip4clip.bin");
  write_clip(folder / "x", WeightFormat::kTvr, towers.recognised, towers.state,
             {{"head.text_weight_fc.0.bias", torch::ones({8})}});
  const auto weights = open_weights(folder / "x");
  ASSERT_EQ(weights.head.size(), 1u);
  EXPECT_TRUE(mapped_tensor(weights.head.at("head.text_weight_fc.0.bias")).equal(torch::ones({8})));
  EXPECT_EQ(load(folder / "x").report.left.size(), 1u);
}

}  // namespace
}  // namespace tvr
