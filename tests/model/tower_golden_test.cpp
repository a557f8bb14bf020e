// The towers against other implementations, on seeded weights (encoders.md 7.1): the tables of encoders.md 7.2 D to I
// and its full-size rows; and tower_golden.json beside this file, which tests/reference/towers.py made with open_clip,
// transformers and timm: published widths, two blocks a tower. With TVR_TOWER_REFERENCE=DIR every value it dumped there
// is compared too.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "model/seeded_weights.h"
#include "tvr/base/arrays.h"
#include "tvr/base/file.h"
#include "tvr/model/architectures.h"
#include "tvr/model/text_tower.h"
#include "tvr/model/vision_tower.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace {

using nlohmann::json;
using test::fill_seeded;
using test::seeded;

// A row of encoders.md 7.2: the first values, then the norm.
void expect_row(const torch::Tensor& row, const std::vector<double>& golden, double norm) {
  for (size_t i = 0; i < golden.size(); ++i) {
    EXPECT_NEAR(row[static_cast<int64_t>(i)].item<double>(), golden[i], 1e-5);
  }
  if (norm > 0) {
    EXPECT_NEAR(row.norm().item<double>(), norm, 2e-5);
  }
}

struct Texts {
  torch::Tensor ids, mask;
};
Texts texts_of(const std::vector<std::vector<int64_t>>& rows, int64_t length) {
  const auto count = static_cast<int64_t>(rows.size());
  Texts texts{torch::zeros({count, length}, torch::kLong), torch::zeros({count, length}, torch::kBool)};
  for (int64_t i = 0; i < count; ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    const auto size = static_cast<int64_t>(row.size());
    texts.ids[i].slice(0, 0, size).copy_(torch::tensor(row, torch::kLong));
    texts.mask[i].slice(0, 0, size).fill_(true);
  }
  return texts;
}
std::vector<int64_t> row_of(std::vector<int64_t> begin, int64_t from, int64_t to, const std::vector<int64_t>& end) {
  for (int64_t id = from; id < to; ++id) begin.push_back(id);
  begin.insert(begin.end(), end.begin(), end.end());
  return begin;
}
Texts family_texts(const TextConfig& config) {
  if (config.family == "siglip") return texts_of({{5, 17, 400}, row_of({}, 100, 164, {})}, 64);
  if (config.family == "xlm_roberta") return texts_of({{0, 5, 17, 400, 2}, row_of({0}, 100, 114, {2})}, 16);
  return texts_of({{998, 5, 17, 400, 999}, row_of({998}, 100, 114, {999})}, 77);
}

VisionConfig small(VisionConfig config, int64_t heads_width = 64) {
  config.width = 128;
  config.layers = 2;
  config.heads = config.width / heads_width;
  config.mlp_width = 512;
  config.image_size = 32;
  config.patch_size = 8;
  config.embed_dim = 32;
  return config;
}

const ClipNames kTimm{{NameStyle::kTimm, "visual.trunk."}, {NameStyle::kOpenAi, "text."}};
const ClipNames kHuggingFace{{NameStyle::kHuggingFace, "vision_model."}, {NameStyle::kHuggingFace, "text_model."}};
const ClipNames kRoberta{{NameStyle::kOpenAi, "visual."}, {NameStyle::kXlmRoberta, "text."}};

torch::Tensor small_images(const VisionConfig& config, const ClipNames& names,
                           const std::vector<std::string>& preferred = {}) {
  VisionTower tower(config);
  fill_seeded(tower, names, "visual.", preferred);
  const torch::NoGradGuard no_grad;
  return tower.forward(seeded("input.image", {2, 3, 32, 32}, 2)).pooled;
}

TEST(TowerGolden, WideHeadsOfOpenClip) {
  VisionConfig config;
  config.width = 208;
  config.heads = config.layers = 2;
  config.mlp_width = 1024;
  config.image_size = 28;
  config.patch_size = 14;
  config.embed_dim = 32;
  config.activation = "gelu";
  VisionTower tower(config);
  fill_seeded(tower, test::own_names(), "visual.");
  const auto images = tower.forward(seeded("input.image28", {2, 3, 28, 28}, 2)).pooled;
  expect_row(images[0], {-0.9349970, -1.8370433, -3.2041035, 0.6993120, 3.8484750, -1.9752522, -4.4092889, -0.3282361},
             15.3460046);
  expect_row(images[1], {-1.5127466, -0.8990663, -1.1627004, -0.0084677, 3.6444452, -0.6068158, -1.4076313, -3.0627120},
             14.6975509);
}

