#include "tvr/model/architectures.h"

#include <map>

#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

struct Shape {
  int64_t width, layers, heads, mlp_width;
};

void set_shape(TransformerConfig& config, const Shape& shape) {
  config.width = shape.width;
  config.layers = shape.layers;
  config.heads = shape.heads;
  config.mlp_width = shape.mlp_width;
}

ClipConfig clip(const Shape& vision, int64_t patch, int64_t image, const Shape& text, int64_t embed_dim) {
  ClipConfig config;
  set_shape(config.vision, vision);
  set_shape(config.text, text);
  config.vision.patch_size = patch;
  config.vision.image_size = image;
  config.vision.embed_dim = config.text.embed_dim = embed_dim;
  return config;
}

ClipConfig with_activation(ClipConfig config, const std::string& activation) {
  config.vision.activation = config.text.activation = activation;
  return config;
}

// Shapes of several models (encoders.md 1.1, 1.3).
constexpr Shape kBase{768, 12, 12, 3072}, kLarge{1024, 24, 16, 4096};
constexpr Shape kSmallText{512, 12, 8, 2048}, kBaseText{768, 12, 12, 3072}, kLargeText{1024, 24, 16, 4096};

ClipConfig open_clip(const Shape& vision, int64_t patch, const Shape& text, int64_t embed_dim) {
  return with_activation(clip(vision, patch, 224, text, embed_dim), "gelu");
}

ClipConfig eva(const Shape& vision, int64_t patch, const Shape& text, int64_t embed_dim) {
  auto config = open_clip(vision, patch, text, embed_dim);
  config.vision.norm_eps = 1e-6;
  config.vision.patch_bias = true;
  config.vision.norm_before = false;
  config.vision.projection = "linear";
  return config;
}

ClipConfig eva02(const Shape& vision, int64_t patch, const Shape& text, int64_t embed_dim) {
  auto config = eva(vision, patch, text, embed_dim);
  config.vision.activation = "silu";
  config.vision.gated_mlp = config.vision.sub_norm = config.vision.rotary = true;
  return config;
}

ClipConfig siglip(const Shape& shape, int64_t image) {
  auto config = with_activation(clip(shape, 16, image, shape, shape.width), "gelu_tanh");
  auto& vision = config.vision;
  vision.norm_eps = config.text.norm_eps = 1e-6;
  vision.class_token = vision.norm_before = false;
  vision.patch_bias = true;
  vision.pool = "attention";
  vision.projection = "none";
  vision.fit = "square";
  vision.mean = vision.std = {0.5, 0.5, 0.5};
  auto& text = config.text;
  text.vocabulary = 32000;
  text.context_length = 64;
  text.causal = false;
  text.family = text.tokenizer = "siglip";
  text.pool = "last";
  text.projection = "linear";
  text.pad_id = 1;
  config.logit_bias = true;
  return config;
}

ClipConfig xlm_roberta() {
  auto config = open_clip(kBase, 32, kBaseText, 512);
  auto& text = config.text;
  text.vocabulary = 250002;
  text.context_length = 514;
  text.causal = false;
  text.norm_after = true;
  text.family = text.tokenizer = "xlm_roberta";
  text.pool = "mean";
  text.projection = "mlp";
  text.projection_width = 640;
  text.pad_id = 1;
  return config;
}

const std::map<std::string, ClipConfig>& architectures() {
  static const std::map<std::string, ClipConfig> kArchitectures{
      {"ViT-B/32", clip(kBase, 32, 224, kSmallText, 512)},
      {"ViT-B/16", clip(kBase, 16, 224, kSmallText, 512)},
      {"ViT-L/14", clip(kLarge, 14, 224, kBaseText, 768)},
      {"ViT-L/14@336px", clip(kLarge, 14, 336, kBaseText, 768)},
      {"ViT-B-32", open_clip(kBase, 32, kSmallText, 512)},
      {"ViT-B-16", open_clip(kBase, 16, kSmallText, 512)},
      {"ViT-L-14", open_clip(kLarge, 14, kBaseText, 768)},
      {"ViT-H-14", open_clip({1280, 32, 16, 5120}, 14, kLargeText, 1024)},
      {"ViT-g-14", open_clip({1408, 40, 16, 6144}, 14, kLargeText, 1024)},
      {"ViT-bigG-14", open_clip({1664, 48, 16, 8192}, 14, {1280, 32, 20, 5120}, 1280)},
      {"EVA01-g-14", eva({1408, 40, 16, 6144}, 14, kBaseText, 1024)},
      {"EVA02-B-16", eva02({768, 12, 12, 2048}, 16, kSmallText, 512)},
      {"EVA02-L-14", eva02({1024, 24, 16, 2730}, 14, kBaseText, 768)},
      {"SigLIP-B/16", siglip(kBase, 224)},
      {"SigLIP-L/16", siglip(kLarge, 256)},
      {"XLM-R-B/32", xlm_roberta()}};
  return kArchitectures;
}

constexpr std::string_view kQuickSuffix = "-quickgelu";

}  // namespace

std::vector<std::string> architecture_names() {
  std::vector<std::string> names;
  for (const auto& [name, config] : architectures()) names.push_back(name);
  return names;
}

ClipConfig architecture(const std::string& name) {
  const auto& known = architectures();
  if (const auto found = known.find(name); found != known.end()) return found->second;
  if (name.starts_with("ViT-") && name.ends_with(kQuickSuffix)) {
    const auto found = known.find(name.substr(0, name.size() - kQuickSuffix.size()));
    if (found != known.end() && found->second.vision.activation == "gelu")
      return with_activation(found->second, "quick_gelu");
  }
  throw ConfigError(unknown_name_message("architecture", name, architecture_names()) +
                    ". open_clip's ViT-… take -quickgelu behind their names.");
}

}  // namespace tvr
