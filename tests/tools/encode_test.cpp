// `tvr encode` without the command line: seeded towers, generated pictures and videos.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "encode_pixels.h"
#include "encode_run.h"
#include "encode_towers.h"
#include "model/seeded_weights.h"
#include "temporary_folder.h"
#include "tvr/base/array_file.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/model/weight_families.h"
#include "tvr/model/weights.h"
#include "tvr/text/assets.h"
#include "tvr/video/media_writer.h"
#include "tvr/video/picture.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::ThrowsMessage;

const auto kNever = [] { return false; };

ClipConfig tiny_clip() {
  ClipConfig config;
  config.vision.width = config.vision.mlp_width = 64;
  config.text.width = config.text.mlp_width = 64;
  config.vision.heads = config.text.heads = 1;
  config.vision.layers = config.text.layers = 1;
  config.vision.image_size = 32;
  config.vision.patch_size = 8;
  config.vision.embed_dim = config.text.embed_dim = 16;
  config.text.context_length = 12;
  return config;
}

ClipConfig tiny_siglip() {
  auto config = tiny_clip();
  auto& vision = config.vision;
  vision.class_token = vision.norm_before = false;
  vision.patch_bias = true;
  vision.pool = "attention";
  vision.projection = "none";
  vision.fit = "square";
  vision.mean = vision.std = {0.5, 0.5, 0.5};
  auto& text = config.text;
  text.family = text.tokenizer = "siglip";
  text.pool = "last";
  text.projection = "linear";
  text.causal = false;
  text.pad_id = 1;
  text.vocabulary = 1000;
  text.embed_dim = vision.width;
  config.logit_bias = true;
  return config;
}

struct TinyTowers {
  explicit TinyTowers(const ClipConfig& config)
      : text(std::make_shared<TextTower>(config.text)), vision(std::make_shared<VisionTower>(config.vision)) {
    const torch::NoGradGuard no_grad;
    for (auto& item : text->named_parameters()) item.value().copy_(test::seeded(item.key(), item.value().sizes(), 0.3));
    for (auto& item : vision->named_parameters())
      item.value().copy_(test::seeded("visual." + item.key(), item.value().sizes(), 0.3));
    text->eval();
    vision->eval();
  }
  void save(const fs::path& file, const std::map<std::string, std::string>& metadata = {}) const {
    NamedTensors tensors{{"logit_scale", torch::ones({})}};
    if (!metadata.empty()) tensors.emplace_back("logit_bias", torch::ones({}));
    for (const auto& item : text->named_parameters()) tensors.emplace_back(item.key(), item.value());
    for (const auto& item : vision->named_parameters()) tensors.emplace_back("visual." + item.key(), item.value());
    save_tensors(file, tensors, metadata);
  }
  std::shared_ptr<TextTower> text;
  std::shared_ptr<VisionTower> vision;
};

Image painted(int64_t height, int64_t width, int64_t step) {
  Image image{height, width, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c) image.pixels.push_back(static_cast<uint8_t>(x * 5 + y * (c + 1) + 40 * step));
  return image;
}

torch::Tensor array_of(const fs::path& file, const std::string& name) {
  return tensor_of(SafetensorsFile(file).at(name));
}

class EncodeTest : public testing::Test {
 protected:
  test::TemporaryFolder temporary;
  TinyTowers towers{tiny_clip()};
  EncodeRequest request;

  void SetUp() override {
    towers.save(temporary / "clip.safetensors");
    std::string texts;
    for (int i = 0; i < 7; ++i) texts += std::string(static_cast<size_t>(i + 1), 'a') + " dog runs\n";
    write_file(temporary / "texts.txt", texts + "one two three four five six seven eight nine ten eleven\n");
    for (int i = 0; i < 5; ++i)
      write_file(temporary / ("images/" + std::to_string(i) + ".png"), encode_png(painted(40 + i, 60, i)));
    for (const int frames : {3, 9}) {
      MediaContent content;
      for (int i = 0; i < frames; ++i) content.frames.push_back(painted(48, 64, i));
      fs::create_directories(temporary / "videos");
      write_mp4(temporary / ("videos/v" + std::to_string(frames) + ".mp4"), content);
    }
    request.weights = temporary / "clip.safetensors";
    request.activation = "quick_gelu";
    request.out = temporary / "features.safetensors";
    request.device = "cpu";
    request.batch = 2;
    request.threads = 1;
  }
  void ask_for_everything() {
    request.texts = temporary / "texts.txt";
    request.images = temporary / "images";
    request.videos = temporary / "videos";
    request.patches = true;
    request.sampling.count = 4;
    request.sampling.rule = "fps";
    request.sampling.fps = 8;
  }
};

