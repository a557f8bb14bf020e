#include "tvr/model/weight_families.h"

#include <algorithm>
#include <cmath>

#include "model/weight_settings.h"
#include "model/weight_shape_reader.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

constexpr const char* kFirstBlock = "transformer.resblocks.0.";

// Which names tell a style, most telling first. (encoders.md 1.7)
struct Sign {
  const char* array;
  TowerNames names;
};
const Sign kVisionSigns[] = {
    {"vision_model.embeddings.patch_embedding.weight", {NameStyle::kHuggingFace, "vision_model."}},
    {"visual.trunk.patch_embed.proj.weight", {NameStyle::kTimm, "visual.trunk."}},
    {"visual.patch_embed.proj.weight", {NameStyle::kTimm, "visual."}},  // EVA-CLIP's own files
    {"visual.conv1.weight", {NameStyle::kOpenAi, "visual."}},
    {"embeddings.patch_embedding.weight", {NameStyle::kHuggingFace, ""}}};
const Sign kTextSigns[] = {{"text_model.embeddings.token_embedding.weight", {NameStyle::kHuggingFace, "text_model."}},
                           {"text.transformer.embeddings.word_embeddings.weight", {NameStyle::kXlmRoberta, "text."}},
                           {"text.token_embedding.weight", {NameStyle::kOpenAi, "text."}},
                           {"token_embedding.weight", {NameStyle::kOpenAi, ""}},
                           {"embeddings.token_embedding.weight", {NameStyle::kHuggingFace, ""}}};

template <size_t Size>
TowerNames find_names(const StoredWeights& weights, const Sign (&signs)[Size]) {
  for (const auto& sign : signs)
    if (weights.has(sign.array)) return sign.names;
  return {};
}

// Head widths other than 64 are not in the weights; these are the architectures that have one.
struct HeadCount {
  int64_t width, layers, heads;
};
constexpr HeadCount kHeadCounts[] = {{1280, 32, 16}, {1408, 40, 16}, {1664, 48, 16},
                                     {1792, 56, 16}, {1792, 64, 16}, {1152, 27, 16}};

void guess_heads(TransformerConfig& config) {
  config.heads = std::max<int64_t>(config.width / 64, 1);
  for (const auto& known : kHeadCounts)
    if (known.width == config.width && known.layers == config.layers) config.heads = known.heads;
}

void read_blocks(TransformerConfig& config, const WeightShapes& shapes, const std::string& tower) {
  config.layers = shapes.blocks(tower);
  const auto block = tower + kFirstBlock;
  config.attention_bias = shapes.has(block + "attn.in_proj_bias");
  config.gated_mlp = shapes.has(block + "mlp.c_gate.weight");
  config.sub_norm = shapes.has(block + "attn.ln.weight");
  config.mlp_width = config.layers > 0 ? shapes.shape(block + "mlp.c_fc.weight", 2)[0] : 4 * config.width;
  guess_heads(config);
}

int64_t grid_of(int64_t positions, const StoredWeights& weights) {
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(positions))));
  if (grid * grid != positions || grid == 0)
    throw DataError(weights.path.string() + ": the vision tower has " + std::to_string(positions) +
                    " positions of patches, which are no square.");
  return grid;
}

void read_vision(VisionConfig& config, const WeightShapes& shapes, const StoredWeights& weights) {
  const auto patches = shapes.shape("visual.conv1.weight", 4);
  if (patches[1] != 3 || patches[2] != patches[3])
    throw DataError(weights.path.string() + ": the patch embedding is " + shape_text(patches) +
                    "; square patches of three channels are known.");
  config.width = patches[0];
  config.patch_size = patches[2];
  config.patch_bias = shapes.has("visual.conv1.bias");
  config.class_token = shapes.has("visual.class_embedding");
  const auto positions = shapes.shape("visual.positional_embedding", 2)[0] - (config.class_token ? 1 : 0);
  config.image_size = grid_of(positions, weights) * config.patch_size;
  config.norm_before = shapes.has("visual.ln_pre.weight");
  config.norm_final = shapes.has("visual.ln_post.weight");
  read_blocks(config, shapes, "visual.");
  const bool has_pool = shapes.has("visual.pool.probe");
  config.pool = has_pool ? "attention" : config.class_token ? "class" : "mean";
  const bool has_matrix = shapes.has("visual.proj");
  config.projection = !has_matrix ? "none" : shapes.has("visual.proj_bias") ? "linear" : "matrix";
  config.embed_dim = has_matrix ? shapes.shape("visual.proj", 2)[1] : config.width;
}

