// Runs one tower of a model on prepared inputs, a pass for every line of standard input, or loads a model.
// tools/bench/tower_peers.py runs it in turns with open_clip and transformers.
#include <sys/resource.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>

#include "tvr/base/error.h"
#include "tvr/model/text_tower.h"
#include "tvr/model/vision_tower.h"
#include "tvr/model/weight_load.h"

namespace tvr {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Towers {
  std::shared_ptr<VisionTower> vision;
  std::shared_ptr<TextTower> text;
};

// The towers that `what` needs: images, captions, or both for "load".
Towers load_towers(const std::string& folder, const std::string& what, torch::ScalarType type) {
  const auto weights = open_weights(folder);
  auto recognised = recognise_weights(weights);
  settle_activation(recognised, weights, "");
  Towers towers;
  NamedTensors state;
  if (what != "captions") {
    towers.vision = std::make_shared<VisionTower>(recognised.config.vision);
    towers.vision->to(type);
    for (const auto& [name, tensor] : state_of(*towers.vision)) state.emplace_back("visual." + name, tensor);
  }
  if (what != "images") {
    towers.text = std::make_shared<TextTower>(recognised.config.text);
    towers.text->to(type);
    for (const auto& entry : state_of(*towers.text)) state.push_back(entry);
  }
  load_clip(weights, recognised, state);
  return towers;
}

// What makes the features of the prepared inputs.
std::function<torch::Tensor()> job(const Towers& towers, const std::string& inputs) {
  const SafetensorsFile file(inputs);
  if (towers.vision)
    return [tower = towers.vision, pixels = tensor_of(file.at("pixels"))] { return tower->forward(pixels).pooled; };
  const auto ids = tensor_of(file.at("ids")), lengths = tensor_of(file.at("lengths"));
  const int64_t longest = lengths.max().item<int64_t>();  // batches of tvr are as long as their longest text
  const auto mask = torch::arange(longest).unsqueeze(0) < lengths.unsqueeze(1);
  return [tower = towers.text, ids = ids.slice(1, 0, longest).contiguous(), mask] {
    return tower->forward(ids, mask).pooled;
  };
}

// Features of one image and one text follow, as what is only mapped is read then.
int load_only(const std::string& folder, const std::string& inputs) {
  torch::set_num_threads(1);
  const double start = seconds();
  const auto towers = load_towers(folder, "load", torch::kFloat);
  const double loaded = seconds();
  const SafetensorsFile file(inputs);
  const auto ids = tensor_of(file.at("ids")).slice(0, 0, 1);
  towers.vision->forward(tensor_of(file.at("pixels")).slice(0, 0, 1));
  towers.text->forward(ids, torch::ones_like(ids, torch::kBool));
  std::printf("{\"load_s\": %.4f, \"features_s\": %.4f, \"peak_mib\": %.1f}\n", loaded - start, seconds() - start,
              peak_mib());
  return 0;
}

int serve(char** arguments) {
  const std::string what = arguments[1], type = arguments[4];
  torch::set_num_threads(std::atoi(arguments[5]));
  const auto run =
      job(load_towers(arguments[2], what, type == "bfloat16" ? torch::kBFloat16 : torch::kFloat), arguments[3]);
  save_tensors(arguments[6], {{"features", run().to(torch::kFloat)}});
  std::printf("ready\n");
  for (std::string line; std::fflush(stdout), std::getline(std::cin, line);) {
    const double wall = seconds(), processor = processor_seconds();
    run();
    std::printf("%.6f %.6f\n", seconds() - wall, processor_seconds() - processor);
  }
  std::printf("%.1f\n", peak_mib());
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  const bool loads = what == "load" && count == 4, serves = (what == "images" || what == "captions") && count == 7;
  if (!loads && !serves) {
    std::fprintf(stderr,
                 "usage: tvr_tower_bench load MODEL INPUTS\n"
                 "       tvr_tower_bench images|captions MODEL INPUTS float32|bfloat16 THREADS FEATURES\n");
    return 2;
  }
  try {
    const torch::NoGradGuard no_grad;
    return loads ? tvr::load_only(arguments[2], arguments[3]) : tvr::serve(arguments);
  } catch (const tvr::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
