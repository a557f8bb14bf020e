#include "model/weight_settings.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "model/weight_index.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/config/node.h"
#include "tvr/model/architectures.h"

namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr int64_t kMaxSize = 1 << 20;
constexpr double kAnyMean = std::numeric_limits<double>::lowest(), kMinDeviation = 1e-6;

/// Fields of a JSON object of others: what is absent leaves the value alone, what has another type is an error.
class Fields {
 public:
  Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  Fields child(const char* key) const {
    static const json empty = json::object();
    if (!has(key)) return {empty, where_ + key + "."};
    if (!object_[key].is_object()) fail(key, "an object");
    return {object_[key], where_ + key + "."};
  }
  void read(const char* key, int64_t& value) const {
    if (!has(key)) return;
    if (!object_[key].is_number_unsigned() || object_[key].get<uint64_t>() - 1 >= uint64_t{kMaxSize})
      fail(key, "a whole number of 1 to 2^20");
    value = object_[key].get<int64_t>();
  }
  void read(const char* key, double& value) const {
    if (!has(key)) return;
    const double number = object_[key].is_number() ? object_[key].get<double>() : 0;
    if (!(number > 0 && number < 1)) fail(key, "a number between 0 and 1");
    value = number;
  }
  void read(const char* key, bool& value) const {
    if (!has(key)) return;
    if (!object_[key].is_boolean()) fail(key, "true or false");
    value = object_[key].get<bool>();
  }
  void read(const char* key, std::string& value) const {
    if (!has(key)) return;
    if (!object_[key].is_string()) fail(key, "a text");
    value = object_[key].get<std::string>();
  }
  void read_choice(const char* key, std::string& value, const std::vector<std::string>& choices) const {
    auto chosen = value;
    read(key, chosen);
    if (std::find(choices.begin(), choices.end(), chosen) == choices.end()) fail(key, join(choices, " or "));
    value = chosen;
  }
  // One number a channel, all of at least `least`.
  void read_channels(const char* key, std::vector<double>& value, double least) const {
    if (!has(key)) return;
    const auto fits = [&](const json& item) { return item.is_number() && item.get<double>() >= least; };
    const auto& list = object_[key];
    if (!list.is_array() || list.size() != 3 || !std::all_of(list.begin(), list.end(), fits))
      fail(key, least == kAnyMean ? "three numbers" : "three numbers of at least 0.000001");
    value = list.get<std::vector<double>>();
  }
  [[noreturn]] void fail(const char* key, const std::string& expected) const {
    throw DataError(where_ + key + ": must be " + expected + ".");
  }

 private:
  const json& object_;
  std::string where_;
};

std::string read_activation(const Fields& fields, const char* key, const std::string& usual) {
  static const std::map<std::string, std::string> kActivations{
      {"quick_gelu", "quick_gelu"}, {"gelu", "gelu"}, {"gelu_pytorch_tanh", "gelu_tanh"}, {"gelu_new", "gelu_tanh"}};
  std::string name = usual;
  fields.read(key, name);
  const auto found = kActivations.find(name);
  if (found == kActivations.end()) fields.fail(key, "quick_gelu, gelu, gelu_pytorch_tanh or gelu_new");
  return found->second;
}

// Sizes come from the shapes; the pixels may leave a margin at the end of the last patch.
void read_image_size(const Fields& fields, VisionConfig& vision) {
  int64_t size = vision.image_size;
  fields.read("image_size", size);
  if (size / vision.patch_size == vision.grid()) vision.image_size = size;
}

// What is absent from config.json has the default of transformers' own classes.
void read_hugging_face(RecognisedWeights& recognised, const Fields& fields) {
  auto& [vision, text, logit_bias] = recognised.config;
  std::string type;
  fields.read("model_type", type);
  const bool is_siglip = type.starts_with("siglip");
  const char* usual = is_siglip ? "gelu_pytorch_tanh" : "quick_gelu";
  const auto read = [&](const Fields& section, TransformerConfig& tower, int64_t heads) {
    tower.activation = read_activation(section, "hidden_act", usual);
    tower.heads = heads;
    section.read("num_attention_heads", tower.heads);
    tower.norm_eps = is_siglip ? 1e-6 : 1e-5;
    section.read("layer_norm_eps", tower.norm_eps);
  };
  const bool has_sections = fields.has("vision_config") || fields.has("text_config");
  const auto pictures = has_sections ? fields.child("vision_config") : fields;
  read(pictures, vision, 12);
  read_image_size(pictures, vision);
  read(has_sections ? fields.child("text_config") : fields, text, is_siglip ? 12 : 8);
}

void read_preprocessor(VisionConfig& vision, const Fields& fields) {
  fields.read_channels("image_mean", vision.mean, kAnyMean);
  fields.read_channels("image_std", vision.std, kMinDeviation);
  bool crops = vision.fit == "crop";
  fields.read("do_center_crop", crops);
  vision.fit = crops ? "crop" : "square";
  int64_t resample = 3;  // Pillow's numbers
  fields.read("resample", resample);
  if (resample != 2 && resample != 3) fields.fail("resample", "2 (bilinear) or 3 (bicubic)");
  vision.interpolation = resample == 2 ? "bilinear" : "bicubic";
}

