#include <sys/stat.h>

#include <algorithm>

#include "base/damage.h"
#include "base/zip_writer.h"
#include "tvr/model/weight_families.h"
#include "tvr/model/weight_heads.h"
#include "weight_fixtures.h"

// What somebody with bad intentions puts beside or into weights; readers of bytes have their own tests in tests/base.
namespace tvr {
namespace {
namespace fs = std::filesystem;
using test::write_zeros;
using testing::HasSubstr;

class HostileWeights : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  const std::vector<NamedShape> openai = test::foreign_shapes(test::small_clip(), test::openai_names());
  const std::vector<NamedShape> hugging_face = test::foreign_shapes(test::small_clip(), test::hugging_face_names());

  std::string refusal(const fs::path& path) {
    const auto sentence = test::refusal_of([&] {
      const auto weights = open_weights(path);
      recognise_weights(weights);
      recognise_head(weights);
    });
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    EXPECT_TRUE(std::none_of(sentence.begin(), sentence.end(), is_control)) << sentence;
    return sentence;
  }
  // What is said where `text` lies beside a small model under the name `name`.
  std::string refusal_of(const std::string& name, const std::string& text) {
    write_zeros(folder / "model.safetensors", name.starts_with("open_clip") ? openai : hugging_face);
    write_file(folder / name, text);
    const auto sentence = refusal(folder.path());
    fs::remove(folder / name);
    return sentence;
  }
  std::string refusal_of_index(const std::string& array, const std::string& shard) {
    const auto index = folder / "model.safetensors.index.json";
    write_file(index, R"({"weight_map": {")" + array + R"(": ")" + shard + "\"}}");
    return refusal(index);
  }
};

/// A tensor of float32 that shows the first `stored` elements of the storage '0' again and again.
std::string repeated_tensor(uint32_t stored, uint32_t rows, uint32_t columns) {
  const auto number = [](uint32_t value) { return "J" + test::little(value, 4); };
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01"
         "0U\x03"
         "cpu" +
         number(stored) + "tQ" + number(0) + number(rows) + number(columns) + "\x86" + number(0) + number(0) +
         "\x86\x89)tR";
}
std::string archive_of(const std::vector<std::pair<std::string, std::string>>& tensors) {
  std::string pickle = "\x80\x02}(";
  for (const auto& [name, tensor] : tensors) pickle += "X" + test::little(name.size(), 4) + name + tensor;
  return test::zip_of({{"a/data.pkl", pickle + "u."}, {"a/data/0", std::string(16, '\0')}});
}

// A model of a few bytes that would take gigabytes once it is made.
TEST_F(HostileWeights, ViewsThatRepeatAFewBytesAreRefused) {
  std::vector<std::pair<std::string, std::string>> tensors;
  for (int i = 0; i < 3; ++i) tensors.emplace_back("visual.x" + std::to_string(i), repeated_tensor(4, 4096, 4096));
  write_file(folder / "small.pt", archive_of(tensors));
  EXPECT_THAT(refusal(folder / "small.pt"), HasSubstr("show the same bytes again and again, 201 MB out of 0"));
  tensors.resize(1);
  tensors[0].second = repeated_tensor(4, 2048, 2048);
  write_file(folder / "small.pt", archive_of(tensors));
  EXPECT_EQ(open_weights(folder / "small.pt").arrays.size(), 1u);  // a mask that was expanded, say
}

TEST_F(HostileWeights, PicklesThatCallFunctionsAreRefusedInEveryWrapping) {
  const std::string call = "cos\nsystem\n(S'id'\ntR";
  const std::string legacy =  // its magic number, version and machine
      "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  for (const auto& bytes : {test::zip_of({{"a/data.pkl", "\x80\x02" + call + "."}}), "\x80\x02" + call + ".",
                            legacy + "\x80\x02" + call + ".\x80\x02]."}) {
    write_file(folder / "weights.pt", bytes);
    EXPECT_THAT(refusal(folder / "weights.pt"), HasSubstr("os.system; tvr runs no code"));
  }
  write_file(folder / "weights.pt", "(S'id'\nios\nsystem\n.");
  EXPECT_NE(refusal(folder / "weights.pt"), "");
}

TEST_F(HostileWeights, NamesInAnIndexCannotReachTheTerminal) {
  EXPECT_THAT(refusal_of_index("a\\u001b[2J", "x"), HasSubstr("as parameters are not named: 'a\\u001b[2J'"));
  EXPECT_THAT(refusal_of_index(std::string(1'000'000, 'x'), "x"), HasSubstr("as parameters are not named"));
  EXPECT_THAT(refusal_of_index("a", "\\u001b[2J"), HasSubstr("not a file of its own folder"));
  EXPECT_THAT(refusal_of_index("a\": \"x\", \"a", "y"), HasSubstr("names \"a\" twice"));
}

TEST_F(HostileWeights, AnIndexThatNamesItselfIsNoShard) {
  EXPECT_NE(refusal_of_index("a", "model.safetensors.index.json"), "");
}