TEST_F(EncodeTest, PicturesAreWhatTheTowerMakesOfThem) {
  request.images = temporary / "images";
  request.patches = true;
  const auto report = encode(request, kNever);
  EXPECT_EQ(report.kinds.at(0).rows, 5);
  EXPECT_EQ(report.dim, 16);
  auto pixels = torch::empty({5, 3, 32, 32}, torch::kByte);
  PixelCutter cutter(tiny_clip().vision);
  for (int i = 0; i < 5; ++i) cutter.write(painted(40 + i, 60, i), pixels[i].data_ptr<uint8_t>());
  const torch::NoGradGuard no_grad;
  const auto expected = towers.vision->forward(pixels);
  EXPECT_TRUE(array_of(request.out, "image.pooled").allclose(expected.pooled, 1e-5, 1e-5));
  EXPECT_TRUE(array_of(request.out, "image.patches").allclose(expected.patches, 1e-5, 1e-5));
  EXPECT_EQ(SafetensorsFile(request.out).metadata().at("image_ids"), R"(["0.png","1.png","2.png","3.png","4.png"])");
}

TEST_F(EncodeTest, TextsAreWhatTheTowerMakesOfThem) {
  request.texts = temporary / "texts.txt";
  const auto report = encode(request, kNever);
  EXPECT_EQ(report.truncated, 1);
  const auto tokens =
      batch(*make_tokenizer("clip", default_assets()), TextLines(temporary / "texts.txt").rows(0, 8), 12);
  const auto ids = torch::tensor(tokens.ids).view({8, 12});
  const auto mask =
      torch::tensor(std::vector<int>(tokens.mask.begin(), tokens.mask.end())).view({8, 12}).to(torch::kBool);
  const torch::NoGradGuard no_grad;
  const auto expected = towers.text->forward(ids, mask);
  const auto stored = array_of(request.out, "text.tokens"), stored_mask = array_of(request.out, "text.mask");
  EXPECT_TRUE(array_of(request.out, "text.pooled").allclose(expected.pooled, 1e-5, 1e-5));
  EXPECT_TRUE(stored_mask.to(torch::kBool).equal(mask));
  EXPECT_TRUE(stored.allclose(expected.tokens * mask.unsqueeze(2), 1e-5, 1e-5));
  EXPECT_EQ(SafetensorsFile(request.out).metadata().at("text_ids"), R"(["0","1","2","3","4","5","6","7"])");
}

TEST_F(EncodeTest, ShortVideosArePaddedAndMasked) {
  ask_for_everything();
  encode(request, kNever);
  EXPECT_TRUE(
      array_of(request.out, "video.mask").equal(torch::tensor({1, 1, 1, 0, 1, 1, 1, 1}, torch::kByte).view({2, 4})));
  const auto duration = array_of(request.out, "video.duration");
  EXPECT_NEAR(duration[0].item<double>(), 3 / 8.0, 1e-3);
  EXPECT_NEAR(duration[1].item<double>(), 9 / 8.0, 1e-3);
  EXPECT_EQ(array_of(request.out, "video.patches").sizes(), (std::vector<int64_t>{2, 4, 16, 16}));
  const auto frames = array_of(request.out, "video.frames");
  EXPECT_EQ(frames[0][3].abs().max().item<double>(), 0);
  EXPECT_GT(frames[0][2].abs().max().item<double>(), 0);
}

TEST_F(EncodeTest, StoppedAtAnyBatchItGivesTheSameBytes) {
  ask_for_everything();
  encode(request, kNever);
  const auto whole = read_file(request.out);
  fs::remove(request.out);
  int stops = 0;
  for (bool finished = false; !finished; ++stops) {
    int batches = 0;
    try {
      encode(request, [&] { return ++batches == 2; });
      finished = true;
    } catch (const Interrupted& interruption) {
      EXPECT_THAT(interruption.what(), HasSubstr("goes on"));
    }
    ASSERT_LT(stops, 20);
  }
  EXPECT_GT(stops, 3);
  EXPECT_EQ(read_file(request.out), whole);
}

TEST_F(EncodeTest, GoesOnOnlyWithWhatItWasBegunWith) {
  ask_for_everything();
  EXPECT_THROW(encode(request, [] { return true; }), Interrupted);
  auto other = request;
  other.patches = false;
  EXPECT_THAT([&] { encode(other, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("patches was true and is false")));
  write_file(temporary / "texts.txt", "another text\n");
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("texts was")));
}

TEST_F(EncodeTest, NoticesPicturesThatChangedSinceTheyWereEncoded) {
  request.images = temporary / "images";
  EXPECT_THROW(encode(request, [] { return true; }), Interrupted);
  write_file(temporary / "images/0.png", encode_png(painted(80, 80, 9)));
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<DataError>(HasSubstr("changed since")));
  request.overwrite = true;
  EXPECT_EQ(encode(request, kNever).kinds.at(0).encoded, 5);
}