ClipConfig small_siglip(const std::string& activation) {
  auto config = architecture("SigLIP-B/16");
  config.vision = small(config.vision);
  auto& text = config.text;
  text.width = text.embed_dim = 128;
  text.layers = text.heads = 2;
  text.mlp_width = 512;
  text.vocabulary = 1000;
  text.context_length = 16;
  config.vision.activation = text.activation = activation;
  return config;
}
torch::Tensor small_siglip_texts(const TextConfig& config) {
  TextTower tower(config);
  fill_seeded(tower, kHuggingFace, "", {"head.weight"});
  const torch::NoGradGuard no_grad;
  const auto texts = texts_of({{5, 17, 400}, row_of({}, 100, 115, {})}, 15);
  return tower.forward(texts.ids, texts.mask).pooled;
}

TEST(TowerGolden, SigLip) {
  const auto config = small_siglip("gelu_tanh");
  const auto images = small_images(config.vision, kHuggingFace), texts = small_siglip_texts(config.text);
  expect_row(images[0], {-0.3775560, 1.1849720, 1.7882477, 0.1707251, 1.0216342, -0.0414988, 0.3422219, 0.2111187},
             9.1918804);
  expect_row(images[1], {0.1715099, 0.8779243, 0.9550443, -0.8672125, 0.8070521, -1.0879474, 1.0050446, -0.0795785},
             9.3739677);
  expect_row(texts[0], {0.9169533, -1.0828788, -0.0171733, 0.8384890, 1.7980934, -0.0389476, -0.9023931, -0.3624163},
             11.2854372);
  expect_row(texts[1], {1.0694543, -0.7595374, 1.1245853, 1.1518835, 0.2297354, -0.4213830, -1.8919921, -0.4434568},
             10.2686165);
  const auto unit = [](const torch::Tensor& x) { return x / x.norm(2, 1, true); };
  const auto logits = torch::matmul(unit(texts), unit(images).t()) * std::exp(2.0) - 10;
  expect_row(logits.flatten(), {-10.6377640, -10.5941849, -9.7397709, -10.0500269}, 0);
  const auto loss = -torch::log_sigmoid((2 * torch::eye(2) - 1) * logits).sum(1).mean();
  EXPECT_NEAR(loss.item<double>(), 10.3439713, 1e-5);
}

TEST(TowerGolden, SigLipWithTheExactGelu) {
  const auto config = small_siglip("gelu");
  expect_row(small_images(config.vision, kHuggingFace)[0], {-0.3776003, 1.1851194, 1.7881947, 0.1707023, 1.0214283}, 0);
  expect_row(small_siglip_texts(config.text)[0], {0.9169256, -1.0830934, -0.0171568, 0.8386016, 1.7985666}, 0);
  const auto images = small_images(config.vision, kTimm);
  expect_row(images[0], {0.4688691, -1.3047106, -0.0910435, -1.6721655, 0.9401969, 0.3200012, 0.6471797, 0.2192838},
             9.9711929);
  expect_row(images[1], {0.6958362, -0.2535980, 0.0966048, -1.4252936, 1.5054212, -0.6872230, -0.0081506, 0.5931685},
             8.7346843);
}

TEST(TowerGolden, XlmRoberta) {
  auto config = architecture("XLM-R-B/32").text;
  config.width = 128;
  config.layers = config.heads = 2;
  config.mlp_width = 256;
  config.vocabulary = 1000;
  config.context_length = 20;
  config.projection_width = 80;
  config.embed_dim = 32;
  TextTower tower(config);
  fill_seeded(tower, kRoberta);
  const auto texts = family_texts(config);
  const auto pooled = tower.forward(texts.ids, texts.mask).pooled;
  expect_row(pooled[0], {-0.6463802, -0.3876958, -0.1033288, 0.9357371, -0.9274216, -0.5257153, 0.6578299, -0.4059783},
             2.8165013);
  expect_row(pooled[1], {-0.0343613, -0.0637373, -0.1609634, 0.7087128, -0.4245908, 0.3010626, 0.1534282, 0.1165208},
             2.8361559);
}

TEST(TowerGolden, Eva01AndEva02) {
  auto eva01 = small(architecture("EVA01-g-14").vision);
  eva01.mlp_width = 558;
  auto images = small_images(eva01, kTimm, {"q_bias"});
  expect_row(images[0], {2.8708682, -0.1199022, 0.6412659, -0.3468641, 1.4842042, -0.9489373, -0.1665613, 0.9836514},
             6.0159216);
  expect_row(images[1], {2.2644284, -0.0377517, -0.1189567, -1.3559011, 0.3218187, 0.0765970, 0.7437114, 0.9610286},
             6.4016521);
  auto eva02 = small(architecture("EVA02-B-16").vision);
  eva02.mlp_width = 341;
  eva02.rotary_grid = 4;
  images = small_images(eva02, kTimm, {"q_proj.weight", "q_proj.bias", "fc1_x.weight", "fc1_x.bias"});
  expect_row(images[0], {-0.3864273, 0.6364834, 0.4643735, -0.6747993, 0.4600443, -2.3939347, 1.2467102, -1.2284873},
             5.3940081);
  expect_row(images[1], {0.9628488, -0.7983190, -0.1450383, 0.3839735, 1.1100773, -1.0887296, -1.3375131, 0.5356760},
             4.7969487);
}

