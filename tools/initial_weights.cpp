#include "initial_weights.h"

#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/model/architectures.h"
#include "tvr/model/vision_tower.h"
#include "tvr/model/weight_families.h"
#include "tvr/model/weight_file.h"
#include "tvr/model/weight_load.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

NamedTensors wanted_parameters(const RetrievalModel& model, const Experiment& experiment) {
  NamedTensors wanted;
  for (const auto& [name, tensor] : state_of(model))
    for (const auto& pattern : experiment.init_match)
      if (matches_pattern(name, pattern)) wanted.emplace_back(name, tensor);
  if (wanted.empty())
    throw ConfigError("train.init_match: no parameter of the model matches; `tvr describe` lists their names.");
  return wanted;
}

// A run, or a file with a model's own names.
bool is_ours(const fs::path& init) {
  if (fs::is_directory(init)) return fs::exists(init / "config.yaml");
  if (init.extension() != ".safetensors") return false;
  const SafetensorsFile file(init);
  const auto has = [&](const char* prefix) {
    return std::any_of(file.arrays().begin(), file.arrays().end(),
                       [&](const auto& array) { return array.first.starts_with(prefix); });
  };
  // open_clip's names of EVA-CLIP and SigLIP begin with "text." too.
  return has("video.") || (has("text.positional_embedding") && !has("visual."));
}

// The name below its encoder, as tower_config.h has it: "text.ln_final.weight", "video.visual.proj".
std::string tower_name(const std::string& name) {
  for (const std::string prefix : {"text.", "video."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  throw ConfigError("train.init_match: '" + name + "' is no parameter of a tower, which is all that weights of other " +
                    "programs hold; name text.* and video.*.");
}

// Activation of the model's towers; where they differ from each other the file's word on both is asked for.
std::string activation_of(const Experiment& experiment) {
  const auto model = ConfigNode::parse(experiment.effective).child("model");
  std::string text, video, text_arch, video_arch;
  model.child("text").read("activation", text);
  model.child("video").read("activation", video);
  model.child("text").read("arch", text_arch);
  model.child("video").read("arch", video_arch);
  if (!text_arch.empty()) text = architecture(text_arch).text.activation;
  if (!video_arch.empty()) video = architecture(video_arch).vision.activation;
  if (video == "silu") video = text;  // EVA02's gated MLPs have no other
  return text.empty() || text == video ? video : video.empty() ? text : "";
}

// Positions of the file where the model's have another number of rows: loaded beside and fitted afterwards.
struct Fitted {
  torch::Tensor stored, wanted;
  std::string name;
};

void fit(const Fitted& fitted, const VisionConfig& vision, const std::string& who) {
  const torch::NoGradGuard no_grad;
  const int64_t rows = fitted.wanted.size(0), had = fitted.stored.size(0);
  if (fitted.name == "positional_embedding") {
    fitted.wanted.copy_(fitted.stored.slice(0, 0, rows));
    spdlog::info("{}: the first {} of {} text positions are used", who, rows, had);
    return;
  }
  const int64_t patches = rows - (vision.class_token ? 1 : 0);
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  fitted.wanted.copy_(resize_positions(fitted.stored, grid, vision.class_token));
  spdlog::info("{}: {} positions of patches are resized to {}", who, had, rows);
}

void load_foreign(const NamedTensors& parameters, const Experiment& experiment, const std::string& path,
                  const std::string& who) {
  const auto weights = open_weights(path);
  auto recognised = recognise_weights(weights);
  settle_activation(recognised, weights, activation_of(experiment));
  NamedTensors towers;
  for (const auto& [name, tensor] : parameters) towers.emplace_back(tower_name(name), tensor);
  const auto report = load_fitted(weights, recognised, towers, who);
  spdlog::info("{}: {} arrays of {} ({})", who, report.used, path, recognised.family);
  for (const auto& sentence : recognised.assumptions) spdlog::warn("{}: assumed: {}", who, sentence);
}

}  // namespace

LoadReport load_fitted(const StoredWeights& weights, const RecognisedWeights& recognised, const NamedTensors& towers,
                       const std::string& who) {
  const auto& config = recognised.config;
  const int64_t text_rows = config.text.context_length,
                patch_rows = config.vision.grid() * config.vision.grid() + (config.vision.class_token ? 1 : 0);
  NamedTensors asked;
  std::vector<Fitted> fitted;
  for (const auto& [name, tensor] : towers) {
    const bool longer = name == "positional_embedding" && tensor.size(0) < text_rows;
    const bool other_grid = name == "visual.positional_embedding" && tensor.size(0) != patch_rows;
    if (longer || other_grid) {
      fitted.push_back({torch::empty({longer ? text_rows : patch_rows, tensor.size(1)}), tensor, name});
      asked.emplace_back(name, fitted.back().stored);
    } else {
      asked.emplace_back(name, tensor);
    }
  }
  auto report = load_clip(weights, recognised, asked);
  for (const auto& entry : fitted) fit(entry, config.vision, who);
  return report;
}

void load_initial_weights(RetrievalModel& model, const Experiment& experiment) {
  const torch::NoGradGuard no_grad;
  const auto wanted = wanted_parameters(model, experiment);
  if (is_ours(experiment.init))
    load_tensors(weights_file(experiment.init), wanted, {"*"});
  else
    load_foreign(wanted, experiment, experiment.init, "train.init");
  if (std::none_of(wanted.begin(), wanted.end(), [](const auto& item) { return item.first.starts_with("head."); }))
    model.head().start_from(model.text());
}

void load_evaluated_weights(RetrievalModel& model, const Experiment& experiment, const fs::path& path) {
  if (is_ours(path)) return load_weights(model, path);
  const torch::NoGradGuard no_grad;
  NamedTensors towers;
  std::vector<std::string> others;
  for (const auto& item : model.named_parameters()) {
    const auto& name = item.key();
    const bool is_tower = name.starts_with("text.") || name.starts_with("video.");
    if (is_tower) towers.emplace_back(name, item.value());
    if (!is_tower && name.starts_with("head.")) others.push_back(name);
  }
  load_foreign(towers, experiment, path, "--weights");
  if (!others.empty())
    spdlog::warn("--weights: {} has no parameters of the head; {} of them stay as they start: {}", path.string(),
                 others.size(), join(others, ", "));
}

fs::path evaluated_file(const fs::path& path) {
  return is_ours(path) ? weights_file(path) : path;
}

std::string weights_sha256(const fs::path& path) {
  if (fs::is_regular_file(path) && path.extension() != ".json") return sha256_file(path);
  const auto files = open_weights(path).files;
  if (files.size() == 1) return sha256_file(files[0]);
  std::string sums;
  for (const auto& file : files) sums += sha256_file(file) + "  " + file.filename().string() + "\n";
  return sha256(sums);
}

}  // namespace tvr
