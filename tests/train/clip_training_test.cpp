// Gradients and ten steps of AdamW of a small CLIP against open_clip and PyTorch: clip_training_golden.json beside this
// file, made by tests/reference/clip_training.py. TVR_TRAINING_REFERENCE=FILE: every value of its dump is compared too.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/seeded_weights.h"
#include "tvr/base/file.h"
#include "tvr/model/text_tower.h"
#include "tvr/model/vision_tower.h"
#include "tvr/model/weights.h"
#include "tvr/train/optimizer.h"

namespace tvr {
namespace {

using nlohmann::json;
using test::seeded;

constexpr int64_t kPairs = 4;

template <class Config>
Config small(Config config) {
  config.width = 128;
  config.layers = config.heads = 2;
  config.mlp_width = 512;
  config.embed_dim = 32;
  return config;
}
VisionConfig small_vision() {
  auto config = small(VisionConfig());
  config.image_size = 32;
  config.patch_size = 8;
  return config;
}
TextConfig small_text() {
  auto config = small(TextConfig());
  config.vocabulary = 1000;
  config.context_length = 16;
  return config;
}

// The model of the reference, its names included.
class SmallClip final : public torch::nn::Module {
 public:
  explicit SmallClip(torch::ScalarType type)
      : vision_(register_module("visual", std::make_shared<VisionTower>(small_vision()))),
        text_(std::make_shared<TextTower>(small_text())) {
    test::fill_seeded(*vision_, test::own_names(), "visual.");
    test::fill_seeded(*text_);
    for (auto& item : text_->named_parameters(false)) register_parameter(item.key(), item.value());
    for (auto& item : text_->named_children()) register_module(item.key(), item.value());
    scale_ = register_parameter("logit_scale", torch::tensor(std::log(1 / 0.07)));
    to(type);
  }

  torch::Tensor loss(const torch::Tensor& pixels, const torch::Tensor& ids, const torch::Tensor& mask) {
    const auto unit = [](const torch::Tensor& x) { return x / x.norm(2, 1, true); };
    const auto images = unit(vision_->forward(pixels).pooled), texts = unit(text_->forward(ids, mask).pooled);
    const auto logits = scale_.exp() * torch::matmul(texts, images.t());
    const auto target = torch::arange(kPairs);
    return (torch::cross_entropy_loss(logits, target) + torch::cross_entropy_loss(logits.t(), target)) / 2;
  }

 private:
  std::shared_ptr<VisionTower> vision_;
  std::shared_ptr<TextTower> text_;
  torch::Tensor scale_;
};

class ClipTraining : public testing::Test {
 protected:
  void SetUp() override {
    for (int64_t i = 0; i < kPairs; ++i) {
      ids[i][0] = 998;
      const int64_t words = 3 + i;
      for (int64_t j = 0; j < words; ++j) ids[i][j + 1] = 10 * i + 5 + j;
      ids[i][words + 1] = 999;
      mask[i].slice(0, 0, words + 2).fill_(true);
    }
    const char* file = std::getenv("TVR_TRAINING_REFERENCE");
    if (file != nullptr) dump = std::make_unique<SafetensorsFile>(file);
  }

  // Norm, product with a seeded vector and first value; both of the first are as large as the norm may be.
  void expect_equal(const std::string& kind, const std::string& name, const torch::Tensor& value) {
    const auto flat = value.detach().flatten().to(torch::kDouble);
    const auto& expected = golden.at(kind == "gradient" ? "gradients" : "final").at(name);
    const double norm = flat.norm().item<double>(), scale = std::max(expected[0].get<double>(), kFloor);
    const auto check = seeded("check." + name, flat.sizes()).to(torch::kDouble);
    EXPECT_NEAR(norm, expected[0].get<double>(), 1e-5 * scale) << name;
    EXPECT_NEAR(flat.dot(check).item<double>(), expected[1].get<double>(), 1e-5 * scale) << name;
    EXPECT_NEAR(flat[0].item<double>(), expected[2].get<double>(), 1e-5 * scale) << name;
    if (!dump) return;
    const auto every = tensor_of(dump->at(kind + "." + name)).flatten().to(torch::kDouble);
    const double largest = std::max(every.abs().max().item<double>(), kFloor);
    const double difference = (flat - every).abs().max().item<double>() / largest;
    worst = std::max(worst, difference);
    EXPECT_LT(difference, 1e-5) << name;
  }

  // Gradients of the keys' biases are nothing but rounding; they are compared with the others' size.
  static constexpr double kFloor = 1e-3;
  torch::Tensor pixels = seeded("input.image", {kPairs, 3, 32, 32}, 2);
  torch::Tensor ids = torch::zeros({kPairs, 16}, torch::kLong), mask = torch::zeros({kPairs, 16}, torch::kBool);
  json golden = json::parse(read_file(std::filesystem::path(__FILE__).parent_path() / "clip_training_golden.json"));
  std::unique_ptr<SafetensorsFile> dump;
  double worst = 0;
};

TEST_F(ClipTraining, GradientsEqualPyTorchs) {
  SmallClip clip(torch::kFloat);
  clip.loss(pixels, ids, mask).backward();
  const auto parameters = clip.named_parameters();
  EXPECT_EQ(parameters.size(), golden.at("gradients").size());
  for (const auto& item : parameters) expect_equal("gradient", item.key(), item.value().grad());
  if (dump) std::printf("gradients: %.2e\n", worst);
}

TEST_F(ClipTraining, TenStepsEqualPyTorchs) {
  SmallClip clip(torch::kDouble);
  NamedTensors parameters;
  for (const auto& item : clip.named_parameters()) parameters.emplace_back(item.key(), item.value());
  OptimizerOptions options;
  options.lr = 1e-3;
  AdamW optimizer(options, parameters);
  for (const auto& expected : golden.at("losses")) {
    const auto loss = clip.loss(pixels.to(torch::kDouble), ids, mask);
    EXPECT_NEAR(loss.item<double>(), expected.get<double>(), 1e-6);
    loss.backward();
    optimizer.step(1);
  }
  for (const auto& [name, parameter] : parameters) expect_equal("final", name, parameter);
  if (dump) std::printf("parameters after ten steps: %.2e\n", worst);
}

}  // namespace
}  // namespace tvr
