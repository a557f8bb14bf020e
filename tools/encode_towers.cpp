#include "encode_towers.h"

#include <torch/torch.h>

#include <algorithm>

#include "initial_weights.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/model/architectures.h"
#include "tvr/model/weight_families.h"

namespace tvr {
namespace {

void check_towers(const TowerRequest& request, const ClipNames& names) {
  if (request.text && !names.has_text())
    throw ConfigError("--texts: " + request.weights + " holds no text tower; leave the texts out.");
  if (request.vision && !names.has_vision())
    throw ConfigError("--weights: " + request.weights + " holds no vision tower, which --images and --videos need.");
}

// The names and shapes of a published architecture are the file's; what they do not tell is the architecture's, unless
// a configuration beside the file says it.
void apply_architecture(RecognisedWeights& recognised, const StoredWeights& weights, const std::string& name) {
  const auto published = architecture(name);
  const auto wanted = clip_parameters(published, recognised.names);
  if (clip_parameters(recognised.config, recognised.names) != wanted) {
    const auto nearest = nearest_architecture(recognised);
    throw ConfigError("--arch " + name + ": " + weights.path.string() + " has other names or shapes" +
                      (nearest.name.empty() ? "." : "; the nearest known architecture is " + nearest.name + "."));
  }
  settle_activation(recognised, weights, published.text.activation);
  if (weights.configurations.empty() && weights.metadata.count(kClipMetadata) == 0) {
    recognised.config = published;
    recognised.assumptions.clear();
  }
}

template <class Tower>
NamedTensors parameters_of(const Tower& tower, const std::string& prefix) {
  NamedTensors parameters;
  for (const auto& item : tower.named_parameters()) parameters.emplace_back(prefix + item.key(), item.value());
  return parameters;
}

void make_ready(torch::nn::Module& tower, const TowerRequest& request) {
  for (auto& parameter : tower.parameters()) parameter.requires_grad_(false);
  tower.to(request.precision);
  tower.to(request.device);
  tower.eval();
}

}  // namespace

Towers load_towers(const TowerRequest& request) {
  const torch::NoGradGuard no_grad;
  const auto weights = open_weights(request.weights);
  auto recognised = recognise_weights(weights);
  check_towers(request, recognised.names);
  if (!request.arch.empty()) apply_architecture(recognised, weights, request.arch);
  settle_activation(recognised, weights, request.activation);
  const auto problems = weight_problems(weights, recognised);
  if (!problems.empty()) throw CheckpointError(request.weights + " does not fit a tower:\n  " + join(problems, "\n  "));
  Towers towers;
  const auto nearest = nearest_architecture(recognised);
  towers.name = !request.arch.empty() ? request.arch : nearest.is_equal ? nearest.name : recognised.family;
  towers.config = recognised.config;
  NamedTensors wanted;
  if (request.size > 0) towers.config.vision.image_size = request.size;
  if (towers.config.vision.grid() < 1)
    throw ConfigError("--size " + std::to_string(request.size) + ": a patch has " +
                      std::to_string(towers.config.vision.patch_size) + " pixels; give at least that.");
  if (request.text) {
    towers.text = std::make_shared<TextTower>(towers.config.text);
    wanted = parameters_of(*towers.text, "");
  }
  if (request.vision) {
    towers.vision = std::make_shared<VisionTower>(towers.config.vision);
    for (auto& parameter : parameters_of(*towers.vision, "visual.")) wanted.push_back(parameter);
  }
  const auto report = load_fitted(weights, recognised, wanted, "--weights");
  if (towers.text) make_ready(*towers.text, request);
  if (towers.vision) make_ready(*towers.vision, request);
  for (const auto& sentence : recognised.assumptions) towers.notes.push_back("assumed: " + sentence);
  if (!report.not_finite.empty()) towers.notes.push_back("hold NaN or infinity: " + join(report.not_finite, ", "));
  return towers;
}

namespace {

// [N,3,S,S], `batch` pictures at a time, or as many fewer as have more patches than ViT-L/14's.
VisionOutput look(const Towers& towers, const torch::Tensor& pixels, const RowOptions& options) {
  constexpr int64_t kPatches = 256;
  const int64_t grid = towers.config.vision.grid();
  const int64_t batch = std::max<int64_t>(1, options.batch * kPatches / std::max(kPatches, grid * grid));
  std::vector<torch::Tensor> pooled, patches;
  for (int64_t begin = 0; begin < pixels.size(0); begin += batch) {
    const auto output = towers.vision->forward(pixels.slice(0, begin, begin + batch).to(options.device));
    pooled.push_back(output.pooled.to(torch::kCPU));
    if (options.patches) patches.push_back(output.patches.to(torch::kCPU));
  }
  return {torch::cat(pooled), options.patches ? torch::cat(patches) : torch::Tensor(), {}};
}

}  // namespace

NamedTensors text_rows(const Towers& towers, const TokenBatch& tokens, int64_t length, const RowOptions& options) {
  const std::vector<int64_t> shape{tokens.rows, tokens.length};
  const auto ids = torch::tensor(tokens.ids, torch::kLong).view(shape).slice(1, 0, length);
  const auto mask = torch::tensor(tokens.mask, torch::kByte).view(shape).slice(1, 0, length);
  const auto real = mask.to(torch::kBool).to(options.device);
  const auto output = towers.text->forward(ids.to(options.device), real);
  NamedTensors rows{{"text.pooled", output.pooled}};
  if (!options.tokens) return rows;
  rows.emplace_back("text.tokens", output.tokens.masked_fill(real.logical_not().unsqueeze(2), 0));
  rows.emplace_back("text.mask", mask);
  return rows;
}

NamedTensors image_rows(const Towers& towers, const LoadedPixels& loaded, const RowOptions& options) {
  if (loaded.pixels.size(0) == 0) return {};
  const auto output = look(towers, loaded.pixels.flatten(0, 1), options);
  NamedTensors rows{{"image.pooled", output.pooled}};
  if (options.patches) rows.emplace_back("image.patches", output.patches);
  return rows;
}

NamedTensors video_rows(const Towers& towers, const LoadedPixels& loaded, const RowOptions& options) {
  const int64_t videos = loaded.mask.size(0), frames = loaded.mask.size(1);
  if (videos == 0) return {};
  const auto output = look(towers, loaded.pixels.flatten(0, 1), options);
  const auto padded = loaded.mask.logical_not().unsqueeze(2);
  NamedTensors rows{{"video.frames", output.pooled.unflatten(0, {videos, frames}).masked_fill(padded, 0)}};
  if (options.patches)
    rows.emplace_back("video.patches",
                      output.patches.unflatten(0, {videos, frames}).masked_fill(padded.unsqueeze(3), 0));
  rows.emplace_back("video.duration", loaded.duration);
  rows.emplace_back("video.mask", loaded.mask.to(torch::kByte));
  return rows;
}

}  // namespace tvr