// In full size, normalised; the goldens are of float64.
void expect_full_size(const std::string& name, const std::vector<double>& image, const std::vector<double>& text,
                      double cosine) {
  const torch::NoGradGuard no_grad;
  const auto config = architecture(name);
  const auto texts = texts_of({{49406, 320, 1125, 539, 320, 2368, 49407}}, 77);
  torch::Tensor pooled_image, pooled_text;
  {
    VisionTower tower(config.vision);
    fill_seeded(tower, test::own_names(), "visual.");
    pooled_image = tower.forward(seeded("input.image224", {1, 3, 224, 224}, 2)).pooled[0];
  }
  TextTower tower(config.text);
  fill_seeded(tower);
  pooled_text = tower.forward(texts.ids, texts.mask).pooled[0];
  const auto image_unit = pooled_image / pooled_image.norm(), text_unit = pooled_text / pooled_text.norm();
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(image_unit[i].item<double>(), image[static_cast<size_t>(i)], 1.5e-6);
    EXPECT_NEAR(text_unit[i].item<double>(), text[static_cast<size_t>(i)], 1.5e-6);
  }
  EXPECT_NEAR(image_unit.dot(text_unit).item<double>(), cosine, 1.5e-6);
}

TEST(TowerGolden, FullSize) {
  expect_full_size("ViT-B/32", {0.005646, -0.042118, 0.004370, -0.002748}, {0.068894, 0.002211, -0.036528, -0.030756},
                   -0.041025);
  expect_full_size("ViT-L/14", {-0.045175, -0.009796, -0.002661, 0.026421}, {0.044644, 0.027276, -0.032173, -0.046523},
                   -0.007800);
}

struct Case {
  std::string name, arch;
  ClipNames names;
  std::vector<std::string> preferred = {};
  std::string activation = "";
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

std::vector<Case> all_cases() {
  const auto openai = test::own_names();
  std::vector<Case> cases;
  for (const auto* name : {"ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-L/14@336px", "ViT-B-32", "ViT-B-16", "ViT-L-14",
                           "ViT-H-14", "ViT-g-14", "ViT-bigG-14"})
    cases.push_back({name, name, openai});
  cases.push_back({"EVA01-g-14", "EVA01-g-14", kTimm, {"q_bias"}});
  for (const auto* name : {"EVA02-B-16", "EVA02-L-14"})
    cases.push_back({name, name, kTimm, {"q_proj.weight", "q_proj.bias", "fc1_x.weight", "fc1_x.bias"}});
  cases.push_back({"SigLIP-B/16 of open_clip", "SigLIP-B/16", kTimm, {"text_projection.weight"}, "gelu"});
  cases.push_back({"ViT-B/32 of transformers", "ViT-B/32", kHuggingFace});
  cases.push_back({"SigLIP-B/16", "SigLIP-B/16", kHuggingFace, {"head.weight"}});
  cases.push_back({"SigLIP-L/16", "SigLIP-L/16", kHuggingFace, {"head.weight"}});
  cases.push_back({"XLM-R-B/32", "XLM-R-B/32", kRoberta});
  return cases;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name + "_" + std::to_string(info.index);  // "ViT-B/32" and "ViT-B-32" are two cases
}

using Outputs = std::map<std::string, torch::Tensor>;

class Architecture : public testing::TestWithParam<Case> {
 protected:
  static constexpr int64_t kLayers = 2, kVocabulary = 1000;