void read_roberta(TextConfig& config, const WeightShapes& shapes) {
  config.family = config.tokenizer = "xlm_roberta";
  config.pool = "mean";
  config.causal = false;
  config.norm_after = true;
  config.activation = "gelu";
  config.pad_id = 1;
  config.projection = "mlp";
  config.projection_width = shapes.shape("proj.0.weight", 2)[0];
  config.embed_dim = shapes.shape("proj.2.weight", 2)[0];
}

void read_text(TextConfig& config, const WeightShapes& shapes, const TowerNames& names) {
  const auto tokens = shapes.shape("token_embedding.weight", 2);
  config.vocabulary = tokens[0];
  config.width = tokens[1];
  config.context_length = shapes.shape("positional_embedding", 2)[0];
  read_blocks(config, shapes, "");
  if (names.style == NameStyle::kXlmRoberta) return read_roberta(config, shapes);
  config.embed_dim = shapes.has("text_projection") ? shapes.shape("text_projection", 2)[1] : config.width;
  if (!shapes.has("text_projection_bias")) return;
  config.family = config.tokenizer = "siglip";
  config.projection = "linear";
  config.pool = "last";
  config.causal = false;
  config.norm_eps = 1e-6;
  config.pad_id = 1;
}

// EVA's and SigLIP's towers come from timm: their constants are the same in all files.
void set_timm_constants(VisionConfig& config) {
  config.norm_eps = 1e-6;
  config.activation = config.gated_mlp ? "silu" : "gelu";
  config.rotary = config.gated_mlp;
  config.norm_after = config.width == 1792 && config.layers == 64;  // EVA02-E: shapes do not show it
}
void set_siglip_constants(VisionConfig& config) {
  config.norm_eps = 1e-6;
  config.fit = "square";
  config.mean = config.std = {0.5, 0.5, 0.5};
}

bool is_openai_archive(const StoredWeights& weights) {
  const auto is_resolution = [](const auto& ignored) { return ignored.first == "input_resolution"; };
  return std::any_of(weights.ignored.begin(), weights.ignored.end(), is_resolution);
}

// What all published files of a family have in common, until a configuration says otherwise.
void set_activation(RecognisedWeights& recognised, const StoredWeights& weights) {
  auto& vision = recognised.config.vision.activation;
  auto& text = recognised.config.text.activation;
  const auto& names = recognised.names;
  const auto assume = [&](const char* activation, const char* sentence) {
    if (vision != "silu") vision = activation;
    text = activation;
    recognised.assumptions.emplace_back(sentence);
  };
  vision = text = "";
  if (names.vision.style == NameStyle::kTimm) set_timm_constants(recognised.config.vision);
  if (is_openai_archive(weights)) {
    vision = text = "quick_gelu";
    recognised.activation_told = true;
  } else if (weights.of_clip4clip()) {
    assume("quick_gelu", "activation quick_gelu, as in all of the CLIP4Clip family: it starts from OpenAI's weights");
  } else if (names.text.style == NameStyle::kXlmRoberta) {
    assume("gelu", "activation gelu, as in open_clip's models with an XLM-R tower");
  } else if (names.vision.style == NameStyle::kTimm) {
    assume("gelu",
           "activation gelu, as in open_clip's EVA and SigLIP models; the text tower of SigLIP 2 has gelu_tanh");
  } else if (recognised.config.text.family == "siglip" || recognised.config.vision.pool == "attention") {
    assume("gelu_tanh", "activation gelu_tanh, as in Hugging Face's SigLIP models");
  }
}

