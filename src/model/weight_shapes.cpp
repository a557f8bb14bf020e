#include <algorithm>
#include <cmath>
#include <tuple>

#include "tvr/model/architectures.h"
#include "tvr/model/weight_families.h"

namespace tvr {
namespace {

/// Collects names and shapes below a prefix.
class Shapes {
 public:
  Shapes(std::vector<NamedShape>& shapes, std::string prefix) : shapes_(shapes), prefix_(std::move(prefix)) {}
  Shapes below(const std::string& name) const { return {shapes_, prefix_ + name + "."}; }
  void add(const std::string& name, std::vector<int64_t> shape) { shapes_.emplace_back(prefix_ + name, shape); }
  void norm(const std::string& name, int64_t width) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }
  void linear(const std::string& name, int64_t outputs, int64_t inputs) {
    add(name + ".weight", {outputs, inputs});
    add(name + ".bias", {outputs});
  }
  void attention(int64_t width, bool has_bias, bool has_norm) {
    add("attn.in_proj_weight", {3 * width, width});
    if (has_bias) add("attn.in_proj_bias", {3 * width});
    if (has_norm) norm("attn.ln", width);
    linear("attn.out_proj", width, width);
  }

 private:
  std::vector<NamedShape>& shapes_;
  std::string prefix_;
};

void add_blocks(Shapes shapes, const TransformerConfig& config) {
  for (int64_t i = 0; i < config.layers; ++i) {
    auto block = shapes.below("transformer.resblocks." + std::to_string(i));
    block.norm("ln_1", config.width);
    block.attention(config.width, config.attention_bias, config.sub_norm);
    block.norm("ln_2", config.width);
    if (config.gated_mlp) block.linear("mlp.c_gate", config.mlp_width, config.width);
    block.linear("mlp.c_fc", config.mlp_width, config.width);
    if (config.sub_norm) block.norm("mlp.ln", config.mlp_width);
    block.linear("mlp.c_proj", config.width, config.mlp_width);
  }
}

void add_pool(Shapes pool, const VisionConfig& config) {
  pool.add("probe", {1, 1, config.width});
  pool.attention(config.width, true, false);
  pool.norm("ln", config.width);
  pool.linear("mlp.c_fc", config.mlp_width, config.width);
  pool.linear("mlp.c_proj", config.width, config.mlp_width);
}

}  // namespace

std::vector<NamedShape> vision_parameters(const VisionConfig& config) {
  std::vector<NamedShape> parameters;
  Shapes visual(parameters, "visual.");
  visual.add("conv1.weight", {config.width, 3, config.patch_size, config.patch_size});
  if (config.patch_bias) visual.add("conv1.bias", {config.width});
  if (config.class_token) visual.add("class_embedding", {config.width});
  visual.add("positional_embedding", {config.grid() * config.grid() + (config.class_token ? 1 : 0), config.width});
  if (config.norm_before) visual.norm("ln_pre", config.width);
  add_blocks(visual, config);
  if (config.norm_final) visual.norm("ln_post", config.width);
  if (config.pool == "attention") add_pool(visual.below("pool"), config);
  if (config.projection != "none") visual.add("proj", {config.width, config.embed_dim});
  if (config.projection == "linear") visual.add("proj_bias", {config.embed_dim});
  return parameters;
}

std::vector<NamedShape> text_parameters(const TextConfig& config) {
  std::vector<NamedShape> parameters;
  Shapes text(parameters, "");
  const bool is_roberta = config.family == "xlm_roberta";
  text.add("token_embedding.weight", {config.vocabulary, config.width});
  if (is_roberta) text.add("token_type_embedding", {1, config.width});
  text.add("positional_embedding", {config.context_length, config.width});
  if (is_roberta) text.norm("ln_embedding", config.width);
  add_blocks(text, config);
  if (!is_roberta) text.norm("ln_final", config.width);
  if (config.projection == "mlp") {
    text.add("proj.0.weight", {config.projection_width, config.width});
    text.add("proj.2.weight", {config.embed_dim, config.projection_width});
  } else {
    text.add("text_projection", {config.width, config.embed_dim});
  }
  if (config.projection == "linear") text.add("text_projection_bias", {config.embed_dim});
  return parameters;
}

std::vector<NamedShape> clip_parameters(const ClipConfig& config, const ClipNames& names) {
  std::vector<NamedShape> parameters;
  if (names.has_vision()) parameters = vision_parameters(config.vision);
  if (names.has_text()) {
    const auto text = text_parameters(config.text);
    parameters.insert(parameters.end(), text.begin(), text.end());
  }
  if (names.has_vision() && names.has_text()) {
    parameters.push_back({"logit_scale", {}});
    if (config.logit_bias) parameters.push_back({"logit_bias", {}});
  }
  return parameters;
}

int64_t parameter_count(const std::vector<NamedShape>& parameters) {
  int64_t count = 0;
  for (const auto& [name, shape] : parameters) {
    int64_t product = 1;
    for (const int64_t extent : shape) product *= extent;
    count += product;
  }
  return count;
}

NearestArchitecture nearest_architecture(const RecognisedWeights& recognised) {
  const auto ours = clip_parameters(recognised.config, recognised.names);
  const auto count = static_cast<double>(parameter_count(ours));
  // Models of the same shapes can differ in their activation.
  const auto difference = [&](const ClipConfig& config) {
    const auto theirs = clip_parameters(config, recognised.names);
    const bool same_activation = recognised.names.has_vision()
                                     ? config.vision.activation == recognised.config.vision.activation
                                     : config.text.activation == recognised.config.text.activation;
    return std::tuple(theirs != ours, std::abs(std::log(static_cast<double>(parameter_count(theirs)) / count)),
                      !same_activation);
  };
  const auto names = architecture_names();
  std::vector<std::tuple<bool, double, bool>> differences;
  for (const auto& name : names) differences.push_back(difference(architecture(name)));
  const auto smallest = std::min_element(differences.begin(), differences.end());
  if (std::get<1>(*smallest) > std::log(2.0)) return {};
  return {names[static_cast<size_t>(smallest - differences.begin())], !std::get<0>(*smallest)};
}

}  // namespace tvr
