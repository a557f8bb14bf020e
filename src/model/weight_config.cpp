#include <algorithm>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/names.h"
#include "tvr/model/weight_families.h"

// tvr's own form of a ClipConfig: every field, by its name.
namespace tvr {
using nlohmann::json;
namespace {

constexpr int64_t kMaxSize = 1 << 24, kMaxLayers = 1000, kMaxPatch = 4096, kMaxGrid = 4096;
constexpr double kMinDeviation = 1e-6;

template <class Config, class Visit>
void transformer_fields(Config& config, Visit&& visit) {
  visit("width", config.width);
  visit("layers", config.layers);
  visit("heads", config.heads);
  visit("mlp_width", config.mlp_width);
  visit("activation", config.activation);
  visit("norm_eps", config.norm_eps);
  visit("causal", config.causal);
  visit("norm_after", config.norm_after);
  visit("norm_sum", config.norm_sum);
  visit("gated_mlp", config.gated_mlp);
  visit("sub_norm", config.sub_norm);
  visit("attention_bias", config.attention_bias);
  visit("rotary", config.rotary);
  visit("rotary_grid", config.rotary_grid);
}
template <class Config, class Visit>
void vision_fields(Config& config, Visit&& visit) {
  transformer_fields(config, visit);
  visit("image_size", config.image_size);
  visit("patch_size", config.patch_size);
  visit("embed_dim", config.embed_dim);
  visit("class_token", config.class_token);
  visit("patch_bias", config.patch_bias);
  visit("norm_before", config.norm_before);
  visit("norm_final", config.norm_final);
  visit("pool", config.pool);
  visit("projection", config.projection);
  visit("fit", config.fit);
  visit("interpolation", config.interpolation);
  visit("mean", config.mean);
  visit("std", config.std);
}
template <class Config, class Visit>
void text_fields(Config& config, Visit&& visit) {
  transformer_fields(config, visit);
  visit("vocabulary", config.vocabulary);
  visit("context_length", config.context_length);
  visit("embed_dim", config.embed_dim);
  visit("family", config.family);
  visit("pool", config.pool);
  visit("projection", config.projection);
  visit("projection_width", config.projection_width);
  visit("tokenizer", config.tokenizer);
  visit("pad_id", config.pad_id);
}

/// Reads the fields of one object and remembers which there are.
class FieldReader {
 public:
  FieldReader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw DataError(where_ + ": must be an object.");
  }
  template <class Value>
  void operator()(const char* key, Value& value) {
    known_.emplace_back(key);
    if (!object_.contains(key)) throw DataError(where_ + ": '" + key + "' is missing.");
    read(key, object_[key], value);
  }
  void finish() const {
    for (const auto& [key, value] : object_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw DataError(where_ + ": " + unknown_name_message("key", escaped(key), known_) +
                        "; is the file of a newer tvr?");
  }

 private:
  void read(const char* key, const json& item, int64_t& value) const {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > uint64_t{kMaxSize}) fail(key, "a whole number up to 2^24");
    value = item.get<int64_t>();
  }
  void read(const char* key, const json& item, double& value) const {
    if (!item.is_number()) fail(key, "a number");
    value = item.get<double>();
  }
  void read(const char* key, const json& item, bool& value) const {
    if (!item.is_boolean()) fail(key, "true or false");
    value = item.get<bool>();
  }
  void read(const char* key, const json& item, std::string& value) const {
    if (!item.is_string()) fail(key, "a text");
    value = item.get<std::string>();
  }
  void read(const char* key, const json& item, std::vector<double>& value) const {
    const auto is_number = [](const json& element) { return element.is_number(); };
    if (!item.is_array() || item.size() != 3 || !std::all_of(item.begin(), item.end(), is_number))
      fail(key, "three numbers");
    value = item.get<std::vector<double>>();
  }
  [[noreturn]] void fail(const char* key, const char* expected) const {
    throw DataError(where_ + ": '" + key + "' must be " + expected + ".");
  }

