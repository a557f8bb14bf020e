#include "model/weight_write_settings.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace tvr {
using json = nlohmann::ordered_json;
namespace {

bool is_siglip(const ClipConfig& config) {
  return config.text.family == "siglip";
}

/// Collects what does not hold.
class Demands {
 public:
  void need(bool holds, const std::string& otherwise) {
    if (!holds) missing_.push_back(otherwise);
  }
  std::vector<std::string> take() { return std::move(missing_); }

 private:
  std::vector<std::string> missing_;
};

void need_plain_blocks(Demands& demands, const TransformerConfig& tower, const std::string& name) {
  demands.need(!tower.gated_mlp, name + ": gated MLPs");
  demands.need(!tower.sub_norm, name + ": norms inside of attention and MLP");
  demands.need(!tower.norm_after, name + ": norms behind attention and MLP");
  demands.need(!tower.rotary, name + ": rotary positions");
  demands.need(tower.attention_bias, name + ": attention without biases");
}

void need_clip(Demands& demands, const ClipConfig& config) {
  const auto& vision = config.vision;
  demands.need(vision.class_token && vision.pool == "class", "vision: pooling other than by the class token");
  demands.need(!vision.patch_bias, "vision: a bias of the patch embedding");
  demands.need(vision.norm_before && vision.norm_final, "vision: towers without ln_pre or ln_post");
  demands.need(vision.projection == "matrix", "vision: a projection with bias, or none");
  demands.need(config.text.family == "clip", "text: the tower of " + config.text.family);
  demands.need(config.text.projection == "matrix", "text: a projection with bias, or of several layers");
  demands.need(!config.logit_bias, "logit_bias");
}

void need_siglip(Demands& demands, const ClipConfig& config) {
  const auto& vision = config.vision;
  demands.need(vision.pool == "attention" && !vision.class_token && vision.projection == "none",
               "vision: pooling other than by attention, or a projection");
  demands.need(vision.patch_bias && !vision.norm_before && vision.norm_final,
               "vision: no bias of the patch embedding, ln_pre, or no ln_post");
  demands.need(config.logit_bias, "a missing logit_bias");
}

void need_one_activation(Demands& demands, const ClipConfig& config) {
  const auto& activation = config.vision.activation;
  demands.need(activation == config.text.activation, "different activations of the two towers");
  demands.need(activation == "quick_gelu" || activation == "gelu", "activation " + activation);
  demands.need(config.vision.norm_eps == 1e-5 && config.text.norm_eps == 1e-5, "an epsilon of norms other than 1e-5");
}

void need_openai(Demands& demands, const ClipConfig& config) {
  demands.need(config.vision.activation == "quick_gelu", "activation " + config.vision.activation);
  const auto need_sizes = [&](const TransformerConfig& tower, const std::string& name) {
    demands.need(tower.heads * 64 == tower.width, name + ": heads of a width other than 64");
    demands.need(tower.mlp_width == 4 * tower.width, name + ": an MLP other than four times as wide");
  };
  need_sizes(config.vision, "vision");
  need_sizes(config.text, "text");
}

std::string hugging_face_activation(const std::string& ours) {
  return ours == "gelu_tanh" ? "gelu_pytorch_tanh" : ours;
}

json hugging_face_tower(const TransformerConfig& tower, const std::string& type) {
  return {{"model_type", type},
          {"hidden_size", tower.width},
          {"intermediate_size", tower.mlp_width},
          {"num_hidden_layers", tower.layers},
          {"num_attention_heads", tower.heads},
          {"hidden_act", hugging_face_activation(tower.activation)},
          {"layer_norm_eps", tower.norm_eps}};
}

// The smallest ratio of which open_clip's int(width * ratio) is the width of the MLP.
double mlp_ratio(const TransformerConfig& tower) {
  const auto width = static_cast<double>(tower.width);
  double ratio = static_cast<double>(tower.mlp_width) / width;
  while (static_cast<int64_t>(width * ratio) < tower.mlp_width) ratio = std::nextafter(ratio, 1e9);
  return ratio;
}

}  // namespace

