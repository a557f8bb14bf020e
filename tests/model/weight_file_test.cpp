#include "tvr/model/weight_file.h"

#include "base/damage.h"
#include "base/zip_writer.h"
#include "memory_file.h"
#include "tvr/model/weight_families.h"
#include "weight_fixtures.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using test::write_zeros;
using testing::ElementsAre;
using testing::HasSubstr;

class WeightFile : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  const fs::path file = folder / "model.safetensors";
  const std::vector<NamedShape> clip = test::foreign_shapes(test::small_clip(), test::openai_names());

  std::string refusal(const fs::path& path) {
    return test::refusal_of([&] { recognise_weights(open_weights(path)); });
  }
  std::string refusal_of_bytes(const std::string& bytes) {
    write_file(folder / "weights", bytes);
    const auto sentence = refusal(folder / "weights");
    EXPECT_TRUE(sentence.empty() || sentence.starts_with((folder / "weights").string())) << sentence;
    return sentence;
  }
  std::string refusal_of_index(const std::string& shard) {
    write_file(folder / "model.safetensors.index.json", R"({"weight_map": {"logit_scale": ")" + shard + "\"}}");
    return refusal(folder / "model.safetensors.index.json");
  }
};

TEST_F(WeightFile, AFolderHoldsItsWeightsUnderOneOfTheUsualNames) {
  write_file(folder / "config.json", "{}");
  EXPECT_THAT(refusal(folder.path()),
              HasSubstr("holds no weights; one of these files is looked for: model.safetensors"));
  write_zeros(folder / "open_clip_model.safetensors", clip);
  auto weights = open_weights(folder.path());
  EXPECT_THAT(weights.files, ElementsAre(folder / "open_clip_model.safetensors"));
  EXPECT_EQ(weights.arrays.size(), clip.size());
  EXPECT_EQ(weights.configurations.at("config.json"), folder / "config.json");
  write_zeros(file, clip);
  EXPECT_THAT(open_weights(folder.path()).files, ElementsAre(file));
}

TEST_F(WeightFile, WhatTrainingWrapsAroundIsTakenOff) {
  for (const std::vector<std::string>& prefixes : {std::vector<std::string>{"state_dict."},
                                                   {"model."},
                                                   {"module."},
                                                   {"state_dict.", "module."},
                                                   {"model_state_dict.", "_orig_mod."}}) {
    const auto prefix = prefixes.size() == 1 ? prefixes[0] : prefixes[0] + prefixes[1];
    auto arrays = test::with_prefix(clip, prefix);
    arrays.push_back({"optimizer.state.0.step", {}});
    write_zeros(file, arrays);
    const auto weights = open_weights(file);
    EXPECT_EQ(weights.unwrapped, prefixes);
    EXPECT_TRUE(weights.has("visual.conv1.weight")) << prefix;
    EXPECT_EQ(weights.arrays.size(), clip.size());
    ASSERT_EQ(weights.ignored.size(), 1u);
    EXPECT_EQ(weights.ignored[0].first, "optimizer.state.0.step");
  }
}

TEST_F(WeightFile, WhatLiesBesideClipIsTheHeads) {
  auto arrays = test::with_prefix(clip, "module.clip.");
  arrays.push_back({"module.transformerClip.resblocks.0.ln_1.gamma", {24}});
  arrays.push_back({"module.frame_position_embeddings.weight", {77, 24}});
  write_zeros(file, arrays);
  const auto weights = open_weights(file);
  EXPECT_TRUE(weights.of_clip4clip());
  EXPECT_EQ(weights.arrays.size(), clip.size());
  EXPECT_EQ(weights.head.size(), 2u);
  EXPECT_EQ(weights.head.count("transformerClip.resblocks.0.ln_1.weight"), 1u);  // BERT called it gamma
}

TEST_F(WeightFile, TheAttentionThatTs2NetWrapsKeepsItsName) {
  auto arrays = test::with_prefix(clip, "clip.");
  for (auto& [name, shape] : arrays)
    if (const auto place = name.find("visual.transformer.resblocks.1.attn."); place != std::string::npos)
      name.insert(name.find(".attn.") + 6, "net.");
  write_zeros(file, arrays);
  EXPECT_TRUE(open_weights(file).has("visual.transformer.resblocks.1.attn.in_proj_weight"));
}