  const json& object_;
  std::string where_;
  std::vector<std::string> known_;
};

void check_choice(const std::string& where, const char* key, const std::string& value,
                  const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) == known.end())
    throw DataError(where + ": " + key + ": " + unknown_name_message("value", escaped(value), known) + ".");
}

// "": of a tower that is not in the file.
void check_tower(const TransformerConfig& tower, const std::string& where) {
  if (!tower.activation.empty())
    check_choice(where, "activation", tower.activation, {"quick_gelu", "gelu", "gelu_tanh", "silu"});
  if (tower.width < 1 || tower.heads < 1 || tower.layers > kMaxLayers || tower.width % tower.heads != 0)
    throw DataError(where + ": width must be a multiple of heads, both at least 1, layers at most 1000.");
  if (tower.mlp_width < 1 || tower.rotary_grid < 1 || !(tower.norm_eps > 0 && tower.norm_eps < 1))
    throw DataError(where + ": mlp_width and rotary_grid must be at least 1, norm_eps between 0 and 1.");
}

void check_vision(const VisionConfig& vision, const std::string& where) {
  check_tower(vision, where);
  check_choice(where, "pool", vision.pool, {"class", "mean", "attention"});
  check_choice(where, "projection", vision.projection, {"matrix", "linear", "none"});
  check_choice(where, "fit", vision.fit, {"crop", "square"});
  check_choice(where, "interpolation", vision.interpolation, {"bicubic", "bilinear"});
  if (vision.patch_size < 1 || vision.patch_size > kMaxPatch || vision.grid() < 1 || vision.grid() > kMaxGrid)
    throw DataError(where + ": patches must have 1 to 4096 pixels a side, pictures 1 to 4096 patches.");
  if (vision.embed_dim < 1 || *std::min_element(vision.std.begin(), vision.std.end()) < kMinDeviation)
    throw DataError(where + ": embed_dim must be at least 1, std at least 0.000001.");
}

void check_text(const TextConfig& text, const std::string& where) {
  check_tower(text, where);
  check_choice(where, "family", text.family, {"clip", "siglip", "xlm_roberta"});
  check_choice(where, "pool", text.pool, {"end", "last", "mean"});
  check_choice(where, "projection", text.projection, {"matrix", "linear", "mlp"});
  check_choice(where, "tokenizer", text.tokenizer, {"clip", "siglip", "xlm_roberta"});
  if (text.vocabulary < 1 || text.context_length < 1 || text.embed_dim < 1 || text.pad_id >= text.vocabulary)
    throw DataError(where + ": vocabulary, context_length and embed_dim must be at least 1, pad_id in the vocabulary.");
}

struct FieldWriter {
  json& object;
  template <class Value>
  void operator()(const char* key, const Value& value) {
    object[key] = value;
  }
};

}  // namespace

std::string clip_config_json(const ClipConfig& config) {
  json vision = json::object(), text = json::object();
  vision_fields(config.vision, FieldWriter{vision});
  text_fields(config.text, FieldWriter{text});
  return json{{"vision", vision}, {"text", text}, {"logit_bias", config.logit_bias}}.dump();
}

ClipConfig parse_clip_config(const std::string& text, const std::string& origin) {
  const auto where = origin + ": " + kClipMetadata;
  const auto object = parse_json(text, where + ": ");
  ClipConfig config;
  for (const char* part : {"vision", "text", "logit_bias"})
    if (!object.contains(part)) throw DataError(where + ": '" + part + "' is missing.");
  FieldReader vision(object["vision"], where + ".vision"), words(object["text"], where + ".text");
  vision_fields(config.vision, vision);
  vision.finish();
  text_fields(config.text, words);
  words.finish();
  if (!object["logit_bias"].is_boolean()) throw DataError(where + ": 'logit_bias' must be true or false.");
  config.logit_bias = object["logit_bias"].get<bool>();
  check_vision(config.vision, where + ".vision");
  check_text(config.text, where + ".text");
  return config;
}

}  // namespace tvr