TEST_F(EncodeTest, UnreadableFilesAreAnErrorOrListed) {
  request.images = temporary / "images";
  write_file(temporary / "images/1.png", "no picture");
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<DataError>(HasSubstr("1.png: is not a JPEG")));
  request.missing = "skip";
  const auto report = encode(request, kNever);
  ASSERT_EQ(report.kinds.at(0).left_out.size(), 1U);
  EXPECT_EQ(report.kinds[0].left_out[0].first, "1.png");
  EXPECT_EQ(array_of(request.out, "image.pooled").size(0), 4);
  EXPECT_EQ(SafetensorsFile(request.out).metadata().at("image_ids"), R"(["0.png","2.png","3.png","4.png"])");
}

TEST_F(EncodeTest, CountsFeaturesThatAreNotNumbers) {
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : towers.text->named_parameters())
      if (item.key() == "token_embedding.weight") item.value()[1929].fill_(NAN);  // "dog"
    towers.save(temporary / "clip.safetensors");
  }
  request.texts = temporary / "texts.txt";
  const auto report = encode(request, kNever);
  EXPECT_EQ(report.kinds.at(0).not_finite, 7);
  EXPECT_EQ(report.kinds[0].not_finite_rows, "0, 1, 2, 3, 4, 5, 6");
}

TEST_F(EncodeTest, SaysWhatTheWeightsDoNot) {
  request.images = temporary / "images";
  request.activation = "";
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("--activation")));
  request.arch = "ViT-B/32";
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("other names or shapes")));
  request.arch = "";
  request.activation = "gelu";
  request.images = "";
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("nothing to encode")));
  request.texts = temporary / "texts.txt";
  request.tokenizer = temporary / "texts.txt";
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("CLIP's own tokens")));
}

TEST_F(EncodeTest, AnotherSizeResizesThePositions) {
  request.images = temporary / "images";
  request.patches = true;
  request.size = 64;
  encode(request, kNever);
  EXPECT_EQ(array_of(request.out, "image.patches").sizes(), (std::vector<int64_t>{5, 64, 16}));
}

TEST_F(EncodeTest, SigLipSquashesPictures) {
  const auto config = tiny_siglip();
  const TinyTowers siglip(config);
  siglip.save(temporary / "siglip.safetensors", {{kClipMetadata, clip_config_json(config)}});
  request.weights = temporary / "siglip.safetensors";
  request.activation = "";
  request.images = temporary / "images";
  encode(request, kNever);
  auto pixels = torch::empty({1, 3, 32, 32}, torch::kByte);
  PixelCutter(config.vision).write(painted(40, 60, 0), pixels.data_ptr<uint8_t>());
  auto cropped = torch::empty_like(pixels);
  PixelCutter(tiny_clip().vision).write(painted(40, 60, 0), cropped.data_ptr<uint8_t>());
  EXPECT_FALSE(pixels.equal(cropped));
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(array_of(request.out, "image.pooled")[0].allclose(siglip.vision->forward(pixels).pooled[0], 1e-5, 1e-5));
  request.texts = temporary / "texts.txt";
  EXPECT_THAT([&] { encode(request, kNever); }, ThrowsMessage<ConfigError>(HasSubstr("name the FILE.model")));
}

// What CLIP's own preprocessing makes of three photographs.
TEST(ClipPixels, EqualTheReferencesByteForByte) {
  const char* data = std::getenv("TVR_TEST_DATA");
  const auto folder = fs::path(data == nullptr ? "" : data) / "clip_preprocess";
  if (!fs::exists(folder)) GTEST_SKIP() << "TVR_TEST_DATA holds no clip_preprocess";
  for (const std::string name : {"123_456", "416_264", "524_316"}) {
    const auto image = read_image(folder / (name + ".jpg"));
    const auto decoded = read_array(folder / (name + "_decoded_u8.npy"), 3);
    ASSERT_EQ(decoded.shape, (std::vector<int64_t>{image.height, image.width, 3}));
    const auto differs = [](const uint8_t* a, const char* b, size_t count) {
      int64_t bytes = 0;
      for (size_t i = 0; i < count; ++i) bytes += a[i] != static_cast<uint8_t>(b[i]);
      return bytes;
    };
    EXPECT_EQ(differs(image.pixels.data(), decoded.data, image.pixels.size()), 0) << name;
    const MediaFiles files{{name}, {folder / (name + ".jpg")}, {}};
    const auto pixels = load_images(files, 0, 1, VisionConfig(), 1).pixels[0][0].permute({1, 2, 0}).contiguous();
    const auto expected = read_array(folder / (name + "_u8_224.npy"), 3);
    EXPECT_EQ(differs(pixels.data_ptr<uint8_t>(), expected.data, pixels.nbytes()), 0) << name;
  }
}

}  // namespace
}  // namespace tvr