TEST_F(WeightFile, ConstantsAreNoWeights) {
  auto arrays = clip;
  for (const char* name :
       {"input_resolution", "context_length", "vocab_size", "text.attn_mask", "text_model.embeddings.position_ids"})
    arrays.push_back({name, {}});
  write_zeros(file, arrays);
  const auto weights = open_weights(file);
  EXPECT_EQ(weights.arrays.size(), clip.size());
  EXPECT_EQ(weights.ignored.size(), 5u);
}

TEST_F(WeightFile, ARunOfTvrIsAFolderOfWeights) {
  std::vector<NamedShape> arrays{
      {"score.logit_scale", {}}, {"head.text_weight_fc.0.weight", {24, 24}}, {"loss.x", {1}}};
  for (const auto& [name, shape] : clip)
    if (name != "logit_scale") arrays.push_back({(name.starts_with("visual.") ? "video." : "text.") + name, shape});
  fs::create_directories(folder / "checkpoints/best");
  write_zeros(folder / "checkpoints/best/model.safetensors", arrays);
  write_file(folder / "config.yaml",
             "model: {video: {heads: 4, activation: gelu}, text: {heads: 8, activation: gelu}}\n");
  const auto weights = open_weights(folder.path());
  EXPECT_EQ(weights.arrays.size(), clip.size());
  EXPECT_EQ(weights.head.count("head.text_weight_fc.0.weight"), 1u);
  EXPECT_EQ(weights.ignored.size(), 1u);
  const auto config = recognise_weights(weights).config;
  EXPECT_EQ(config.vision.heads, 4);
  EXPECT_EQ(config.text.heads, 8);
  EXPECT_EQ(config.vision.activation, "gelu");
}

TEST_F(WeightFile, OfARunWithAScaleForEachPartTheFirstIsTaken) {
  std::vector<NamedShape> arrays{{"score.logit_scale", {3}}};
  for (const auto& [name, shape] : clip)
    if (name != "logit_scale") arrays.push_back({(name.starts_with("visual.") ? "video." : "text.") + name, shape});
  write_zeros(folder / "model.safetensors", arrays);
  const auto weights = open_weights(folder / "model.safetensors");
  EXPECT_TRUE(weights.arrays.at("logit_scale").shape.empty());
  ASSERT_EQ(weights.ignored.size(), 1u);
  EXPECT_THAT(weights.ignored[0].second, testing::HasSubstr("each of 3 parts"));
}

TEST_F(WeightFile, ShardsAreReadTogether) {
  const std::vector<NamedShape> first(clip.begin(), clip.begin() + 5), second(clip.begin() + 5, clip.end());
  write_zeros(folder / "a.safetensors", first);
  write_zeros(folder / "b.safetensors", second);
  std::string map;
  for (size_t i = 0; i < clip.size(); ++i)
    map += (i > 0 ? ", \"" : "\"") + clip[i].first + (i < 5 ? "\": \"a.safetensors\"" : "\": \"b.safetensors\"");
  write_file(folder / "model.safetensors.index.json", R"({"metadata": {}, "weight_map": {)" + map + "}}");
  EXPECT_EQ(open_weights(folder.path()).arrays.size(), clip.size());
  EXPECT_EQ(open_weights(folder / "model.safetensors.index.json").files.size(), 2u);
  write_zeros(folder / "b.safetensors", {clip.begin() + 6, clip.end()});
  EXPECT_THAT(refusal(folder.path()), HasSubstr("b.safetensors: holds no array " + clip[5].first));
  auto more = second;
  more.push_back({"surprise", {1}});
  write_zeros(folder / "b.safetensors", more);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("lists " + std::to_string(second.size())));
  more.back().first = clip[0].first;
  write_zeros(folder / "b.safetensors", more);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("is in another shard too"));
  fs::remove(folder / "b.safetensors");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("b.safetensors: cannot be read"));
}

TEST_F(WeightFile, ShardsOutsideOfTheFolderAreRefused) {
  for (const char* shard : {"../x", "/etc/passwd", "a/b", "", ".", "..", R"(..\\x)", R"(x\u0000y)"})
    EXPECT_THAT(refusal_of_index(shard), HasSubstr("not a file of its own folder")) << shard;
}