std::string family_of(const RecognisedWeights& recognised, const StoredWeights& weights) {
  const auto& [vision, text] = recognised.names;
  const auto& config = recognised.config;
  if (vision.style == NameStyle::kTvr || text.style == NameStyle::kTvr) return "CLIP, written by tvr";
  if (weights.unwrapped == std::vector<std::string>{"video."}) return "CLIP of a run of tvr";
  if (weights.of_clip4clip()) return "CLIP of the CLIP4Clip family";
  if (config.vision.pool == "attention" || config.text.family == "siglip")
    return vision.style == NameStyle::kTimm ? "SigLIP, open_clip's names" : "SigLIP, Hugging Face's names";
  if (text.style == NameStyle::kXlmRoberta) return "CLIP with an XLM-R text tower, open_clip's names";
  if (vision.style == NameStyle::kTimm) return config.vision.gated_mlp ? "EVA02-CLIP" : "EVA01-CLIP";
  if (vision.style == NameStyle::kHuggingFace || text.style == NameStyle::kHuggingFace)
    return "CLIP, Hugging Face's names";
  return is_openai_archive(weights) ? "CLIP, OpenAI's archive" : "CLIP, OpenAI's names (open_clip has them too)";
}

ClipNames find_tower_names(const StoredWeights& weights) {
  const ClipNames names{find_names(weights, kVisionSigns), find_names(weights, kTextSigns)};
  if (names.has_vision() || names.has_text()) return names;
  std::string some;
  for (auto it = weights.arrays.begin(); it != weights.arrays.end() && some.size() < 200; ++it)
    some += (some.empty() ? "" : ", ") + it->first;
  throw DataError(
      weights.path.string() +
      ": holds no tower of CLIP, SigLIP, EVA-CLIP or XLM-R CLIP under the names of OpenAI, open_clip, timm, "
      "Hugging Face or tvr. It has: " +
      (some.empty() ? "no arrays" : some) + ".");
}

// Files of tvr carry their configuration.
RecognisedWeights recognise_own(const StoredWeights& weights) {
  RecognisedWeights recognised;
  recognised.config = parse_clip_config(weights.metadata.at(kClipMetadata), weights.path.string());
  if (weights.has("visual.conv1.weight")) recognised.names.vision = {NameStyle::kTvr, "visual."};
  if (weights.has("token_embedding.weight")) recognised.names.text = {NameStyle::kTvr, ""};
  recognised.activation_told = true;
  recognised.family = family_of(recognised, weights);
  return recognised;
}

}  // namespace

RecognisedWeights recognise_weights(const StoredWeights& weights) {
  if (weights.metadata.count(kClipMetadata) > 0) return recognise_own(weights);
  RecognisedWeights recognised;
  recognised.names = find_tower_names(weights);
  const WeightShapes shapes(weights, recognised.names);
  auto& config = recognised.config;
  if (recognised.names.has_vision()) read_vision(config.vision, shapes, weights);
  if (recognised.names.has_text()) read_text(config.text, shapes, recognised.names.text);
  config.logit_bias = weights.has("logit_bias");
  set_activation(recognised, weights);
  if (config.vision.pool == "attention") set_siglip_constants(config.vision);
  recognised.family = family_of(recognised, weights);
  read_settings(recognised, weights);
  return recognised;
}

void settle_activation(RecognisedWeights& recognised, const StoredWeights& weights, const std::string& activation) {
  auto& config = recognised.config;
  const bool is_open = (recognised.names.has_vision() && config.vision.activation.empty()) ||
                       (recognised.names.has_text() && config.text.activation.empty());
  if (activation.empty() && is_open)
    throw ConfigError(weights.path.string() +
                      ": which activation the MLPs have is not in the weights, and no configuration file lies beside "
                      "them. Say --activation quick_gelu (OpenAI, MetaCLIP, DFN) or gelu (LAION, DataComp).");
  if (activation.empty()) return;
  for (auto* tower : {&config.vision.activation, &config.text.activation}) {
    if (recognised.activation_told && !tower->empty() && *tower != activation && *tower != "silu")
      throw ConfigError(weights.path.string() + ": --activation " + activation + " contradicts " + *tower +
                        ", which the file or its configuration says; leave it out.");
    if (*tower != "silu") *tower = activation;
  }
  std::erase_if(recognised.assumptions, [](const auto& sentence) { return sentence.starts_with("activation "); });
  recognised.activation_told = true;
}

std::string known_file(const std::string& sha256) {
  static const std::vector<std::pair<std::string, std::string>> kFiles{
      {"40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", "ViT-B/32"},
      {"5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", "ViT-B/16"},
      {"b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", "ViT-L/14"},
      {"3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", "ViT-L/14@336px"}};
  for (const auto& [sum, model] : kFiles)
    if (sum == sha256) return model;
  return "";
}

}  // namespace tvr
