#include "initial_weights.h"

#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "tvr/base/names.h"
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
  return std::any_of(file.arrays().begin(), file.arrays().end(), [](const auto& array) {
    return array.first.starts_with("video.") || array.first.starts_with("text.positional_embedding");
  });
}

// The name below its encoder, as tower_config.h has it: "text.ln_final.weight", "video.visual.proj".
std::string tower_name(const std::string& name) {
  for (const std::string prefix : {"text.", "video."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  throw ConfigError("train.init_match: '" + name + "' is no parameter of a tower, which is all that weights of other " +
                    "programs hold; name text.* and video.*.");
}

// Activations of the model's towers; where they differ from each other the file's word on both is asked for.
std::string activation_of(const Experiment& experiment) {
  const auto model = ConfigNode::parse(experiment.effective).child("model");
  std::string text, video;
  model.child("text").read("activation", text);
  model.child("video").read("activation", video);
  return text.empty() || text == video ? video : video.empty() ? text : "";
}

// Positions of the file where the model's have another number of rows: loaded beside and fitted afterwards.
struct Fitted {
  torch::Tensor stored, wanted;
  std::string name;
};

void fit(const Fitted& fitted, const VisionConfig& vision) {
  const torch::NoGradGuard no_grad;
  const int64_t rows = fitted.wanted.size(0), had = fitted.stored.size(0);
  if (fitted.name == "positional_embedding") {
    fitted.wanted.copy_(fitted.stored.slice(0, 0, rows));
    spdlog::info("train.init: the first {} of {} text positions are used", rows, had);
    return;
  }
  const int64_t patches = rows - (vision.class_token ? 1 : 0);
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  fitted.wanted.copy_(resize_positions(fitted.stored, grid, vision.class_token));
  spdlog::info("train.init: {} positions of patches are resized to {}", had, rows);
}

void load_towers(const NamedTensors& parameters, const Experiment& experiment) {
  const auto weights = open_weights(experiment.init);
  auto recognised = recognise_weights(weights);
  settle_activation(recognised, weights, activation_of(experiment));
  const auto& config = recognised.config;
  const int64_t text_rows = config.text.context_length,
                patch_rows = config.vision.grid() * config.vision.grid() + (config.vision.class_token ? 1 : 0);
  NamedTensors towers;
  std::vector<Fitted> fitted;
  for (const auto& [name, tensor] : parameters) {
    const auto own = tower_name(name);
    const bool longer = own == "positional_embedding" && tensor.size(0) < text_rows;
    const bool other_grid = own == "visual.positional_embedding" && tensor.size(0) != patch_rows;
    if (longer || other_grid) {
      fitted.push_back({torch::empty({longer ? text_rows : patch_rows, tensor.size(1)}), tensor, own});
      towers.emplace_back(own, fitted.back().stored);
    } else {
      towers.emplace_back(own, tensor);
    }
  }
  const auto report = load_clip(weights, recognised, towers);
  for (const auto& entry : fitted) fit(entry, config.vision);
  spdlog::info("train.init: {} arrays of {} ({})", report.used, experiment.init, recognised.family);
  for (const auto& sentence : recognised.assumptions) spdlog::warn("train.init: assumed: {}", sentence);
}

}  // namespace

void load_initial_weights(RetrievalModel& model, const Experiment& experiment) {
  const torch::NoGradGuard no_grad;
  const auto wanted = wanted_parameters(model, experiment);
  if (is_ours(experiment.init)) return load_tensors(weights_file(experiment.init), wanted, {"*"});
  load_towers(wanted, experiment);
}

}  // namespace tvr