TEST_F(WeightFile, MalformedIndexesAreRefused) {
  const auto refused = [&](const std::string& text) {
    write_file(folder / "model.safetensors.index.json", text);
    return refusal(folder / "model.safetensors.index.json");
  };
  for (const char* text :
       {"", "[]", "{", "{\"weight_map\": []}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": 1}}"})
    EXPECT_NE(refused(text), "") << text;
  EXPECT_THAT(refused(std::string(100'000, '[')), HasSubstr("nested too deeply"));
}

TEST_F(WeightFile, HostileFilesAreRefused) {
  write_zeros(file, clip);
  const auto whole = read_file(file);
  EXPECT_THAT(refusal_of_bytes(""), HasSubstr("is empty"));
  EXPECT_NE(refusal_of_bytes(whole.substr(0, whole.size() - 1)), "");
  EXPECT_NE(refusal_of_bytes(whole.substr(0, 100)), "");
  const auto with_header = [&](std::string header, size_t bytes) {
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return test::little(header.size(), 8) + header + std::string(bytes, '\0');
  };
  const std::string entry = R"("a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})";
  EXPECT_NE(refusal_of_bytes(
                with_header("{" + entry + R"(, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})", 12)),
            "");
  EXPECT_NE(refusal_of_bytes(
                with_header(R"({"a": {"dtype": "F32", "shape": [9223372036854775808], "data_offsets": [0, 8]}})", 8)),
            "");
  EXPECT_NE(refusal_of_bytes(with_header("{" + entry + "," + entry + "}", 8)), "");
  EXPECT_NE(refusal_of_bytes(with_header("{\"a\": " + std::string(10'000, '['), 8)), "");
  EXPECT_NE(refusal_of_bytes(test::little(uint64_t{1} << 63, 8) + "{}"), "");
}

TEST_F(WeightFile, HostilePicklesAreRefused) {
  const auto archive = [](const std::string& pickle) {
    return test::zip_of({{"a/data.pkl", "\x80\x02" + pickle + "."}});
  };
  EXPECT_THAT(refusal_of_bytes(archive("cos\nsystem\n(U\x02lstR")), HasSubstr("os.system; tvr runs no code"));
  EXPECT_THAT(refusal_of_bytes(archive("}U\x01"
                                       "acargparse\nNamespace\n)\x81s")),
              HasSubstr("argparse.Namespace"));
  EXPECT_NE(refusal_of_bytes(archive(std::string(100'000, '(') + "t")), "");
  EXPECT_NE(refusal_of_bytes(test::zip_of({{"a/data.pkl", "\x80\x02}."}, {"a/byteorder", "middle"}})), "");
  EXPECT_NE(refusal_of_bytes(test::zip_of({{"a/data.pkl", std::string(1 << 20, '\0'), true, 0, -1, int64_t{1} << 30}})),
            "");
}

// Whatever a byte of it becomes, a file is recognised or refused with a sentence.
TEST_F(WeightFile, SurvivesChangedBytes) {
  for (const char* name : {"openai.pt", "clip4clip.bin", "hf_siglip/model.safetensors", "eva02.safetensors"}) {
    const auto whole = read_file(fs::path(__FILE__).parent_path() / "golden" / "weights" / name);
    for (size_t i = 0; i < whole.size(); i += 199) {
      for (const int change : {0x01, 0x80, 0xFF}) {
        auto damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ change);
        SCOPED_TRACE(name + std::string(", byte ") + std::to_string(i));
        const test::MemoryFile damaged_file(damaged);
        refusal(damaged_file.path());
      }
    }
  }
}

TEST_F(WeightFile, NamesThatAreNoNamesAreRefused) {
  for (const auto& name : {std::string("a b"), std::string("a\nb"), std::string("\xC3\xA4"), std::string(301, 'x')}) {
    write_zeros(file, {{name, {1}}});
    EXPECT_THAT(refusal(file), HasSubstr("parameters are not named so")) << name;
  }
  write_file(folder / "numbers.csv", "1,2\n3,4\n");
  EXPECT_THAT(refusal(folder / "numbers.csv"), HasSubstr("an array without a name"));
  write_zeros(file, {{"model.visual.x", {1}}, {"model.module.visual.x", {1}}, {"model.module.y", {1}}});
  EXPECT_NE(refusal(file), "");
}

TEST_F(WeightFile, ResNetsAreRefusedByName) {
  write_zeros(file, {{"visual.layer1.0.conv1.weight", {8, 8, 1, 1}}, {"token_embedding.weight", {9, 8}}});
  EXPECT_THAT(refusal(file), HasSubstr("ResNet"));
}

}  // namespace
}  // namespace tvr