TEST_F(HostileWeights, PipesAndLinksThatLeadNowhereAreRefused) {
  write_zeros(folder / "model.safetensors", hugging_face);
  const auto config = folder / "config.json";
  ASSERT_EQ(::mkfifo(config.c_str(), 0600), 0);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("a pipe or a device"));
  fs::remove(config);
  fs::create_symlink("/dev/zero", config);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("a pipe or a device"));
  fs::remove(config);
  fs::create_symlink("config.json", config);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("config.json"));
  fs::remove(config);
  fs::create_directory(config);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("config.json"));
}

TEST_F(HostileWeights, DamagedConfigurationsAreRefused) {
  std::string many_zeros;
  for (int i = 0; i < 1'000'000; ++i) many_zeros += "0,";
  for (const char* name : {"config.json", "preprocessor_config.json", "open_clip_config.json"}) {
    for (const auto& text : {std::string(), std::string("[]"), std::string("{\"a\""), std::string(100, '\0'),
                             std::string(100'000, '['), "{\"a\": [" + many_zeros + "0]}"})
      EXPECT_THAT(refusal_of(name, text), HasSubstr(name)) << text.substr(0, 20);
  }
}

TEST_F(HostileWeights, ConfigurationsOutOfRangeAreRefused) {
  for (const char* text :
       {R"({"vision_config": 1})", R"({"text_config": {"num_attention_heads": 0}})",
        R"({"text_config": {"num_attention_heads": 18446744073709551616}})",
        R"({"vision_config": {"hidden_act": "os.system"}})", R"({"vision_config": {"layer_norm_eps": 1e300}})"})
    EXPECT_THAT(refusal_of("config.json", text), HasSubstr("must be")) << text;
  for (const char* text : {R"({"image_std": [0, 1, 1]})", R"({"image_mean": [0, 1]})", R"({"resample": 5})"})
    EXPECT_THAT(refusal_of("preprocessor_config.json", text), HasSubstr("must be")) << text;
  for (const char* text :
       {R"({"preprocess_cfg": {"std": [1, 1, -1]}})", R"({"preprocess_cfg": {"interpolation": "evil"}})",
        R"({"preprocess_cfg": {"resize_mode": "evil"}})", R"({"model_cfg": {"vision_cfg": {"head_width": 0}}})"})
    EXPECT_THAT(refusal_of("open_clip_config.json", text), HasSubstr("must be")) << text;
}

TEST_F(HostileWeights, OwnConfigurationsOutOfRangeAreRefused) {
  const auto whole = clip_config_json(test::small_clip());
  const auto refused = [&](const std::string& from, const std::string& to) {
    auto damaged = whole;
    damaged.replace(damaged.find(from), from.size(), to);
    write_zeros(folder / "own.safetensors", openai, {{kClipMetadata, damaged}});
    return refusal(folder / "own.safetensors");
  };
  EXPECT_THAT(refused("\"quick_gelu\"", "\"evil\\u001b[2J\""), HasSubstr("activation: unknown value 'evil\\u001b[2J'"));
  EXPECT_THAT(refused("\"heads\"", '"' + std::string(100'000, 'k') + "\":1,\"heads\""), HasSubstr("unknown key 'kkk"));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"pool\":\"end\"", "\"pool\":\"evil\""},
                                                        {"\"family\":\"clip\"", "\"family\":\"evil\""},
                                                        {"\"tokenizer\":\"clip\"", "\"tokenizer\":\"evil\""},
                                                        {"\"fit\":\"crop\"", "\"fit\":\"evil\""},
                                                        {"\"interpolation\":\"bicubic\"", "\"interpolation\":\"evil\""},
                                                        {"\"projection\":\"matrix\"", "\"projection\":\"evil\""},
                                                        {"\"vocabulary\":50", "\"vocabulary\":0"},
                                                        {"\"pad_id\":0", "\"pad_id\":50"},
                                                        {"\"norm_eps\":1e-05", "\"norm_eps\":-1"},
                                                        {"\"mlp_width\":64", "\"mlp_width\":0"},
                                                        {"\"image_size\":32", "\"image_size\":0"},
                                                        {"\"std\":[0.26862954", "\"std\":[0"}}) {
    ASSERT_NE(whole.find(from), std::string::npos) << from;
    EXPECT_NE(refused(from, to), "") << to;
  }
}

TEST_F(HostileWeights, ManyArraysOfAHeadAreSorted) {
  auto arrays = test::with_prefix(openai, "clip.");
  for (int i = 0; i < 50'000; ++i) arrays.push_back({"text_weight_fc." + std::to_string(i), {0}});
  arrays.push_back({"text_weight_fc.0.weight", {0, 0}});
  write_zeros(folder / "many.safetensors", arrays);
  const auto head = recognise_head(open_weights(folder / "many.safetensors"));
  ASSERT_EQ(head.groups.size(), 1u);
  EXPECT_EQ(head.groups[0].names.size(), 50'001u);
}

}  // namespace
}  // namespace tvr