// timm's towers say nothing of their activation there; those of open_clip have QuickGELU where the model says so.
void read_open_clip_model(RecognisedWeights& recognised, const Fields& model) {
  auto& [vision, text, logit_bias] = recognised.config;
  bool quick = false;
  model.read("quick_gelu", quick);
  const auto pictures = model.child("vision_cfg"), words = model.child("text_cfg");
  if (recognised.names.vision.style == NameStyle::kOpenAi) {
    int64_t head_width = 64;
    pictures.read("head_width", head_width);
    vision.heads = std::max<int64_t>(vision.width / head_width, 1);
    vision.activation = quick ? "quick_gelu" : "gelu";
    pictures.child("norm_kwargs").read("eps", vision.norm_eps);
  }
  read_image_size(pictures, vision);
  if (recognised.names.text.style != NameStyle::kOpenAi) return;
  text.heads = 8;
  words.read("heads", text.heads);
  std::string approximation = "none";
  words.child("act_kwargs").read("approximate", approximation);
  text.activation = quick ? "quick_gelu" : approximation == "tanh" ? "gelu_tanh" : "gelu";
  words.child("norm_kwargs").read("eps", text.norm_eps);
}

void read_open_clip(RecognisedWeights& recognised, const Fields& fields) {
  auto& vision = recognised.config.vision;
  read_open_clip_model(recognised, fields.child("model_cfg"));
  const auto pixels = fields.child("preprocess_cfg");
  pixels.read_channels("mean", vision.mean, kAnyMean);
  pixels.read_channels("std", vision.std, kMinDeviation);
  pixels.read_choice("interpolation", vision.interpolation, {"bicubic", "bilinear"});
  std::string fit = vision.fit == "crop" ? "shortest" : "squash";
  pixels.read_choice("resize_mode", fit, {"shortest", "squash"});
  vision.fit = fit == "squash" ? "square" : "crop";
}

// Every default is written out in the configuration of a run.
void read_run(RecognisedWeights& recognised, const fs::path& file) {
  const auto node = ConfigNode::load(file);
  auto& [vision, text, logit_bias] = recognised.config;
  const auto pictures = node.child("model").child("video"), words = node.child("model").child("text");
  const auto known = one_of({"quick_gelu", "gelu", "gelu_tanh"});
  pictures.read("activation", vision.activation, known);
  pictures.read("heads", vision.heads, within(1, 256));
  pictures.read("mean", vision.mean);
  pictures.read("std", vision.std, at_least(kMinDeviation));
  words.read("activation", text.activation, known);
  words.read("heads", text.heads, within(1, 256));
  std::string picture_arch, word_arch;
  pictures.read("arch", picture_arch);
  words.read("arch", word_arch);
  node.finish();
  // A published architecture says all that shapes do not; the settings beside it are defaults without a meaning.
  const int64_t image_size = vision.image_size, context_length = text.context_length;
  if (!picture_arch.empty()) vision = architecture(picture_arch).vision;
  if (!word_arch.empty()) text = architecture(word_arch).text;
  vision.image_size = image_size;
  text.context_length = context_length;
  if (vision.mean.size() != 3 || vision.std.size() != 3)
    throw DataError(file.string() + ": model.video: mean and std must have three numbers.");
}

bool has_style(const ClipNames& names, NameStyle style) {
  return names.vision.style == style || names.text.style == style;
}

void check_heads(const RecognisedWeights& recognised, const StoredWeights& weights) {
  const auto check = [&](const TransformerConfig& tower, const char* name) {
    if (tower.width % tower.heads != 0)
      throw DataError(weights.path.string() + ": the width of the " + name + " tower, " + std::to_string(tower.width) +
                      ", is no multiple of its " + std::to_string(tower.heads) + " heads.");
  };
  if (recognised.names.has_vision()) check(recognised.config.vision, "vision");
  if (recognised.names.has_text()) check(recognised.config.text, "text");
}

}  // namespace

void read_settings(RecognisedWeights& recognised, const StoredWeights& weights) {
  const auto& names = recognised.names;
  const auto read_from = [&](const char* name, const auto& read) {
    const auto file = weights.configurations.find(name);
    if (file == weights.configurations.end()) return false;
    const auto content = read_json_object(file->second);
    read(Fields(content, file->second.string() + ": "));
    return true;
  };
  bool told = false;
  if (weights.unwrapped == std::vector<std::string>{"video."} && weights.configurations.count("config.yaml") > 0) {
    read_run(recognised, weights.configurations.at("config.yaml"));
    told = true;
  } else if (has_style(names, NameStyle::kHuggingFace)) {
    told = read_from("config.json", [&](const Fields& fields) { read_hugging_face(recognised, fields); });
    read_from("preprocessor_config.json",
              [&](const Fields& fields) { read_preprocessor(recognised.config.vision, fields); });
  } else if (!weights.of_clip4clip() && !recognised.activation_told) {
    told = read_from("open_clip_config.json", [&](const Fields& fields) { read_open_clip(recognised, fields); });
  }
  if (!told) {
    recognised.assumptions.emplace_back(
        "attention heads of 64 channels, or what the published model of these sizes has");
  } else {
    recognised.activation_told = true;
    std::erase_if(recognised.assumptions, [](const auto& sentence) { return sentence.starts_with("activation "); });
  }
  check_heads(recognised, weights);
}

}  // namespace tvr