std::vector<std::string> inexpressible(WeightFormat format, const RecognisedWeights& recognised) {
  Demands demands;
  const auto& config = recognised.config;
  if (format == WeightFormat::kTvr) return {};
  demands.need(recognised.names.has_vision() && recognised.names.has_text(), "one tower without the other");
  need_plain_blocks(demands, config.vision, "vision");
  need_plain_blocks(demands, config.text, "text");
  if (format == WeightFormat::kHuggingFace) {
    is_siglip(config) ? need_siglip(demands, config) : need_clip(demands, config);
    return demands.take();
  }
  need_clip(demands, config);
  need_one_activation(demands, config);
  if (format == WeightFormat::kOpenAi) need_openai(demands, config);
  return demands.take();
}

std::string hugging_face_config(const ClipConfig& config, const std::string& type) {
  const std::string kind = is_siglip(config) ? "siglip" : "clip";
  auto vision = hugging_face_tower(config.vision, kind + "_vision_model");
  vision["image_size"] = config.vision.image_size;
  vision["patch_size"] = config.vision.patch_size;
  auto text = hugging_face_tower(config.text, kind + "_text_model");
  text["vocab_size"] = config.text.vocabulary;
  text["max_position_embeddings"] = config.text.context_length;
  json object{{"architectures", {is_siglip(config) ? "SiglipModel" : "CLIPModel"}},
              {"model_type", kind},
              {"torch_dtype", type}};
  if (is_siglip(config)) {
    text["projection_size"] = config.text.embed_dim;
  } else {
    vision["projection_dim"] = text["projection_dim"] = object["projection_dim"] = config.text.embed_dim;
    text["bos_token_id"] = config.text.vocabulary - 2;  // CLIP's tokenizer has both at the end
    text["eos_token_id"] = config.text.vocabulary - 1;
  }
  object["text_config"] = text;
  object["vision_config"] = vision;
  return object.dump(2) + "\n";
}

std::string hugging_face_preprocessor(const ClipConfig& config) {
  const auto& vision = config.vision;
  const json square{{"height", vision.image_size}, {"width", vision.image_size}};
  const bool crops = vision.fit == "crop";
  json object{{"image_processor_type", is_siglip(config) ? "SiglipImageProcessor" : "CLIPImageProcessor"},
              {"do_resize", true},
              {"size", crops ? json{{"shortest_edge", vision.image_size}} : square},
              {"resample", vision.interpolation == "bilinear" ? 2 : 3},
              {"do_rescale", true},
              {"rescale_factor", 1.0 / 255.0},
              {"do_normalize", true},
              {"image_mean", vision.mean},
              {"image_std", vision.std},
              {"do_convert_rgb", true}};
  object["do_center_crop"] = crops;
  if (crops) object["crop_size"] = square;
  return object.dump(2) + "\n";
}

std::string open_clip_config(const ClipConfig& config) {
  const auto& vision = config.vision;
  const auto& text = config.text;
  json model{{"embed_dim", text.embed_dim}};
  if (vision.activation == "quick_gelu") model["quick_gelu"] = true;
  model["vision_cfg"] = {{"image_size", vision.image_size}, {"layers", vision.layers},
                         {"width", vision.width},           {"head_width", vision.width / vision.heads},
                         {"patch_size", vision.patch_size}, {"mlp_ratio", mlp_ratio(vision)}};
  model["text_cfg"] = {{"context_length", text.context_length},
                       {"vocab_size", text.vocabulary},
                       {"width", text.width},
                       {"heads", text.heads},
                       {"layers", text.layers},
                       {"mlp_ratio", mlp_ratio(text)}};
  const json pixels{{"mean", vision.mean},
                    {"std", vision.std},
                    {"interpolation", vision.interpolation},
                    {"resize_mode", vision.fit == "crop" ? "shortest" : "squash"}};
  return json{{"model_cfg", model}, {"preprocess_cfg", pixels}}.dump(2) + "\n";
}

}  // namespace tvr