  void SetUp() override {
    config = architecture(GetParam().arch);
    if (!GetParam().activation.empty()) config.vision.activation = config.text.activation = GetParam().activation;
  }
  void shorten() {
    config.vision.layers = config.text.layers = kLayers;
    config.text.vocabulary = kVocabulary;
  }
  Outputs run(const Texts& texts, torch::ScalarType type = torch::kFloat, int64_t images = 1) const {
    const torch::NoGradGuard no_grad;
    VisionTower vision(config.vision);
    fill_seeded(vision, GetParam().names, "visual.", GetParam().preferred);
    vision.to(type);
    const int64_t size = config.vision.image_size;
    const auto pixels = seeded("input.image" + std::to_string(size), {images, 3, size, size}, 2).to(type);
    const auto seen = vision.forward(pixels);
    TextTower text(config.text);
    fill_seeded(text, GetParam().names, "", GetParam().preferred);
    text.to(type);
    const auto encoded = text.forward(texts.ids, texts.mask);
    return {{"image", seen.pooled}, {"patches", seen.patches}, {"text", encoded.pooled}, {"tokens", encoded.tokens}};
  }
  static const json& golden() {
    static const json values =
        json::parse(read_file(std::filesystem::path(__FILE__).parent_path() / "tower_golden.json"));
    return values;
  }
  ClipConfig config;
};

// Largest difference over largest value.
double relative_difference(const torch::Tensor& value, const torch::Tensor& reference) {
  const auto exact = reference.flatten().to(torch::kDouble);
  return ((value.flatten().to(torch::kDouble) - exact).abs().max() / exact.abs().max()).item<double>();
}
torch::Tensor tensor_of_json(const json& values) {
  return torch::tensor(values.get<std::vector<double>>(), torch::kDouble);
}

TEST_P(Architecture, EqualsTheReference) {
  shorten();
  const auto& reference = golden().at(GetParam().name);
  for (const auto& [name, value] : run(family_texts(config.text))) {
    const auto check = seeded("check", {value.size(-1)}).to(torch::kDouble);
    const auto products = torch::matmul(value.to(torch::kDouble), check);
    ASSERT_EQ(static_cast<size_t>(products.numel()), reference.at(name).size()) << name;
    // A product may cancel to little: what counts is the size of its terms.
    const auto scale = value.abs().max().to(torch::kDouble) * check.norm();
    const auto difference = (products.flatten() - tensor_of_json(reference.at(name))).abs().max() / scale;
    EXPECT_LT(difference.item<double>(), 1e-5) << name;
    if (value.dim() > 2) continue;
    EXPECT_LT(relative_difference(value.slice(1, 0, 8), tensor_of_json(reference.at(name + ".first"))), 1e-5) << name;
  }
}

TEST_P(Architecture, InBfloat16ErrsNoMoreThanTheReference) {
  const auto& reference = golden().at(GetParam().name);
  if (!reference.contains("bfloat16")) GTEST_SKIP() << "no golden of this type for this architecture";
  shorten();
  const auto texts = family_texts(config.text);
  const auto exact = run(texts, torch::kFloat, 8), rough = run(texts, torch::kBFloat16, 8);
  for (const auto& [name, value] : exact) {
    const auto difference = rough.at(name).to(torch::kFloat) - value;
    const double error = (difference.square().mean() / value.square().mean()).sqrt().item<double>();
    const auto theirs = reference.at("bfloat16").at(name).get<std::vector<double>>();
    EXPECT_LT(error, 1.3 * theirs[0]) << name << ", root mean square";
    EXPECT_LT(relative_difference(rough.at(name), value), 1.75 * theirs[1]) << name << ", largest";
  }
}

void compare_with_dump(const std::filesystem::path& file, const Outputs& outputs) {
  const SafetensorsFile dump(file);
  for (const auto& [name, value] : outputs) {
    const double difference = relative_difference(value, tensor_of(dump.at(name)));
    std::printf("%s %s: %.2e\n", file.stem().c_str(), name.c_str(), difference);
    EXPECT_LT(difference, 1e-5) << name;
  }
}

TEST_P(Architecture, EqualsEveryValueOfADump) {
  const char* folder = std::getenv("TVR_TOWER_REFERENCE");
  if (folder == nullptr) GTEST_SKIP() << "TVR_TOWER_REFERENCE names no folder of tests/reference/towers.py --dump";
  const auto file_of = [&](std::string name) {
    std::replace(name.begin(), name.end(), '/', '_');
    std::replace(name.begin(), name.end(), ' ', '_');
    return std::filesystem::path(folder) / (name + ".safetensors");
  };
  std::string full = GetParam().name;
  full.insert(GetParam().arch.size(), " full");
  if (std::filesystem::exists(file_of(full)))
    compare_with_dump(file_of(full), run(texts_of({{49406, 320, 1125, 539, 320, 2368, 49407}}, 77)));
  shorten();
  compare_with_dump(file_of(GetParam().name), run(family_texts(config.text)));
}

INSTANTIATE_TEST_SUITE_P(All, Architecture, testing::ValuesIn(all_cases()), case_name);

TEST(TowerGolden, PositionsAreResizedAsOpenClipDoes) {
  const auto golden = json::parse(read_file(std::filesystem::path(__FILE__).parent_path() / "tower_golden.json"));
  const auto positions = seeded("positions", {17, 4});
  for (const int64_t grid : {3, 6}) {
    const auto resized = resize_positions(positions, grid, true);
    EXPECT_TRUE(resized[0].equal(positions[0]));
    const auto expected = tensor_of_json(golden.at("positions").at(std::to_string(grid)));
    EXPECT_LT(relative_difference(resized.slice(0, 1), expected), 1e-6);
  }
  EXPECT_TRUE(torch::allclose(resize_positions(positions.slice(0, 1), 4, false), positions.slice(0, 1), 1e-6, 1e-6));
}

}  // namespace
}  // namespace tvr
